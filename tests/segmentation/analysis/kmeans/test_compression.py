import numpy as np
import pytest

from segmentation.analysis.kmeans.lloyd import pass_over_cells, pass_over_points


def test_equal_rows_become_one_point(rectangle, prepare):
    samples = prepare(np.vstack((rectangle, rectangle[:1]))).samples
    assert (samples.n_points, samples.exact) == (4, True)
    assert sorted(samples.weights) == [1, 1, 1, 2]
    np.testing.assert_array_equal(samples.points[samples.inverse], samples.X)


@pytest.mark.parametrize("step", [1.0, 0.1, 0.01, 0.25])
def test_values_in_whole_steps_collapse_exactly(prepare, step):
    rng = np.random.default_rng(0)
    samples = prepare(rng.integers(-20, 20, (30_000, 2)) * step).samples
    assert (samples.n_points, samples.exact) == (1600, True)
    assert samples.weights.sum() == 30_000
    np.testing.assert_array_equal(samples.points[samples.inverse], samples.X)


def test_repeated_continuous_rows_collapse_exactly(prepare):
    rng = np.random.default_rng(0)
    samples = prepare(rng.normal(size=(500, 3))[rng.integers(0, 500, 40_000)]).samples
    assert (samples.n_points, samples.exact) == (500, True)
    np.testing.assert_array_equal(samples.points[samples.inverse], samples.X)


def test_continuous_samples_in_the_plane_become_cells_that_keep_sum_and_scatter(prepare):
    samples = prepare(np.random.default_rng(0).normal(size=(50_000, 2))).samples
    assert not samples.exact
    assert samples.n_points < 25_000
    np.testing.assert_allclose(samples.weights @ samples.points, samples.X.sum(axis=0), atol=1e-8)
    total = samples.scatter.sum() + samples.weights @ (samples.points**2).sum(axis=1)
    assert total == pytest.approx((samples.X**2).sum())


def test_heavy_tails_leave_many_cells(prepare):
    samples = prepare(np.exp(3 * np.random.default_rng(0).normal(size=(50_000, 2)))).samples
    assert samples.n_points > 1_000
    assert samples.scatter.sum() < 1e-3 * (samples.X**2).sum()


def test_more_than_two_continuous_features_are_left_unchanged(prepare):
    samples = prepare(np.random.default_rng(0).normal(size=(30_000, 3))).samples
    assert samples.points is samples.X
    assert samples.inverse is None


def test_a_pass_over_cells_equals_a_pass_over_all_samples(prepare):
    rng = np.random.default_rng(3)
    samples = prepare(rng.normal(size=(60_000, 2))).samples
    centroids = rng.normal(size=(7, 2))
    by_cells = pass_over_cells(samples, centroids)
    (by_points,) = pass_over_points(samples.X, np.ones(60_000), [centroids])
    assert by_cells.inertia == pytest.approx(by_points.inertia, rel=1e-12)
    np.testing.assert_allclose(by_cells.means, by_points.means, rtol=1e-9, atol=1e-12)
    assert by_cells.gain == pytest.approx(by_points.gain, rel=1e-6)
