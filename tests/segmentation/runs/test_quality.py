"""How sure a run says it is; runs and advice are made up and never stored."""

import pytest

from segmentation.analysis.results import (
    Advice,
    ClusterProfiles,
    ClusterScores,
    CriterionAnswer,
    ElbowSweep,
    KEvidence,
    KLimits,
    NumberProfile,
    NumberSummary,
    SweepScores,
    Verdict,
    to_json,
)
from segmentation.models import SegmentationRun
from segmentation.runs import quality

STABILITIES = {2: 0.95, 3: 0.8, 4: 0.7, 5: 0.5, 6: None}


def scores_of(k, stability):
    silhouette = None if k == 1 else 0.5
    return ClusterScores(k, 9.0, silhouette, 0.0, 90, True, 1 / k, 100.0 + k, stability, (), (k, 90 - k))


SCORES = SweepScores((scores_of(1, None), *(scores_of(k, each) for k, each in STABILITIES.items())), 20)


def advised(clear=None, useful=None, *evidence, elbow=None):
    kind = "clear" if clear else "useful" if useful else "nothing"
    verdict = Verdict(kind, clear, useful, evidence)
    return Advice(elbow, clear, 2, (), KLimits(), verdict=verdict, k_useful=useful)


def earlier(recommended):
    """Advice of a release that judged by silhouette and stability alone."""
    return Advice(None, recommended, 2, (), KLimits())


def judged(k, advice):
    return quality.judge(SegmentationRun(k=k), advice, SCORES)


# ---- The box -----------------------------------------------------------------------------------------------


def test_clear_groups_are_good():
    box = judged(3, advised(clear=3))
    assert (box.level, box.title) == ("good", "3 clear groups")
    assert "there are gaps between them" in box.sentence


def test_groups_that_touch_are_not_called_clear():
    box = judged(3, advised(3, None, KEvidence(3, 20, 0.6, "nearly")))
    assert (box.level, box.title) == ("fair", "3 groups that touch")
    assert "gaps between them" not in box.sentence
    assert judged(3, advised(3, None, KEvidence(3, 20, 0.6, "clear"))).level == "good"


def test_groups_that_only_limits_make_the_answer_say_what_they_hide():
    advice = Advice(None, 3, 2, (), KLimits(k_max=4), verdict=Verdict("clear", 3, None, k_unlimited=5))
    box = judged(3, advice)
    assert (box.level, box.title) == ("fair", "3 groups within your limits; 5 without them")


def test_filled_values_that_misplace_customers_are_told():
    box = judged(3, advised(None, 3, KEvidence(3, 20, 0.9, "clear", rejected="misplaced")))
    assert (box.level, box.title) == ("fair", "3 useful segments")
    assert "too many values were filled in" in box.sentence


def test_useful_segments_are_fair_and_no_proof():
    box = judged(4, advised(useful=4))
    assert (box.level, box.title) == ("fair", "4 useful segments")
    assert box.sentence.startswith("There are no gaps between customers")


def test_useful_segments_beside_two_clear_groups_are_parts_of_them():
    box = judged(4, advised(clear=2, useful=4))
    assert (box.level, box.title) == ("fair", "4 useful segments")
    assert box.sentence.startswith("Steady parts of 2 clear groups")


def test_gaps_between_groups_are_told_though_many_were_left_out():
    box = judged(3, advised(None, 3, KEvidence(3, 20, 0.9, "clear", rejected="left-out")))
    assert (box.level, box.title) == ("fair", "3 useful segments")
    assert box.sentence.startswith("There are gaps between them, but too many customers were left out")


def test_nothing_to_go_by_is_poor():
    box = judged(2, advised())
    assert (box.level, box.title) == ("poor", "Nothing to go by")
    assert box.sentence.startswith("The 2 segments divide customers into handy parts")


@pytest.mark.parametrize("advice", [advised(clear=3), advised(useful=3), advised(), earlier(3)])
def test_one_segment_separates_nobody(advice):
    assert judged(1, advice).title == "Everyone is in one segment"


@pytest.mark.parametrize(
    ("k", "level", "words"),
    [
        (3, "fair", "All of them hold"),
        (4, "fair", "only 70\N{NO-BREAK SPACE}% the same."),
        (5, "poor", "only 50\N{NO-BREAK SPACE}% the same: do not rely on it"),
        (6, "fair", "was not measured"),
        (9, "fair", "was not measured"),  # a number beyond the sweep
    ],
)
@pytest.mark.parametrize(
    "advice", [advised(clear=2), advised(useful=2), advised(clear=2, useful=8), earlier(2)]
)
def test_another_number_was_requested(advice, k, level, words):
    box = judged(k, advice)
    assert (box.level, box.title) == (level, f"{k} segments as requested; 2 fit these customers better")
    assert words in box.sentence


def test_groups_of_an_earlier_release_are_not_called_clear():
    box = judged(3, earlier(3))
    assert (box.level, box.title) == ("fair", "3 groups, judged by an earlier release")
    box = judged(3, earlier(None))
    assert (box.level, box.title) == ("poor", "There is no clear grouping")


# ---- The other answer --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "clear", "useful", "other"),
    [
        (2, 2, 5, 5),
        (5, 2, 5, 2),
        (3, 2, 5, None),  # neither of the two
        (2, 2, None, None),
        (4, None, 4, None),
        (4, None, None, None),
    ],
)
def test_the_other_of_two_answers(k, clear, useful, other):
    assert quality.other_answer(SegmentationRun(k=k), advised(clear, useful)) == other


# ---- What segments tell ------------------------------------------------------------------------------------


def profiled(shares):
    nobody = NumberSummary(0, 0, None, None, None)
    numbers = [
        NumberProfile(name, True, nobody, (), (), (), share, (0.0, 1.0), ()) for name, share in shares.items()
    ]
    return SegmentationRun(k=2, profiles=to_json(ClusterProfiles(tuple(numbers), (), ())))


def bought(shares):
    return [(each.name, each.percent) for each in quality.list_bought(profiled(shares))]


def test_attributes_are_told_from_the_most_telling():
    assert bought({"age": 0.05, "height": 0.049, "spent": 0.456}) == [("spent", 46), ("age", 5)]


def test_at_most_twelve_attributes_are_told():
    told = bought({f"attribute {number}": number / 20 for number in range(1, 20)})
    assert len(told) == 12
    assert told[0] == ("attribute 19", 95)


# ---- Every number that was tried ---------------------------------------------------------------------------


def test_each_number_has_its_roles_and_the_scores_in_which_it_is_best():
    advice = advised(clear=2, useful=4, elbow=2)
    candidates = {each.k: each for each in quality.list_candidates(SegmentationRun(k=4), advice, SCORES)}
    assert list(candidates) == [1, 2, 3, 4, 5, 6]
    assert candidates[2].roles == ["elbow", "clear groups"]
    assert candidates[4].roles == ["useful", "this run"]
    assert [k for k, each in candidates.items() if each.is_used] == [4]
    assert candidates[2].best == {"silhouette", "stability"}  # the first of equal silhouettes
    assert candidates[6].best == {"calinski_harabasz", "davies_bouldin"}
    assert candidates[2].smallest == 2


def test_stability_names_no_number_of_its_own():
    answers = (CriterionAnswer("silhouette", 3), CriterionAnswer("stability", 2))
    advice = Advice(None, None, 2, answers, KLimits())
    assert [answer.criterion for answer in quality.naming_answers(advice)] == ["silhouette"]


def test_it_is_told_on_how_many_customers_silhouettes_were_measured():
    assert quality.sampled(SCORES) is None
    rows = [ClusterScores(k, 9.0, 0.5, 0.01, 1_000 * k, False, 1.0, 1.0, 1.0, (), ()) for k in (2, 3)]
    assert quality.sampled(SweepScores(tuple(rows), 20)) == 3_000


@pytest.mark.parametrize("exact", [True, False])
def test_inertias_of_a_sample_are_approximate(exact):
    assert quality.is_approximate(ElbowSweep((1,), (1.0,), (), exact, 9, 9, None, 0)) is not exact
