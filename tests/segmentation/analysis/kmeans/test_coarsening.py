import numpy as np
import pytest

from segmentation.analysis.kmeans.coarsening import choose_sample, coarsen
from segmentation.analysis.kmeans.hashing import hash_rows


def test_cells_keep_weight_and_sum():
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(5000, 3)), rng.integers(1, 5, 5000).astype(float)
    cells = coarsen(points, weights, 300)
    assert 100 < len(cells.points) <= 300
    assert cells.weights.sum() == pytest.approx(weights.sum())
    np.testing.assert_allclose(cells.weights @ cells.points, weights @ points)


def test_few_points_are_left_unchanged():
    points = np.arange(10.0)[:, None]
    assert coarsen(points, np.ones(10), 10).points is points


def test_equal_points_make_one_cell():
    assert len(coarsen(np.ones((50, 2)), np.ones(50), 10).points) == 1


def test_sample_is_the_same_whatever_the_order_of_rows():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4000, 2))
    one = choose_sample(points, np.ones(4000), 500, 3).points
    other = choose_sample(points[rng.permutation(4000)], np.ones(4000), 500, 3).points
    np.testing.assert_array_equal(one, other)
    assert 400 < len(one) < 600


def test_another_seed_chooses_another_sample():
    points = np.random.default_rng(0).normal(size=(4000, 2))
    assert not np.array_equal(hash_rows(points, 1), hash_rows(points, 2))


def test_hashes_distinguish_rows_but_not_the_two_zeros():
    hashes = hash_rows(np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]]))
    assert hashes[0] == hashes[1] != hashes[2]
