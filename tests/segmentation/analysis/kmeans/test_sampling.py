import numpy as np
import pytest

from segmentation.analysis.kmeans.sampling import choose_by_inertia


def heavy_tailed(n_points=100_000, n_features=3):
    return np.exp(1.5 * np.random.default_rng(0).normal(size=(n_points, n_features))) - 1.0


def test_weights_stand_for_all_points():
    points = heavy_tailed()
    sample = choose_by_inertia(points, np.ones(len(points)), 5_000, 0)
    assert 3_000 < len(sample.points) <= 5_050
    assert sample.weights.sum() == pytest.approx(len(points), rel=0.01)
    squares = (sample.points**2).sum(axis=1)
    assert sample.weights @ squares == pytest.approx((points**2).sum(), rel=0.01)


def test_the_farthest_points_are_all_in_the_sample():
    points = heavy_tailed()
    sample = choose_by_inertia(points, np.ones(len(points)), 5_000, 0)
    far = np.argsort((points**2).sum(axis=1))[-300:]
    kept = {tuple(point): weight for point, weight in zip(sample.points, sample.weights, strict=True)}
    assert [kept[tuple(point)] for point in points[far]] == [1.0] * 300


@pytest.mark.parametrize("n", [200, 5_000])
def test_the_order_of_points_decides_nothing(n):
    points = heavy_tailed()
    weights = np.random.default_rng(1).integers(1, 5, len(points)).astype(float)
    order = np.random.default_rng(2).permutation(len(points))
    one, other = (
        choose_by_inertia(points, weights, n, 0),
        choose_by_inertia(points[order], weights[order], n, 0),
    )
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.weights, other.weights)


def test_another_seed_chooses_another_sample():
    points = heavy_tailed(20_000)
    one, other = (choose_by_inertia(points, np.ones(20_000), 500, seed) for seed in (0, 1))
    assert not np.array_equal(one.points, other.points)


def test_few_points_are_all_taken():
    points = heavy_tailed(50)
    sample = choose_by_inertia(points, np.arange(1.0, 51.0), 50, 0)
    assert sorted(sample.weights) == list(range(1, 51))


@pytest.mark.parametrize("far", [1e15, 1e100, 1e140])
def test_one_value_beyond_all_measure_leaves_the_crowd_its_share(far):
    points = np.vstack((np.random.default_rng(0).normal(size=(20_000, 3)), [[far, 0.0, 0.0]]))
    sample = choose_by_inertia(points, np.ones(len(points)), 2_000, 0)
    assert sample.points[:, 0].max() == far
    assert sample.weights.sum() == pytest.approx(20_001, rel=0.05)


def test_a_region_has_its_share_of_the_sample():
    points = np.random.default_rng(0).normal(size=(200_000, 2))
    sample = choose_by_inertia(points, np.ones(len(points)), 10_000, 0)
    errors = []
    for angle in np.linspace(0, np.pi, 40, endpoint=False):
        side = [np.cos(angle), np.sin(angle)]
        errors.append(sample.weights @ (sample.points @ side > 0.3) / (points @ side > 0.3).sum() - 1)
    # Drawn point by point the shares would be off by 1.3 %.
    assert np.std(errors) < 0.006
