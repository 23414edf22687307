import numpy as np
import pytest

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.results import ElbowSweep, KLimits, SweepScores
from segmentation.analysis.verdict import candidates
from segmentation.analysis.verdict.candidates import (
    Trying,
    find_candidates,
    joined_scores,
    joined_sweeps,
    judge_again,
)


def grid(columns, rows, n=12):
    """Customers in groups at the points of a grid."""
    centres = np.array([(20 * x, 20 * y) for x in range(columns) for y in range(rows)])
    return np.random.default_rng(0).normal(np.repeat(centres, n, axis=0), 1.0)


@pytest.fixture
def tried(prepare):
    def find(values, scaling="standard", **settings):
        prepared = prepare(values, scaling)
        return find_candidates(prepared.features, prepared.samples, Trying(**settings))

    return find


def codes(found):
    return [remark.code for remark in found.advice.warnings]


# ---- A sweep goes on where its end is the best -------------------------------------------------------------


def test_twelve_groups_are_found_although_ten_were_to_be_tried(tried, monkeypatch):
    monkeypatch.setattr(candidates, "FURTHER", 4)
    found = tried(grid(4, 3), k_min=9, k_max=10)
    assert found.advice.k_recommended == 12
    assert found.sweep.ks == (9, 10, 11, 12, 13, 14)
    assert [row.k for row in found.scores.rows] == list(found.sweep.ks)
    (remark,) = found.advice.warnings
    assert (remark.code, remark.values) == ("sweep-went-on", {"first_end": 10, "end": 14})


def test_a_sweep_that_may_not_go_on_says_that_its_end_was_the_best(tried):
    found = tried(grid(2, 3), k_max=4, may_go_on=False)
    assert found.sweep.ks[-1] == 4
    assert codes(found) == ["best-at-the-end"]


def test_a_sweep_goes_no_further_than_its_limits(tried):
    found = tried(grid(2, 3), k_max=3, limits=KLimits(k_max=4))
    assert found.sweep.ks[-1] == 4
    assert codes(found) == ["sweep-went-on", "best-at-the-end"]


def test_a_sweep_ends_at_the_last_k(tried, monkeypatch):
    monkeypatch.setattr(candidates, "LAST_K", 5)
    assert tried(grid(2, 3), k_max=3).sweep.ks[-1] == 5


def test_a_sweep_does_not_go_on_where_fewer_groups_are_better(tried):
    found = tried(grid(3, 1, n=30), k_max=5)
    assert (found.sweep.ks[-1], codes(found)) == (5, [])


def test_a_sweep_does_not_go_on_where_its_end_is_clear_and_far_from_the_best(tried):
    # Two pairs: four groups are clear, two are better.
    centres = np.repeat([(0, 0), (0, 7), (900, 0), (900, 7)], 30, axis=0)
    found = tried(np.random.default_rng(0).normal(centres, 1.0), scaling="none", k_max=4)
    assert found.advice.verdict.of(4).level == "clear"
    assert (found.sweep.ks[-1], codes(found)) == (4, [])


def test_a_sweep_ends_where_every_different_customer_is_a_group():
    names = [f"Region: {value}" for value in "NESW"]
    features = prepare_features(np.repeat(np.eye(4), 25, axis=0), names, blocks=[range(4)])
    found = find_candidates(features, compress(features), Trying(k_max=4))
    assert (found.sweep.ks[-1], codes(found)) == (4, [])


# ---- A sweep that is used again ----------------------------------------------------------------------------


def test_a_sweep_judged_again_gets_the_same_advice(prepare):
    prepared = prepare(grid(2, 3), "standard")
    trying = Trying(k_max=4, may_go_on=False)
    first = find_candidates(prepared.features, prepared.samples, trying)
    assert judge_again(prepared.features, first.sweep, first.scores, trying).advice == first.advice


def test_ranges_of_k_are_joined():
    one = ElbowSweep((1, 2), (9.0, 4.0), (((0.0,),), ((0.0,), (1.0,))), True, 50, 40, None, 3)
    other = ElbowSweep((3,), (1.0,), (((0.0,), (1.0,), (2.0,)),), True, 50, 40, 3, 3)
    joined = joined_sweeps(one, other)
    assert (joined.ks, joined.inertias) == ((1, 2, 3), (9.0, 4.0, 1.0))
    assert joined.centroids_of(3).tolist() == [[0], [1], [2]]
    assert (joined.n_distinct_capped, joined.random_state) == (3, 3)
    assert joined_scores(SweepScores(("a",), 20), SweepScores(("b",), 20)).rows == ("a", "b")


# ---- What is heard of it -----------------------------------------------------------------------------------


def test_the_search_begins_at_the_random_state(tried):
    assert tried(grid(2, 1), k_max=2, random_state=7).sweep.random_state == 7


def test_each_k_is_reported_and_what_a_report_raises_ends_the_search(prepare):
    prepared = prepare(grid(3, 1), "standard")
    heard = []

    def report(what, k, last):
        heard.append((what, k, last))
        if what == candidates.SCORING:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        find_candidates(prepared.features, prepared.samples, Trying(k_max=3), report=report)
    assert heard[:3] == [("Elbow sweep", k, 3) for k in (1, 2, 3)]
    assert len(heard) == 4


# ---- The same customers, the same answer -------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [grid(2, 2, n=30), np.random.default_rng(0).exponential(size=(150, 2)).round(1)],
    ids=["clear", "not clear"],
)
def test_neither_the_order_of_customers_nor_the_random_state_changes_the_answer(tried, values):
    orders = [np.random.default_rng(seed).permutation(len(values)) for seed in range(5)]
    states = (0, 1, 2, 0, 1)
    answers = [
        tried(values[order], k_max=5, random_state=state).advice.verdict
        for order, state in zip(orders, states, strict=True)
    ]
    assert len({(each.kind, each.k_recommended, each.k_useful) for each in answers}) == 1
    assert len({tuple((row.k, row.smallest, row.rejected) for row in each.evidence) for each in answers}) == 1
