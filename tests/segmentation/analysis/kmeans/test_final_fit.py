import numpy as np
import pytest

from segmentation.analysis.errors import InvalidSettingError, TooFewCustomersError
from segmentation.analysis.kmeans.final_fit import fit_clusters


def test_rectangle_falls_into_its_short_sides(rectangle, prepare):
    prepared = prepare(rectangle)
    clustering = fit_clusters(prepared.features, prepared.samples, n_clusters=2)
    assert clustering.labels.tolist() == [0, 1, 0, 1]
    assert clustering.centroids_original.tolist() == [[0, 1], [10, 1]]
    assert clustering.inertia == pytest.approx(4)
    np.testing.assert_allclose(clustering.distances, 1)
    np.testing.assert_allclose(clustering.margins, np.sqrt(101) - 1)
    assert clustering.explained == pytest.approx((1, 0))


def test_one_cluster_has_no_second_nearest(rectangle, prepare):
    prepared = prepare(rectangle)
    clustering = fit_clusters(prepared.features, prepared.samples, n_clusters=1)
    assert np.isinf(clustering.margins).all()
    assert clustering.inertia == pytest.approx(104)


def test_largest_cluster_comes_first(apart, analyse):
    clustering = analyse(apart, k=3).clustering
    assert clustering.sizes == (50, 30, 20)
    assert clustering.labels.tolist() == [0] * 50 + [1] * 30 + [2] * 20


def test_clusters_of_one_size_are_ordered_by_centroid(prepare):
    values = np.array([[9.0, 5.0], [1.0, 5.0], [5.0, 0.0]])
    prepared = prepare(values)
    clustering = fit_clusters(prepared.features, prepared.samples, n_clusters=3)
    assert clustering.centroids_original.tolist() == [[1, 5], [5, 0], [9, 5]]


def test_centroids_in_original_units_are_the_means_of_the_clusters(mall_like, analyse):
    clustering = analyse(mall_like, k=5).clustering
    for label in range(5):
        mean = mall_like[clustering.labels == label].mean(axis=0)
        np.testing.assert_allclose(clustering.centroids_original[label], mean)


def test_centroids_after_a_logarithm_are_means_in_original_units():
    from segmentation.analysis.features import prepare_features
    from segmentation.analysis.kmeans.compression import compress

    values = np.array([[1.0], [2.0], [3.0], [900.0], [1000.0]])
    features = prepare_features(values, ["revenue"], log1p=["revenue"])
    clustering = fit_clusters(features, compress(features), n_clusters=2)
    np.testing.assert_allclose(clustering.centroids_original, [[2], [950]])


@pytest.mark.parametrize("n_features", [1, 2, 3])
@pytest.mark.parametrize("decimals", [0, 12])
def test_result_is_a_local_optimum_of_all_rows(prepare, n_features, decimals):
    rng = np.random.default_rng(n_features)
    values = rng.normal(5 * rng.integers(0, 3, (25_000, 1)), 1.0, (25_000, n_features)).round(decimals)
    prepared = prepare(values, "standard")
    clustering = fit_clusters(prepared.features, prepared.samples, n_clusters=4)
    X = prepared.features.X
    squares = ((X[:, None] - clustering.centroids) ** 2).sum(axis=2)
    nearest = squares.min(axis=1)
    np.testing.assert_allclose(squares[np.arange(len(X)), clustering.labels], nearest, rtol=1e-9, atol=1e-12)
    assert clustering.inertia == pytest.approx(nearest.sum(), rel=1e-10)
    assert clustering.sizes == tuple(np.bincount(clustering.labels))
    for label in range(4):
        mean = X[clustering.labels == label].mean(axis=0)
        np.testing.assert_allclose(clustering.centroids[label], mean, atol=2e-4)


@pytest.mark.parametrize("kind", ["small", "whole numbers", "plane", "space", "repeated"])
def test_order_of_rows_changes_no_customers_cluster(analyse, kind):
    rng = np.random.default_rng(5)
    n_samples = 150 if kind == "small" else 25_000
    values = rng.normal(rng.integers(0, 4, (n_samples, 1)) * 3, 1.0, (n_samples, 4 if kind == "space" else 2))
    values = np.round(values, 1) if kind == "whole numbers" else values
    values = values[rng.integers(0, 500, n_samples)] if kind == "repeated" else values
    order = rng.permutation(n_samples)
    one, other = analyse(values), analyse(values[order])
    assert other.advice.k_recommended == one.advice.k_recommended
    moved = np.count_nonzero(one.clustering.labels[order] != other.clustering.labels)
    assert moved == 0


@pytest.mark.parametrize("n_features", [2, 3])
def test_size_of_chunks_changes_no_customers_cluster(prepare, monkeypatch, n_features):
    rng = np.random.default_rng(0)
    prepared = prepare(rng.normal(rng.integers(0, 4, (25_000, 1)) * 3, 1.0, (25_000, n_features)))
    labels = []
    for size in (8192, 1000):
        for module in ("nearest", "final_fit"):
            monkeypatch.setattr(f"segmentation.analysis.kmeans.{module}.CHUNK", size)
        labels.append(fit_clusters(prepared.features, prepared.samples, n_clusters=4).labels)
    np.testing.assert_array_equal(*labels)


def test_rescaling_a_feature_changes_nothing_under_standard_scaling(mall_like, analyse):
    rescaled = mall_like * [1000.0, 1.0] + [0.0, 50.0]
    one, other = analyse(mall_like, k=5), analyse(rescaled, k=5)
    np.testing.assert_array_equal(one.clustering.labels, other.clustering.labels)
    assert one.advice.k_recommended == other.advice.k_recommended


def test_fewer_distinct_customers_than_clusters_are_refused(rectangle, prepare):
    prepared = prepare(np.vstack((rectangle, rectangle)))
    with pytest.raises(TooFewCustomersError, match="5 segments need at least 5 different customers"):
        fit_clusters(prepared.features, prepared.samples, n_clusters=5)


def test_centroids_of_another_shape_are_refused(rectangle, prepare):
    prepared = prepare(rectangle)
    with pytest.raises(InvalidSettingError, match="do not fit 2 clusters"):
        fit_clusters(prepared.features, prepared.samples, n_clusters=2, centroids=np.zeros((3, 2)))


def test_an_empty_cluster_is_given_a_point(prepare):
    prepared = prepare(np.array([[0.0], [1.0], [10.0], [11.0], [30.0]]))
    far = np.array([[-10.0], [1e6], [2e6]])
    clustering = fit_clusters(prepared.features, prepared.samples, n_clusters=3, centroids=far)
    assert sorted(clustering.sizes) == [1, 2, 2]


def test_clusters_know_which_centroid_they_came_from(apart, analyse):
    analysed = analyse(apart)
    start = analysed.clustering.centroids[[2, 0, 1]]
    clustering = fit_clusters(analysed.features, analysed.samples, n_clusters=3, centroids=start)
    assert clustering.origins == (1, 2, 0)
