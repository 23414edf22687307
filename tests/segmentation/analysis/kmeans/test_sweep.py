import numpy as np
import pytest

from segmentation.analysis.errors import InvalidSettingError, TooFewCustomersError
from segmentation.analysis.kmeans.sweep import sweep_k


def test_rectangle_has_the_inertias_worked_out_by_hand(rectangle, prepare):
    sweep = sweep_k(prepare(rectangle).samples)
    assert sweep.ks == (1, 2, 3, 4)
    np.testing.assert_allclose(sweep.inertias, [104, 4, 2, 0], atol=1e-12)


def test_sweep_is_capped_at_the_number_of_distinct_rows(rectangle, prepare):
    sweep = sweep_k(prepare(np.vstack((rectangle, rectangle))).samples, k_max=10)
    assert (sweep.ks[-1], sweep.n_distinct_capped) == (4, 4)


def test_both_ends_of_the_range_are_included(mall_like, prepare):
    sweep = sweep_k(prepare(mall_like).samples, k_min=3, k_max=5)
    assert sweep.ks == (3, 4, 5)
    assert sweep.n_distinct_capped is None


def test_a_single_k_is_as_good_as_within_a_range(mall_like, prepare):
    samples = prepare(mall_like).samples
    alone = sweep_k(samples, k_min=5, k_max=5).inertias[0]
    assert alone == pytest.approx(sweep_k(samples).inertias[4], rel=1e-6)


@pytest.mark.parametrize(("k_min", "k_max"), [(0, 3), (4, 3)])
def test_an_empty_range_is_refused(rectangle, prepare, k_min, k_max):
    with pytest.raises(InvalidSettingError, match=f"{k_min} to {k_max}"):
        sweep_k(prepare(rectangle).samples, k_min=k_min, k_max=k_max)


def test_fewer_distinct_customers_than_k_are_refused(rectangle, prepare):
    with pytest.raises(TooFewCustomersError, match="there are 4"):
        sweep_k(prepare(rectangle).samples, k_min=5, k_max=6)


def test_same_random_state_gives_the_same_sweep(mall_like, prepare):
    samples = prepare(mall_like).samples
    assert sweep_k(samples, random_state=3) == sweep_k(samples, random_state=3)


def test_progress_is_reported_for_every_k(mall_like, prepare):
    reported: list[int] = []
    sweep = sweep_k(prepare(mall_like).samples, k_max=4, report=reported.append)
    assert reported == list(sweep.ks)


def test_an_exception_in_the_report_callback_ends_the_sweep(mall_like, prepare):
    class Cancelled(Exception):
        pass

    def cancel(k: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        sweep_k(prepare(mall_like).samples, report=cancel)


def test_small_data_reach_the_same_optima_from_every_random_state(mall_like, prepare):
    samples = prepare(mall_like).samples
    inertias = np.array([sweep_k(samples, k_max=7, random_state=state).inertias for state in range(8)])
    np.testing.assert_allclose(inertias, np.broadcast_to(inertias.min(axis=0), inertias.shape), rtol=1e-4)


@pytest.mark.parametrize("n_features", [1, 2, 3, 5])
def test_continuous_samples_are_never_much_worse_than_scikit_learn(prepare, n_features):
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(n_features)
    centers = rng.uniform(-5, 5, (6, n_features))
    values = rng.normal(centers[rng.integers(0, 6, 50_000)], 1.0)
    prepared = prepare(values)
    sweep = sweep_k(prepared.samples, k_max=6)
    peers = [KMeans(k, n_init=3, random_state=0).fit(prepared.features.X).inertia_ for k in sweep.ks]
    assert max(np.array(sweep.inertias) / peers) < 1.002


@pytest.mark.parametrize("n_features", [2, 4])
def test_inertias_are_those_of_all_samples_at_the_centroids(prepare, n_features):
    rng = np.random.default_rng(0)
    prepared = prepare(rng.normal(size=(30_000, n_features)))
    sweep = sweep_k(prepared.samples, k_max=4)
    for k, inertia in zip(sweep.ks, sweep.inertias, strict=True):
        differences = prepared.features.X[:, None] - sweep.centroids_of(k)
        assert inertia == pytest.approx((differences**2).sum(axis=2).min(axis=1).sum(), rel=1e-10)


@pytest.mark.parametrize("kind", ["small", "whole numbers", "plane", "space"])
def test_order_of_rows_changes_nothing(prepare, kind):
    rng = np.random.default_rng(5)
    n_samples = 150 if kind == "small" else 30_000
    values = rng.normal(rng.integers(0, 4, (n_samples, 1)) * 3, 1.0, (n_samples, 4 if kind == "space" else 2))
    values = np.round(values, 1) if kind == "whole numbers" else values
    shuffled = sweep_k(prepare(values[rng.permutation(n_samples)]).samples, k_max=6)
    np.testing.assert_allclose(
        shuffled.inertias, sweep_k(prepare(values).samples, k_max=6).inertias, rtol=1e-9
    )


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_values_far_from_zero_are_swept_like_those_around_it(prepare, offset):
    values = np.round(np.random.default_rng(1).normal(0, 1, (25_000, 2)), 2) + offset
    inertias = sweep_k(prepare(values).samples, k_max=5).inertias
    expected = sweep_k(prepare(np.round(values - offset, 2)).samples, k_max=5).inertias
    np.testing.assert_allclose(inertias, expected, rtol=1e-3)


def test_heavy_tails_do_not_distort_the_main_clusters(prepare):
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(2)
    prepared = prepare(np.exp(2.5 * rng.normal(size=(40_000, 2))))
    sweep = sweep_k(prepared.samples, k_max=6)
    peers = [KMeans(k, n_init=10, random_state=0).fit(prepared.features.X).inertia_ for k in sweep.ks]
    assert max(np.array(sweep.inertias) / peers) < 1.002


def test_number_of_threads_changes_nothing(prepare):
    from threadpoolctl import threadpool_limits

    samples = prepare(np.random.default_rng(0).normal(size=(25_000, 3))).samples
    sweeps = []
    for n_threads in (1, 2):
        with threadpool_limits(limits=n_threads):
            sweeps.append(sweep_k(samples, k_max=4))
    assert sweeps[0] == sweeps[1]


@pytest.mark.parametrize("random_state", [0, 1])
def test_single_customers_far_away_have_clusters_of_their_own(prepare, random_state):
    rng = np.random.default_rng(0)
    centers = np.repeat([[0.0] * 3, [900.0, 0, 0], [0, 900.0, 0], [0, 0, 900.0]], [99_997, 1, 1, 1], axis=0)
    prepared = prepare(rng.normal(centers, 1.0), "standard")
    sweep = sweep_k(prepared.samples, k_max=4, random_state=random_state)
    assert sweep.inertias[3] == pytest.approx(3 * 100_000 / prepared.features.scale[0] ** 2, rel=0.02)
