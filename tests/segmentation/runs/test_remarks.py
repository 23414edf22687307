"""What the analysis has to say, made up or produced by it, frozen as JSON and worded as a page does."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from segmentation.analysis.advice import advise_k
from segmentation.analysis.results import (
    Advice,
    Border,
    ClusterScores,
    CriterionAnswer,
    ElbowSweep,
    KEvidence,
    KLimits,
    Remark,
    SweepScores,
    Verdict,
    from_json,
    to_json,
)
from segmentation.runs.quality import word_answer, word_reasons
from segmentation.runs.remarks import WORDS, word_remark, word_warnings

SWEEP = ElbowSweep((1, 2, 3, 4, 5), (90.0, 40.0, 9.0, 8.0, 7.0), (), True, 90, 90, None, 0)
SCORES = SweepScores(
    tuple(
        ClusterScores(k, 9.0, 0.1 * k, 0.0, 90, True, 0.5, 120.0, 0.9, (0.9,) * k, (20,) * k)
        for k in SWEEP.ks[1:]
    ),
    20,
)
BORDER = Border(0, 1, depth=0.125, deviations=4.0, position=0.5, saddle=0.25, feature=0)
CLEAR = KEvidence(3, 20, 0.62, "clear", BORDER, stability=0.959, reference=0.424)
STEADY = KEvidence(4, 20, 0.55, "crowd", BORDER, stability=0.6, steadiness=0.879, rejected="crowd")
TELLING = {
    "crowd": KEvidence(2, 20, 0.8, "crowd", BORDER, rejected="crowd"),
    "few": KEvidence(2, 9, 0.8, rejected="few"),
    "small": KEvidence(2, 1, 0.8, rejected="small"),
    "filled": KEvidence(2, 20, 0.8, rejected="filled"),
    "unstable": KEvidence(2, 20, 0.8, "clear", BORDER, stability=0.5, rejected="unstable"),
    "chance": KEvidence(2, 20, 0.8, "clear", BORDER, stability=0.95, reference=0.85, rejected="chance"),
    "left-out": KEvidence(2, 20, 0.8, "clear", BORDER, stability=0.95, reference=0.4, rejected="left-out"),
    "misplaced": KEvidence(2, 20, 0.8, "clear", BORDER, stability=0.95, reference=0.4, rejected="misplaced"),
    "limits": KEvidence(2, 20, 0.8, "clear", BORDER),
}
WARNINGS = [
    Remark("concentrated", {"feature": "Revenue", "share": 0.96, "value": 9_850_000.0}),
    Remark("few-customers", {"count": 40}),
    Remark("many-left-out", {"count": 1_200, "of": 9_000, "feature": "age"}),
    Remark("filled-in", {"count": 1_200, "of": 9_000}),
    Remark("filled-in", {"count": 1_200, "of": 9_000, "misplaced": 0.4}),
    Remark("copies", {"count": 40, "of": 400}),
    Remark("exceptions", {"count": 1, "set_aside": True, "shares": {"revenue": 0.4, "age": 0.001}}),
    Remark("hardly-different", {"features": ["height", "width"]}),
    Remark("hidden-gaps", {"features": ["visits"]}),
    Remark("hidden-gaps", {"features": ["visits", "age"]}),
    Remark("repeats-a-column", {"feature": "member"}),
    Remark("border-through-a-crowd", {"segments": [1, 3], "feature": "age", "depth": 0.9}),
    Remark("not-round", {"segments": [2]}),
    Remark("sweep-went-on", {"first_end": 10, "end": 20}),
    Remark("best-at-the-end", {"end": 10}),
]


def frozen(advice):
    """The advice as a page reads it from a run."""
    return from_json(Advice, json.loads(json.dumps(to_json(advice))))


def advise(verdict, limits=None):
    return frozen(advise_k(SWEEP, SCORES, verdict, limits=limits))


def clear(row=CLEAR, useful=None, better=None, *others):
    return Verdict("clear", row.k, useful, (row, *others), better_k=better)


def unclear(row, useful=4):
    return Verdict("useful" if useful else "nothing", None, useful, (row, STEADY))


ADVICE = [
    advise(clear(useful=4)),
    advise(clear(KEvidence(3, 20, 0.62, "nearly", BORDER, stability=0.9, reference=0.4))),
    advise(clear(CLEAR, None, 4, STEADY)),
    advise(Verdict("nothing", None, None)),
    advise(Verdict("nothing", None, None, (TELLING["small"],)), limits=KLimits(2, 8, 0.05)),
    *[advise(unclear(row)) for row in TELLING.values()],
    advise(unclear(TELLING["crowd"], useful=None)),
]


# ---- Every code has words, and no words are without a code -------------------------------------------------


def told():
    warnings = frozen(replace(ADVICE[0], warnings=tuple(WARNINGS))).warnings
    return [*warnings, *(remark for advice in ADVICE for remark in advice.reasons)]


@pytest.mark.parametrize("code", sorted(WORDS))
def test_every_code_is_worded(code):
    sentences = [word_remark(remark) for remark in told() if remark.code == code]
    assert sentences
    for sentence in sentences:
        assert sentence.endswith(".")
        assert not [sign for sign in ("%(", "None", "{", "  ", " %.", "“”") if sign in sentence]


def literals(node):
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and node.value else []


def codes_of_the_analysis():
    """Codes that the analysis writes in full, and why it says that groups are not clear."""
    for file in (Path(settings.BASE_DIR) / "segmentation" / "analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Remark":
                yield from literals(node.args[0])
            if isinstance(node, ast.keyword) and node.arg == "rejected":
                yield from (f"not-clear-{why}" for why in literals(node.value))


def test_the_analysis_says_nothing_that_has_no_words():
    codes = {*codes_of_the_analysis(), *(remark.code for remark in told())}
    assert len(codes) > 20
    assert codes <= set(WORDS)


def test_what_a_later_release_says_is_passed_over():
    unknown = Remark("from-tomorrow", {"k": 3})
    assert word_remark(unknown) == ""
    advice = replace(ADVICE[0], reasons=(unknown,), warnings=(unknown, Remark("no-k-fits")))
    assert len(word_reasons(advice)) == 1  # how far the criteria agree
    assert word_warnings(advice) == ["No number of segments fits your limits."]


# ---- What the sentences say --------------------------------------------------------------------------------


def test_clear_groups_are_explained_by_gap_stability_and_chance():
    gap, stability, chance, agreement = word_reasons(advise(clear()))
    assert "at most 25\N{NO-BREAK SPACE}% as many" in gap
    assert "95\N{NO-BREAK SPACE}% the same" in stability  # rounded down
    assert "0.62" in chance
    assert "0.42" in chance
    assert agreement == "Elbow agrees; silhouette says 5, Davies-Bouldin says 2 and Calinski-Harabasz says 2."


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("crowd", "at one border 25\N{NO-BREAK SPACE}% as many"),
        ("small", "one segment is a single customer"),
        ("filled", "values that were filled in"),
        ("unstable", "only 50\N{NO-BREAK SPACE}% the same"),
        ("chance", "would reach 0.85"),
        ("left-out", "gaps between 2 groups, but too many customers were left out"),
        ("misplaced", "too many customers have values that were filled in"),
        ("limits", "your limits rule that out"),
    ],
)
def test_why_groups_are_not_clear(why, words):
    doubt, useful = word_reasons(advise(unclear(TELLING[why])))
    assert words in doubt
    assert useful.startswith("Of the numbers of segments that suit a campaign, 4 holds best")
    assert "87\N{NO-BREAK SPACE}%" in useful


def test_limits_that_fit_no_number_are_not_blamed_on_the_customers():
    verdict = Verdict("nothing", None, None, (TELLING["limits"],))
    assert word_reasons(advise(verdict, limits=KLimits(k_min=8)))[1:] == [
        "No number of segments fits your limits.",
        "Your limits were kept: at least 8 segments.",
    ]


@pytest.mark.parametrize(
    ("silhouettes", "steadinesses", "words"),
    [
        ((0.50, 0.53), (0.95, 0.91), "a little better (silhouette 0.53 instead of 0.5)"),
        ((0.50, 0.48), (0.80, 0.86), "a little steadier (0.86 instead of 0.8)"),
        ((0.50, 0.48), (0.95, 0.91), "would do as well"),
        ((0.501, 0.504), (None, None), "(silhouette 0.504 instead of 0.501)"),
    ],
)
def test_the_number_in_use_stays_for_a_reason_that_is_so(silhouettes, steadinesses, words):
    names = ("silhouette", "better_silhouette", "steadiness", "better_steadiness")
    values = dict(zip(names, silhouettes + steadinesses, strict=True))
    sentence = word_remark(Remark("kept", {"k": 4, "better": 6, **values}))
    assert sentence.startswith("The 4 segments in use stay. 6 would ")
    assert words in sentence


def test_exceptions_are_told_with_the_sums_they_hold():
    shares = {"orders": 0.005, "age": 0.1, "revenue": 0.4}
    one = word_remark(Remark("exceptions", {"count": 1, "set_aside": True, "shares": shares}))
    assert "1 customer is far from everyone and was set aside" in one
    assert "That is 40\N{NO-BREAK SPACE}% of revenue and 10\N{NO-BREAK SPACE}% of age." in one
    assert "orders" not in one
    few = word_remark(Remark("exceptions", {"count": 3, "set_aside": False, "shares": {}}))
    assert few == "3 customers are far from everyone: exceptions."


def test_the_limits_that_were_set_are_named_and_no_others():
    values = {"k_min": None, "k_max": 6, "min_share": 0.05}
    sentence = word_remark(Remark("limits", values))
    assert sentence == (
        "Your limits were kept: at most 6 segments and no segment below 5\N{NO-BREAK SPACE}% of customers."
    )


# ---- What the criteria say, and what an earlier release said -----------------------------------------------


@pytest.mark.parametrize(
    ("criterion", "k", "value", "sentence"),
    [
        ("elbow", 3, None, "WCSS for k = 1 to 5 bends most at 3."),
        ("elbow", None, None, "WCSS for k = 1 to 5 shows no elbow."),
        ("silhouette", 4, 0.4321, "Silhouette is highest at 4 (0.43)."),
        ("Davies-Bouldin", 4, 0.7, "Davies-Bouldin is lowest at 4 (0.70)."),
        ("Calinski-Harabasz", 4, 1234.5, "Calinski-Harabasz is highest at 4 (1,234)."),
        ("silhouette", None, None, "Silhouette cannot be computed here."),
    ],
)
def test_what_a_criterion_says(criterion, k, value, sentence):
    assert word_answer(CriterionAnswer(criterion, k, value), SWEEP) == sentence


def test_a_run_of_an_earlier_release_says_what_it_froze():
    data = {
        "elbow_k": 3,
        "k_recommended": 3,
        "k_fallback": 3,
        "sentences": ["Use 3 segments.", "They are stable."],
        "answers": [
            {"criterion": "silhouette", "k": 3, "sentence": "Silhouette liked 3."},
            {"criterion": "stability", "k": 3, "sentence": "Every cluster came back."},
        ],
        "limits": {"k_min": None, "k_max": None, "min_share": 0.0},
    }
    advice = from_json(Advice, data)
    assert word_reasons(advice) == ["Use 3 segments.", "They are stable.", "Every cluster came back."]
    assert word_warnings(advice) == []
    assert word_answer(advice.answers[0], SWEEP) == "Silhouette liked 3."


def test_of_few_customers_it_is_not_said_that_others_were_drawn():
    verdict = Verdict("nothing", None, None, (TELLING["few"],))
    [why] = word_reasons(advise(verdict))
    assert "fewer than 30 customers" in why
