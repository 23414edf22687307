import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn import metrics
from sklearn.cluster import KMeans

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.kmeans.sweep import sweep_k
from segmentation.analysis.scores.silhouette import mean_silhouettes
from segmentation.analysis.scores.sweep_scores import score_sweep

# Shrinking numerical failures takes minutes and explains little.
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
CORNERS = [(-10, 3), (10, -4), (0, 10), (3, -10)]


def with_corners(rows):
    return np.array([*rows, *CORNERS], dtype=np.float64)


def in_groups(seed, n_samples, n_features, decimals):
    """Up to four groups; if values are rounded, some customers are identical."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-6, 6, (4, n_features))
    values = rng.normal(centers[rng.integers(0, 4, n_samples)], rng.uniform(0.3, 2.0))
    return np.vstack((values, values[rng.integers(0, n_samples, n_samples // 2)])).round(decimals)


WHOLE_NUMBERS = st.builds(
    with_corners, st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=8, max_size=60)
)
GROUPS = st.builds(
    in_groups, st.integers(0, 10**6), st.integers(20, 150), st.integers(1, 8), st.sampled_from([1, 2, 12])
)
VALUES = st.one_of(WHOLE_NUMBERS, GROUPS)


def prepared(values, scaling="standard"):
    return prepare_features(values, [str(column) for column in range(values.shape[1])], scaling=scaling)


@settings(max_examples=50, deadline=None, phases=WITHOUT_SHRINKING)
@given(values=VALUES, scaling=st.sampled_from(["none", "standard", "min-max", "robust"]))
def test_scores_equal_those_of_scikit_learn_on_repeated_rows(values, scaling):
    features = prepared(values, scaling)
    samples = compress(features)
    sweep = sweep_k(samples, k_max=5)
    scores = score_sweep(samples, sweep, n_bootstraps=2)
    for row in scores.rows[1:]:
        labels = assign(features.X, sweep.centroids_of(row.k))
        # scikit-learn's own distances are 1e-8 instead of 0 between equal rows: give it exact ones.
        distances = cdist(features.X, features.X)
        silhouette = metrics.silhouette_score(distances, labels, metric="precomputed")
        assert row.silhouette == pytest.approx(silhouette, rel=1e-9)
        expected = metrics.calinski_harabasz_score(features.X, labels)
        assert row.calinski_harabasz == pytest.approx(expected, rel=1e-9)
        if nobody_stands_on_a_mean(features.X, labels):
            davies_bouldin = metrics.davies_bouldin_score(features.X, labels)
            assert row.davies_bouldin == pytest.approx(davies_bouldin, rel=1e-9)


def nobody_stands_on_a_mean(X, labels):
    means = np.array([X[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    return cdist(X, means).min() > 1e-6


@pytest.mark.parametrize("n_features", [2, 3])
@pytest.mark.parametrize("decimals", [1, 12])
def test_scores_of_many_customers_equal_those_of_scikit_learn(n_features, decimals):
    features = prepared(in_groups(n_features, 20_000, n_features, decimals))
    samples = compress(features)
    sweep = sweep_k(samples, k_max=4)
    row = score_sweep(samples, sweep, n_bootstraps=2).of(4)
    labels = assign(features.X, sweep.centroids_of(4))
    expected = metrics.calinski_harabasz_score(features.X, labels)
    assert row.calinski_harabasz == pytest.approx(expected, rel=1e-9)
    assert row.davies_bouldin == pytest.approx(metrics.davies_bouldin_score(features.X, labels), rel=1e-9)
    assert row.sizes == tuple(np.bincount(labels))


@settings(max_examples=50, deadline=None, phases=WITHOUT_SHRINKING)
@given(values=VALUES, scaling=st.sampled_from(["none", "standard", "min-max", "robust"]))
def test_inertia_and_labels_equal_those_of_scikit_learn_at_the_same_centroids(values, scaling):
    features = prepared(values, scaling)
    samples = compress(features)
    sweep = sweep_k(samples, k_max=4)
    for k, inertia in zip(sweep.ks, sweep.inertias, strict=True):
        centroids = sweep.centroids_of(k)
        peer = KMeans(k, init=centroids, n_init=1, max_iter=1).fit(features.X)
        assert inertia == pytest.approx(peer.inertia_, rel=1e-9)
        squares = np.sort(((features.X[:, None] - centroids) ** 2).sum(axis=2), axis=1)
        clear = squares[:, 1] - squares[:, 0] > 1e-9 if k > 1 else np.ones(len(squares), dtype=bool)
        labels = assign(features.X, centroids)
        np.testing.assert_array_equal(labels[clear], peer.labels_[clear])


def test_silhouette_of_two_pairs_worked_out_by_hand():
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    (silhouette,) = mean_silhouettes(points, np.ones(4), [np.array([0, 0, 1, 1])])
    assert silhouette is not None
    assert silhouette.mean == pytest.approx((2 * (1 - 1 / 10.5) + 2 * (1 - 1 / 9.5)) / 4)


def test_silhouette_of_a_cluster_of_one_is_zero():
    points = np.array([[0.0], [1.0], [10.0]])
    (silhouette,) = mean_silhouettes(points, np.ones(3), [np.array([0, 0, 1])])
    assert silhouette is not None
    assert silhouette.mean == pytest.approx((1 - 1 / 10 + 1 - 1 / 9 + 0) / 3)


@pytest.mark.parametrize("far", [1.0, 1e15, 1e100])
def test_silhouette_of_many_customers_equals_that_of_scikit_learn(far):
    rng = np.random.default_rng(0)
    points = np.vstack((rng.normal(3 * rng.integers(0, 3, (2_600, 1)), 1.0, (2_600, 2)), [[far, far]]))
    labels = np.append(rng.integers(0, 3, 2_600), 3 if far > 1 else 0)
    (silhouette,) = mean_silhouettes(points, np.ones(len(points)), [labels])
    expected = metrics.silhouette_score(cdist(points, points), labels, metric="precomputed")
    assert silhouette is not None
    assert silhouette.mean == pytest.approx(expected, abs=1e-8)


def test_one_cluster_has_no_scores(rectangle, prepare):
    samples = prepare(rectangle).samples
    row = score_sweep(samples, sweep_k(samples)).of(1)
    assert (row.silhouette, row.davies_bouldin, row.calinski_harabasz, row.stability) == (None,) * 4
    assert row.sizes == (4,)


def test_as_many_clusters_as_customers_have_no_scores(rectangle, prepare):
    samples = prepare(rectangle).samples
    row = score_sweep(samples, sweep_k(samples)).of(4)
    assert (row.silhouette, row.davies_bouldin, row.calinski_harabasz) == (None, None, None)


def test_sampled_silhouette_is_labelled_and_within_its_error(prepare):
    rng = np.random.default_rng(0)
    values = rng.normal(4 * rng.integers(0, 3, (21_000, 1)), 1.0, (21_000, 2))
    samples = prepare(values).samples
    row = score_sweep(samples, sweep_k(samples, k_max=3)).of(3)
    assert not row.silhouette_exact
    assert 4_500 < row.silhouette_sample < 5_500
    labels = assign(samples.X, sweep_k(samples, k_max=3).centroids_of(3))
    full = metrics.silhouette_score(samples.X, labels, sample_size=8_000, random_state=0)
    assert abs(row.silhouette - full) < 4 * row.silhouette_error < 0.05


@pytest.mark.parametrize(("n_samples", "expected"), [(12_000, 12_000), (12_100, 11_900), (20_000, 5_000)])
def test_silhouette_goes_over_from_all_customers_to_a_sample(prepare, n_samples, expected):
    samples = prepare(np.random.default_rng(0).normal(size=(n_samples, 2))).samples
    row = score_sweep(samples, sweep_k(samples, k_max=2), n_bootstraps=2).of(2)
    assert row.silhouette_sample == pytest.approx(expected, abs=200)
    assert row.silhouette_exact is (n_samples == expected)
    assert 0 <= row.silhouette_error < (0.0005 if n_samples < 13_000 else 0.01)


def test_exact_silhouette_counts_every_customer(mall_like, prepare):
    samples = prepare(np.vstack((mall_like, mall_like))).samples
    row = score_sweep(samples, sweep_k(samples, k_max=2)).of(2)
    assert (row.silhouette_exact, row.silhouette_sample, row.silhouette_error) == (True, 400, 0)


def test_groups_far_apart_are_stable_and_separated(apart, analyse):
    scores = analyse(apart).scores
    assert scores.of(3).stability > 0.99


def test_scores_depend_on_the_random_state_alone(mall_like, prepare):
    samples = prepare(mall_like).samples
    sweep = sweep_k(samples, k_max=4)
    assert score_sweep(samples, sweep, random_state=1) == score_sweep(samples, sweep, random_state=1)
