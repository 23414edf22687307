from dataclasses import replace

import numpy as np
import pytest

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.scatter_data import picture_pair, picture_pairs, transpose_picture


def test_few_customers_are_drawn_as_points(apart, analyse):
    analysed = analyse(apart)
    (picture,) = picture_pairs(analysed.clustering, analysed.features)
    assert (picture.kind, picture.x_name, picture.y_name) == ("points", "feature 0", "feature 1")
    assert np.array_equal(np.column_stack((picture.xs, picture.ys)), apart)
    assert picture.labels == tuple(analysed.clustering.labels)


def test_many_customers_are_counted_on_a_grid(apart, analyse):
    analysed = analyse(apart)
    (picture,) = picture_pairs(analysed.clustering, analysed.features, max_points=50)
    assert picture.kind == "grid"
    assert sum(picture.counts) == 100
    per_label = np.bincount(picture.labels, weights=picture.counts)
    assert per_label.tolist() == [50, 30, 20]


def test_grid_cells_lie_where_the_customers_are(analyse):
    values = np.array([[0.0, 0.0]] * 3 + [[8.0, 2.0]] * 2)
    analysed = analyse(values, k=2)
    (picture,) = picture_pairs(analysed.clustering, analysed.features, max_points=1)
    assert picture.x_edges == tuple(np.arange(-0.5, 9))
    assert picture.y_edges == (-0.5, 0.5, 1.5, 2.5)
    assert list(zip(picture.labels, picture.cells, picture.counts, strict=True)) == [
        (0, 0, 3),
        (1, 2 * 9 + 8, 2),
    ]


def test_long_tails_are_cut_off_and_counted(analyse):
    values = np.random.default_rng(0).normal(size=(3000, 2))
    values[0] = 1e6
    analysed = analyse(values, k=2)
    (picture,) = picture_pairs(analysed.clustering, analysed.features, max_points=10)
    assert picture.outside >= 1
    assert sum(picture.counts) + picture.outside == 3000
    assert picture.x_edges[-1] < 100


def test_more_than_two_features_add_principal_components(analyse):
    values = np.random.default_rng(0).normal(size=(60, 4)) * [1, 9, 1, 3]
    analysed = analyse(values, "none", k=2)
    pictures = picture_pairs(analysed.clustering, analysed.features, max_pairs=3)
    assert [picture.is_components for picture in pictures] == [False] * 3 + [True]
    deviations = np.std(pictures[-1].xs), np.std(pictures[-1].ys)
    expected = np.sqrt(np.sort(np.linalg.eigvalsh(np.cov(values.T, ddof=0)))[:-3:-1])
    assert deviations == pytest.approx(expected)


def test_one_feature_is_drawn_against_itself(analyse):
    analysed = analyse(np.arange(20.0)[:, None], k=2)
    (picture,) = picture_pairs(analysed.clustering, analysed.features)
    assert picture.xs == picture.ys


def test_components_say_how_much_they_explain_and_what_is_in_them(analyse):
    values = np.random.default_rng(0).normal(size=(60, 4)) * [1, 9, 1, 3]
    analysed = analyse(values, "none", k=2)
    picture = picture_pairs(analysed.clustering, analysed.features)[-1]
    spread = np.sort(np.linalg.eigvalsh(np.cov(values.T)))[::-1]
    assert picture.explained == pytest.approx(tuple(spread[:2] / spread.sum()))
    assert picture.x_name == "first principal component: more feature 1"
    assert picture.y_name == "second principal component: more feature 3"


def test_samples_without_a_value_are_counted_and_not_drawn():
    columns = (np.array([1.0, np.nan, 3.0, 4.0]), np.array([1.0, 2.0, np.nan, 5.0]))
    labels = np.array([0, 1, 1, 0], dtype=np.int32)
    picture = picture_pair(columns, labels, n_clusters=2, names=("a", "b"))
    assert (picture.xs, picture.missing) == ((1.0, 4.0), 2)
    assert picture.centroids == ((2.5, 3.0), None)


@pytest.mark.parametrize("max_points", [1, 99])
def test_exchanged_axes_show_the_same_customers(max_points):
    columns = (np.array([0.0, 0.0, 2.0]), np.array([5.0, 8.0, 8.0]))
    labels = np.array([0, 1, 1], dtype=np.int32)
    settings = {"n_clusters": 2, "max_points": max_points}
    picture = picture_pair(columns, labels, names=("a", "b"), **settings)
    other = picture_pair(columns[::-1], labels, names=("b", "a"), **settings)
    exchanged = transpose_picture(picture)
    seen = sorted(zip(exchanged.labels, exchanged.cells, exchanged.counts, strict=False))
    assert seen == sorted(zip(other.labels, other.cells, other.counts, strict=False))
    assert replace(exchanged, labels=(), cells=(), counts=()) == replace(
        other, labels=(), cells=(), counts=()
    )


def test_the_first_pair_is_the_one_that_tells_all_clusters_apart(analyse):
    rng = np.random.default_rng(0)
    # The first two features say the same, and nothing of the difference between the last two groups.
    middles = np.array([[0, 0, 0, 0], [9, 9, 0, 0], [9, 9, 0, 9]], float)
    values = np.repeat(middles, 40, axis=0) + rng.normal(scale=0.5, size=(120, 4))
    analysed = analyse(values, k=3)
    pictures = picture_pairs(analysed.clustering, analysed.features)
    assert (pictures[0].x_name, pictures[0].y_name) in {
        ("feature 0", "feature 3"),
        ("feature 1", "feature 3"),
    }
    assert pictures[-1].is_components


def test_a_feature_compared_by_logarithm_is_drawn_so():
    values = np.random.default_rng(0).lognormal(3, 1, size=(60, 2))
    features = prepare_features(values, ["a", "b"], scaling="standard", log1p=["b"])
    samples = compress(features)
    clustering = fit_clusters(features, samples, n_clusters=2)
    (picture,) = picture_pairs(clustering, features)
    assert (picture.x_is_log, picture.y_is_log) == (False, True)
    middles = features.to_original(clustering.centroids)
    assert picture.centroids == tuple((float(x), float(y)) for x, y in middles)
