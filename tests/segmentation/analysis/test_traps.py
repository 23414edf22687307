"""Data that break analyses: they are refused with a sentence or give a correct result, never a warning."""

import numpy as np
import pytest

from segmentation.analysis.errors import AnalysisError
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.kmeans.sweep import sweep_k
from segmentation.analysis.profiles import profile_clusters
from segmentation.analysis.scatter_data import picture_pairs


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.ones((20, 2)), "same value for every customer"),
        (np.array([[1.0, 2.0]]), "Only one customer"),
        (np.full((5, 2), np.nan), "No customer has a value"),
        (np.array([[1e308, 1.0], [1.0, 2.0], [3.0, 4.0]]), "too large"),
        (np.random.default_rng(0).random((9, 51)), "between 1 and 50 features"),
    ],
    ids=["identical customers", "one row", "nothing but missing", "1e308", "51 features"],
)
def test_impossible_data_are_refused_with_a_sentence(analyse, values, sentence):
    with pytest.raises(AnalysisError, match=sentence):
        analyse(values)


def test_fewer_distinct_rows_than_k(analyse):
    values = np.repeat([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]], 30, axis=0)
    analysed = analyse(values)
    assert analysed.sweep.ks == (1, 2, 3)
    assert analysed.sweep.inertias[2] == pytest.approx(0, abs=1e-12)
    assert sum(analysed.clustering.sizes) == 90


def test_two_values_in_many_rows(analyse):
    analysed = analyse(np.repeat([[0.0], [1.0]], 15_000, axis=0))
    assert analysed.sweep.ks == (1, 2)
    assert analysed.clustering.k in (1, 2)


def test_fifty_features(analyse):
    rng = np.random.default_rng(0)
    values = rng.normal(4 * rng.integers(0, 3, (300, 1)), 1.0, (300, 50))
    assert analyse(values).advice.k_recommended == 3


def test_fifty_features_of_many_customers(prepare):
    rng = np.random.default_rng(0)
    values = rng.normal(4 * rng.integers(0, 3, (25_000, 1)), 1.0, (25_000, 50))
    inertias = sweep_k(prepare(values).samples, k_max=4).inertias
    assert inertias[2] == pytest.approx(25_000 * 50, rel=0.01)


def test_a_gap_of_many_magnitudes(analyse):
    values = np.concatenate((np.linspace(0, 1, 50), np.linspace(1e12, 1e12 + 1, 50)))[:, None]
    analysed = analyse(values)
    assert analysed.advice.k_recommended == 2
    assert analysed.clustering.sizes == (50, 50)


def test_nearly_constant_values_far_from_zero(analyse):
    values = 1e9 + np.concatenate((np.zeros(40), np.ones(60)))[:, None] * 1e-3
    assert analyse(values).clustering.sizes == (60, 40)


def test_one_extreme_outlier_among_many_customers(analyse):
    rng = np.random.default_rng(0)
    values = np.vstack((rng.normal(size=(25_000, 2)), [[1e15, 1e15]]))
    analysed = analyse(values, k=2)
    assert analysed.clustering.sizes == (25_000, 1)


@pytest.mark.parametrize("scaling", ["none", "standard", "robust"])
@pytest.mark.parametrize("n_features", [1, 2, 3])
@pytest.mark.parametrize("times", [1, 100])
def test_groups_are_found_despite_an_extreme_value(prepare, times, n_features, scaling):
    centers = np.repeat([0.0, 9.0, -9.0, 1e100], [150 * times, 100 * times, 50 * times, 1])[:, None]
    values = np.random.default_rng(0).normal(centers, 1.0, (len(centers), n_features))
    prepared = prepare(values, scaling)
    sweep = sweep_k(prepared.samples, k_max=4)
    clustering = fit_clusters(
        prepared.features, prepared.samples, n_clusters=4, centroids=sweep.centroids_of(4)
    )
    np.testing.assert_allclose(clustering.sizes, [150 * times, 100 * times, 50 * times, 1], atol=2)
    assert clustering.inertia <= sweep.inertias[-1] * (1 + 1e-9)


@pytest.mark.parametrize("n_samples", [300, 7_000])
def test_the_smallest_numbers_there_are(analyse, n_samples):
    values = np.random.default_rng(0).integers(0, 3, (n_samples, 2)) * 5e-324
    analysed = analyse(values)
    profiles = profile_clusters(analysed.clustering, analysed.features)
    assert sum(map(sum, profiles.numbers[0].bin_counts)) == n_samples
    assert picture_pairs(analysed.clustering, analysed.features)[0].outside == 0


def test_a_range_of_two_hundred_magnitudes(analyse):
    values = np.random.default_rng(0).pareto(0.03, (25_000, 2)).clip(max=1e120)
    analysed = analyse(values, scaling="none")
    assert sum(analysed.clustering.sizes) == 25_000


def test_as_many_groups_as_different_customers(analyse):
    analysed = analyse(np.repeat([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], 25, axis=0))
    assert (analysed.advice.k_recommended, analysed.advice.k_useful) == (None, 4)  # two independent answers
    assert analysed.clustering.sizes == (25, 25, 25, 25)


def test_a_hundred_customers_of_whom_one_differs(analyse):
    advice = analyse(np.array([[0.0]] * 99 + [[1.0]])).advice
    assert (advice.verdict.kind, advice.reasons[0].code) == ("nothing", "not-clear-small")


@pytest.mark.parametrize("n_samples", [2, 3, 4, 5, 11])
def test_a_handful_of_customers(analyse, n_samples):
    analysed = analyse(np.random.default_rng(n_samples).normal(size=(n_samples, 2)))
    assert sum(analysed.clustering.sizes) == n_samples
    assert len(analysed.sweep.ks) == min(n_samples, 10)
