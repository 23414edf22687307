import numpy as np
import pytest

from segmentation.analysis.results import KLimits
from segmentation.analysis.scores.elbow import find_elbow
from segmentation.analysis.verdict.candidates import Trying, find_candidates


def test_bent_curve_has_an_elbow():
    assert find_elbow(range(1, 8), [100, 60, 20, 17, 14, 12, 10]) == 3


def test_flat_curve_has_no_elbow():
    assert find_elbow(range(1, 6), [5, 5, 5, 5, 5]) is None


def test_straight_curve_has_no_elbow():
    assert find_elbow(range(1, 6), [50, 40, 30, 20, 10]) is None


@pytest.mark.parametrize("n_ks", [1, 2])
def test_too_short_a_curve_has_no_elbow(n_ks):
    assert find_elbow(range(1, n_ks + 1), [10, 5][:n_ks]) is None


def codes(remarks):
    return [remark.code for remark in remarks]


def test_groups_far_apart_are_recommended(apart, analyse):
    advice = analyse(apart).advice
    assert (advice.k_recommended, advice.k, advice.verdict.kind) == (3, 3, "clear")
    assert codes(advice.reasons) == ["clear-groups", "come-back", "beyond-chance"]


@pytest.mark.parametrize("scaling", ["none", "standard"])
def test_five_groups_of_a_mall_are_recommended(mall_like, analyse, scaling):
    advice = analyse(mall_like, scaling).advice
    assert (advice.elbow_k, advice.k_recommended) == (5, 5)


@pytest.mark.parametrize("n_features", [2, 4])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_noise_has_no_clear_groups(analyse, kind, n_features):
    rng = np.random.default_rng(n_features)
    advice = analyse(getattr(rng, kind)(size=(600, n_features))).advice
    assert advice.k_recommended is None
    assert advice.verdict.kind in ("useful", "nothing")
    assert codes(advice.reasons)[0].startswith("not-clear-")


def test_useful_segments_are_used_where_no_groups_are_clear(analyse):
    advice = analyse(np.random.default_rng(0).uniform(size=(600, 2))).advice
    assert advice.k_recommended is None
    assert advice.k == advice.k_useful
    assert 4 <= advice.k <= 8
    assert "useful-segments" in codes(advice.reasons)


def test_fallback_is_the_highest_silhouette(analyse):
    analysed = analyse(np.random.default_rng(0).uniform(size=(300, 2)))
    best = max(analysed.scores.rows[1:], key=lambda row: row.silhouette)
    assert analysed.advice.k_fallback == best.k


def test_the_teams_limits_are_respected_and_mentioned(apart, prepare):
    prepared = prepare(apart, "standard")
    wide = Trying(limits=KLimits(k_min=4, k_max=8))
    advice = find_candidates(prepared.features, prepared.samples, wide).advice
    assert advice.k_recommended is None
    assert 4 <= advice.k <= 8
    narrow = find_candidates(prepared.features, prepared.samples, Trying(limits=KLimits(k_max=3))).advice
    assert narrow.k_recommended == 3
    assert codes(narrow.reasons)[-1] == "limits"


def test_segments_below_the_smallest_share_are_not_recommended(apart, prepare):
    prepared = prepare(apart, "standard")
    trying = Trying(limits=KLimits(min_share=0.25))
    assert find_candidates(prepared.features, prepared.samples, trying).advice.k_recommended != 3


def test_a_single_outlier_is_not_a_segment(analyse):
    values = np.vstack((np.random.default_rng(0).normal(size=(400, 2)), [[1000.0, 1000.0]]))
    assert analyse(values).advice.k_recommended is None


def test_every_criterion_gives_its_own_answer(mall_like, analyse):
    answers = {answer.criterion: answer for answer in analyse(mall_like).advice.answers}
    assert list(answers) == ["elbow", "silhouette", "Davies-Bouldin", "Calinski-Harabasz", "stability"]
    assert answers["silhouette"].k == 5
    assert 0 < answers["silhouette"].value < 1


def test_two_customers_still_get_advice(analyse):
    advice = analyse(np.array([[1.0, 2.0], [3.0, 4.0]])).advice
    assert advice.verdict.kind == "nothing"
    assert advice.k in (1, 2)
