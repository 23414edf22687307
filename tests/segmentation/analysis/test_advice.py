import numpy as np
import pytest

from segmentation.analysis.advice import advise_k
from segmentation.analysis.results import KLimits
from segmentation.analysis.scores.elbow import find_elbow


def test_bent_curve_has_an_elbow():
    assert find_elbow(range(1, 8), [100, 60, 20, 17, 14, 12, 10]) == 3


def test_flat_curve_has_no_elbow():
    assert find_elbow(range(1, 6), [5, 5, 5, 5, 5]) is None


def test_straight_curve_has_no_elbow():
    assert find_elbow(range(1, 6), [50, 40, 30, 20, 10]) is None


@pytest.mark.parametrize("n_ks", [1, 2])
def test_too_short_a_curve_has_no_elbow(n_ks):
    assert find_elbow(range(1, n_ks + 1), [10, 5][:n_ks]) is None


def test_groups_far_apart_are_recommended(apart, analyse):
    advice = analyse(apart).advice
    assert (advice.k_recommended, advice.k) == (3, 3)
    assert advice.sentences[0].startswith("3 segments are recommended")


@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_five_groups_of_a_mall_are_recommended(mall_like, analyse, scaling):
    advice = analyse(mall_like, scaling).advice
    assert (advice.elbow_k, advice.k_recommended) == (5, 5)


@pytest.mark.parametrize("n_features", [2, 4])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_noise_has_no_clear_grouping(analyse, kind, n_features):
    rng = np.random.default_rng(n_features)
    advice = analyse(getattr(rng, kind)(size=(600, n_features))).advice
    assert advice.k_recommended is None
    assert advice.sentences[0] == "There is no clear grouping in these features."
    assert advice.k == advice.k_fallback >= 2


def test_fallback_is_the_highest_silhouette(analyse):
    analysed = analyse(np.random.default_rng(0).uniform(size=(300, 2)))
    best = max(analysed.scores.rows[1:], key=lambda row: row.silhouette)
    assert analysed.advice.k_fallback == best.k


def test_the_teams_limits_are_respected_and_mentioned(apart, analyse):
    analysed = analyse(apart)
    advice = advise_k(analysed.sweep, analysed.scores, limits=KLimits(k_min=4, k_max=8))
    assert advice.k >= 4
    narrow = advise_k(analysed.sweep, analysed.scores, limits=KLimits(k_max=3))
    assert narrow.k_recommended == 3
    assert "at most 3 segments" in narrow.sentences[-1]


def test_segments_below_the_smallest_share_are_not_recommended(apart, analyse):
    analysed = analyse(apart)
    advice = advise_k(analysed.sweep, analysed.scores, limits=KLimits(min_share=0.25))
    assert min(analysed.scores.of(advice.k).sizes) >= 25


def test_a_single_outlier_is_not_a_segment(analyse):
    values = np.vstack((np.random.default_rng(0).normal(size=(400, 2)), [[1000.0, 1000.0]]))
    assert analyse(values).advice.k_recommended is None


def test_every_criterion_gives_its_own_answer(mall_like, analyse):
    answers = {answer.criterion: answer for answer in analyse(mall_like).advice.answers}
    assert list(answers) == ["elbow", "silhouette", "Davies-Bouldin", "Calinski-Harabasz", "stability"]
    assert answers["silhouette"].k == 5
    assert answers["elbow"].sentence.startswith("WCSS for k = 1 to 10 ")
    assert answers["stability"].sentence.startswith("Segments hold on random samples at k = ")


def test_two_customers_still_get_advice(analyse):
    advice = analyse(np.array([[1.0, 2.0], [3.0, 4.0]])).advice
    assert advice.k_recommended is None
    assert advice.k in (1, 2)
