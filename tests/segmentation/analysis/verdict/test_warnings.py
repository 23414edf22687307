from dataclasses import replace

import numpy as np
import pytest

from segmentation.analysis.features import prepare_features
from segmentation.analysis.results import (
    Advice,
    Border,
    Clustering,
    KEvidence,
    KLimits,
    Remark,
    Verdict,
)
from segmentation.analysis.verdict.warnings import find_warnings

RNG = np.random.default_rng(0)
CROWD = RNG.uniform(0, 100, (200, 2))
LABELS = np.repeat([0, 1], 100)


def labelled(labels):
    """A clustering of which only the labels are known."""
    sizes = tuple(np.bincount(labels).tolist())
    none = np.zeros(0)
    return Clustering(
        labels=np.asarray(labels, dtype=np.int32),
        distances=none,
        margins=none,
        centroids=none,
        centroids_original=none,
        inertia=0.0,
        sizes=sizes,
        n_iter=1,
        explained=(),
        origins=tuple(range(len(sizes))),
    )


def advised(verdict=None, *warnings):
    k = None if verdict is None else verdict.k_recommended
    return Advice(None, k, 2, (), KLimits(), verdict=verdict, warnings=warnings)


def warnings_of(values, *, labels=LABELS, advice=None, names=None, sweep_labels=(), **preparation):
    names = names or [f"feature {column}" for column in range(values.shape[1])]
    features = prepare_features(values, names, **preparation)
    centroids = np.array([features.X[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    clustering = replace(labelled(labels), centroids=centroids)
    found = find_warnings(features, advice or advised(), clustering, sweep_labels=sweep_labels)
    return {remark.code: remark.values for remark in found}


def test_there_is_nothing_to_beware_of_in_a_plain_crowd():
    assert warnings_of(CROWD) == {}


def test_what_was_noted_before_comes_first():
    noted = Remark("best-at-the-end", {"end": 10})
    found = warnings_of(CROWD[:50], labels=LABELS[75:125], advice=advised(None, noted))
    assert list(found) == ["best-at-the-end", "few-customers"]


# ---- Customers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "is_told"), [(99, True), (100, False)])
def test_fewer_than_a_hundred_customers_are_few(n, is_told):
    found = warnings_of(CROWD[:n], labels=LABELS[:n])
    assert found == ({"few-customers": {"count": n}} if is_told else {})


@pytest.mark.parametrize(("n_missing", "is_told"), [(10, False), (11, True)])
def test_more_than_a_twentieth_left_out_are_many(n_missing, is_told):
    values = CROWD.copy()
    values[:n_missing, 1] = np.nan
    found = warnings_of(values, labels=LABELS[n_missing:])
    told = {"count": n_missing, "of": 200, "feature": "feature 1"}
    assert found == ({"many-left-out": told} if is_told else {})


def test_a_text_is_named_without_its_value():
    regions = np.eye(2)[RNG.integers(0, 2, 200)]
    regions[:20] = np.nan
    names = ["age", "Region: north", "Region: south"]
    found = warnings_of(
        np.column_stack((CROWD[:, 0], regions)), labels=LABELS[20:], names=names, blocks=[(1, 2)]
    )
    assert found["many-left-out"]["feature"] == "Region"


def test_filled_values_are_told():
    values = CROWD.copy()
    values[:20, 1] = np.nan
    [(code, told)] = warnings_of(values, missing="median").items()
    assert (code, told["count"], told["of"]) == ("filled-in", 20, 200)
    assert 0.2 < told["misplaced"] < 0.8  # without the second of two even columns, about half


def test_copies_of_rows_are_told():
    assert warnings_of(np.repeat(CROWD[:40], 5, axis=0))["copies"] == {"count": 40, "of": 200}


def test_exceptions_are_told_with_what_they_hold_of_each_sum():
    values = np.vstack((np.ones((300, 2)) + RNG.random((300, 2)) / 10, [[1e6, 1.0]]))
    labels = np.arange(301) % 2
    told = warnings_of(values, labels=labels)["exceptions"]
    assert (told["count"], told["set_aside"]) == (1, False)
    assert told["shares"] == pytest.approx({"feature 0": 1, "feature 1": 0}, abs=0.01)
    told = warnings_of(values, labels=labels[:-1], outliers="set-aside")["exceptions"]
    assert (told["count"], told["set_aside"]) == (1, True)


def test_a_feature_that_hardly_differs_is_named():
    found = warnings_of(np.column_stack((CROWD, 1e9 + CROWD[:, 0] / 1e3)))
    assert found["hardly-different"] == {"features": ["feature 2"]}


def test_gaps_that_other_features_hide_are_told():
    halves = np.where(np.arange(600) < 300, 0, 8)
    thirds = RNG.permutation(np.repeat([0, 8, 16], 200))
    noise = RNG.normal(size=(600, 4))
    values = np.column_stack((halves + noise[:, 0], thirds + noise[:, 1], noise[:, 2:]))
    found = warnings_of(values, labels=(halves > 0).astype(int))
    assert found["hidden-gaps"] == {"features": ["feature 1"]}
    assert "hidden-gaps" not in warnings_of(values[:, [0, 2, 3]], labels=(halves > 0).astype(int))


# ---- Segments that repeat a column -------------------------------------------------------------------------


def test_segments_that_are_a_column_only_repeat_it():
    found = warnings_of(np.column_stack((CROWD[:, 0], LABELS)), names=["age", "member"])
    assert found["repeats-a-column"] == {"feature": "member"}


def test_segments_that_are_zero_and_the_rest_only_repeat_the_column():
    spent = np.where(LABELS == 0, 0.0, CROWD[:, 1] + 1)
    assert warnings_of(np.column_stack((CROWD[:, 0], spent)))["repeats-a-column"] == {"feature": "feature 1"}


def test_segments_that_are_a_text_only_repeat_it():
    values = np.column_stack((CROWD[:, 0], LABELS, 1 - LABELS))
    found = warnings_of(values, names=["age", "Region: south", "Region: north"], blocks=[(1, 2)])
    assert found["repeats-a-column"] == {"feature": "Region"}


def test_a_column_that_tells_more_or_less_than_the_segments_is_not_repeated():
    finer = LABELS + 2 * (np.arange(200) % 2)
    blurred = np.where(np.arange(200) % 20 == 0, 1 - LABELS, LABELS)
    assert warnings_of(np.column_stack((CROWD[:, 0], finer, blurred))) == {}


def test_one_segment_repeats_nothing():
    assert warnings_of(np.column_stack((CROWD, LABELS)), labels=np.zeros(200, dtype=int)) == {}


# ---- Borders -----------------------------------------------------------------------------------------------


def verdict_on(k, level, first=0, second=2, recommended=None):
    border = Border(first, second, depth=0.9, deviations=0.1, position=0.5, saddle=None, feature=1)
    rejected = "crowd" if level == "crowd" else ""
    evidence = KEvidence(k, 50, 0.4, level=level, worst=border, rejected=rejected)
    return Verdict("clear" if recommended else "useful", recommended, 4, (evidence,))


THIRDS = np.arange(200) % 3


def test_a_border_through_a_crowd_is_told_by_the_numbers_of_segments():
    # The border is between clusters 0 and 2 of the sweep: the third segment began as 0, the second as 2.
    found = warnings_of(CROWD, labels=THIRDS, advice=advised(verdict_on(3, "crowd")), sweep_labels=(1, 2, 0))
    told = found["border-through-a-crowd"]
    assert told == {"segments": [2, 3], "feature": "feature 1", "depth": 0.9}


@pytest.mark.parametrize(
    ("verdict", "sweep_labels"),
    [
        (verdict_on(3, "clear", recommended=3), (2, 1, 0)),
        (verdict_on(3, "clear"), (2, 1, 0)),  # gaps, but too many customers were left out
        (verdict_on(3, "nearly"), (2, 1, 0)),
        (verdict_on(4, "crowd"), (2, 1, 0)),  # another k than was used
        (verdict_on(3, "crowd"), ()),  # these segments did not begin in the sweep
        (None, (2, 1, 0)),  # judged by an earlier release
    ],
)
def test_no_border_is_told_where_none_is_known_to_run_through_a_crowd(verdict, sweep_labels):
    found = warnings_of(CROWD, labels=THIRDS, advice=advised(verdict), sweep_labels=sweep_labels)
    assert found == {}


# ---- Shapes ------------------------------------------------------------------------------------------------


def two_shapes(length):
    """A round group, and one so many times as long as wide."""
    rng = np.random.default_rng(1)
    long = rng.normal(size=(100, 2)) * [length, 1] + [0, 30]
    return np.vstack((rng.normal(size=(100, 2)), long))


@pytest.mark.parametrize(("length", "is_told"), [(3, False), (6, True)])
def test_a_clear_group_that_is_long_is_told(length, is_told):
    clear = Verdict("clear", 2, None)
    found = warnings_of(two_shapes(length), advice=advised(clear), scaling="none")
    assert found == ({"not-round": {"segments": [2]}} if is_told else {})


def test_the_shape_of_useful_segments_says_nothing():
    assert warnings_of(two_shapes(6), advice=advised(Verdict("useful", None, 2)), scaling="none") == {}


@pytest.mark.parametrize("log1p", [[], ["Revenue"]])
def test_one_customer_with_most_of_a_sum_is_told_even_after_a_logarithm(log1p):
    revenue = RNG.lognormal(4, 1, 200)
    revenue[17] = 1e6
    values = np.column_stack((revenue, CROWD[:, 0]))
    told = warnings_of(values, names=["Revenue", "Age"], log1p=log1p)
    assert told["concentrated"]["feature"] == "Revenue"
    assert told["concentrated"]["value"] == 1e6
    assert told["concentrated"]["share"] > 0.9


def test_a_rare_yes_and_few_customers_are_not_said_to_be_concentrated():
    rare = np.zeros((200, 1))
    rare[:10] = 1
    assert "concentrated" not in warnings_of(np.hstack((rare, CROWD[:, :1])))
    few = np.column_stack((RNG.lognormal(4, 3, 50), CROWD[:50, 0]))
    assert "concentrated" not in warnings_of(few, labels=LABELS[75:125])
