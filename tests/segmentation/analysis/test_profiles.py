import numpy as np
import pytest

from segmentation.analysis.profiles import profile_clusters, profile_number, profile_text

LABELS = np.array([0, 0, 0, 1, 1], dtype=np.int32)
VALUES = np.array([1.0, 2.0, np.nan, 8.0, 9.0])


def test_numbers_worked_out_by_hand():
    profile = profile_number("age", VALUES, LABELS, 2)
    assert (profile.everyone.count, profile.everyone.missing, profile.everyone.mean) == (5, 1, 5)
    assert profile.everyone.deviation == pytest.approx(np.sqrt(12.5))
    assert [cluster.mean for cluster in profile.clusters] == [1.5, 8.5]
    assert [cluster.median for cluster in profile.clusters] == [1.5, 8.5]
    assert profile.clusters[0].missing_share == pytest.approx(1 / 3)
    assert profile.differences == (-3.5, 3.5)
    assert profile.standard_differences == pytest.approx((-3.5 / np.sqrt(12.5), 3.5 / np.sqrt(12.5)))
    assert profile.explained == pytest.approx(0.98)


def test_quantiles_equal_those_of_numpy():
    values = np.random.default_rng(0).normal(size=101)
    summary = profile_number("age", values, np.zeros(101, dtype=np.int32), 1).everyone
    np.testing.assert_allclose(summary.quantiles, np.quantile(values, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]))


def test_histogram_counts_every_present_value():
    profile = profile_number("age", VALUES, LABELS, 2)
    assert [sum(row) for row in profile.bin_counts] == [2, 2]
    assert len(profile.bin_edges) == len(profile.bin_counts[0]) + 1


def test_attribute_without_values_has_an_empty_profile():
    profile = profile_number("age", np.full(5, np.nan), LABELS, 2)
    assert profile.everyone.mean is None
    assert profile.differences == (None, None)
    assert profile.explained == 0


def test_constant_attribute_differs_nowhere():
    profile = profile_number("country", np.full(5, 3.0), LABELS, 2)
    assert profile.differences == (0, 0)
    assert profile.standard_differences == (None, None)


def test_huge_values_are_profiled_without_overflow():
    profile = profile_number("bad", np.array([1e308, -1e308, 1e308, 5.0, 0.0]), LABELS, 2)
    assert profile.everyone.quantiles is not None
    assert profile.everyone.mean == pytest.approx(2e307)
    assert np.isfinite(profile.everyone.deviation)


def test_texts_worked_out_by_hand():
    profile = profile_text("region", ["north", "north", "", "south", None], LABELS, 2)
    assert profile.everyone.values == (("north", 2), ("south", 1))
    assert profile.clusters[0].values == (("north", 2),)
    assert (profile.clusters[1].missing, profile.clusters[1].missing_share) == (1, 0.5)
    assert profile.explained == pytest.approx(1)


def test_text_unrelated_to_the_clusters_explains_nothing():
    labels = np.array([0, 0, 1, 1], dtype=np.int32)
    assert profile_text("region", ["a", "b", "a", "b"], labels, 2).explained == pytest.approx(0)


def test_text_without_values_has_an_empty_profile():
    profile = profile_text("note", [None, "", None, None, ""], LABELS, 2)
    assert (profile.everyone.values, profile.everyone.missing, profile.explained) == ((), 5, 0)


def test_only_the_most_frequent_values_are_kept():
    values = [f"street {number % 40}" for number in range(200)]
    profile = profile_text("street", values, np.zeros(200, dtype=np.int32), 1)
    assert profile.everyone.n_distinct == 40
    assert len(profile.everyone.values) == 8


def test_features_are_profiled_even_if_not_given(apart, analyse):
    analysed = analyse(apart)
    profiles = profile_clusters(
        analysed.clustering,
        analysed.features,
        numbers=[("age", np.arange(100.0))],
        texts=[("id", ["x"] * 100)],
    )
    assert [profile.name for profile in profiles.numbers] == ["feature 0", "feature 1", "age"]
    assert [profile.is_feature for profile in profiles.numbers] == [True, True, False]
    assert profiles.texts[0].everyone.values == (("x", 100),)


def test_typical_customers_are_nearest_and_borderline_ones_hardest_to_tell(apart, analyse):
    analysed = analyse(apart)
    clustering = analysed.clustering
    described = profile_clusters(clustering, analysed.features).clusters[1]
    members = np.flatnonzero(clustering.labels == 1)
    nearest = members[np.argsort(clustering.distances[members])][:5]
    assert described.typical == tuple(nearest)
    assert described.borderline == tuple(members[np.argsort(clustering.margins[members])][:5])
    assert (described.size, described.share) == (30, 0.3)


def test_a_single_cluster_has_no_borderline_customers(apart, analyse):
    analysed = analyse(apart, k=1)
    described = profile_clusters(analysed.clustering, analysed.features).clusters
    assert [cluster.borderline for cluster in described] == [()]
    assert described[0].name == "All customers"
