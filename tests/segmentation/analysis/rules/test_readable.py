"""Short rules hold on customers they were not made on, are short and round, and are told only then."""

import numpy as np
import pytest

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.rules.model import ModelColumn, freeze_model
from segmentation.analysis.rules.readable import Condition, find_readable_rules, roundest

N = 12_000


def habits(seed):
    """Recency, orders and revenue of one population."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.exponential(60, N), rng.poisson(3, N) + 1.0, rng.lognormal(5, 1, N)])


def rules_of(values, names, k, **settings):
    features = prepare_features(values, names, **settings)
    clustering = fit_clusters(features, compress(features), n_clusters=k, random_state=0)
    sources = {name: ModelColumn(*name.split(": ")) for name in names}
    return find_readable_rules(features, clustering, sources), freeze_model(features, clustering, sources)


def fits(rule, columns):
    tests = {
        "at-least": lambda each: columns[each.feature] >= each.number,
        "below": lambda each: columns[each.feature] < each.number,
    }
    boxes = [np.all([tests[each.test](each) for each in box], axis=0) for box in rule.boxes]
    return np.any(boxes, axis=0)


def test_a_rule_holds_as_stated_on_customers_who_come_later():
    names = ("Recency", "Orders", "Revenue")
    rules, model = rules_of(habits(1), names, 5, log1p=["Orders", "Revenue"])
    assert len(rules) >= 4
    fresh = habits(2)
    labels, columns = model.assign(fresh), dict(zip(names, fresh.T, strict=True))
    for rule in rules:
        inside = fits(rule, columns)
        assert (labels[inside] == rule.label).mean() == pytest.approx(rule.precision, abs=0.03)
        assert inside[labels == rule.label].mean() == pytest.approx(rule.coverage, abs=0.03)


def test_a_rule_is_short_and_round():
    rules, _model = rules_of(habits(1), ("Recency", "Orders", "Revenue"), 5, log1p=["Orders", "Revenue"])
    boxes = [box for rule in rules for box in rule.boxes]
    assert boxes
    assert all(len(rule.boxes) <= 2 for rule in rules)
    assert all(1 <= len(box) <= 3 for box in boxes)
    assert all(float(f"{each.number:.2g}") == each.number for box in boxes for each in box)


def test_what_no_box_tells_is_not_told():
    values = np.random.default_rng(0).lognormal(0, 1, (6_000, 8))
    names = [f"Spend {number}" for number in range(8)]
    rules, _model = rules_of(values, names, 6, log1p=names)
    assert all(rule.precision >= 0.80 and rule.coverage >= 0.30 for rule in rules)
    assert len(rules) < 6


def test_texts_and_answers_are_conditions_of_their_own():
    rng = np.random.default_rng(0)
    town, newsletter = rng.random(4_000) < 0.5, rng.random(4_000) < 0.5
    values = np.column_stack([town, ~town, newsletter]).astype(float)
    rules, _model = rules_of(values, ("Town: Ulm", "Town: Bonn", "Newsletter"), 4, blocks=[[0, 1]])
    told = {frozenset(box) for rule in rules for box in rule.boxes}
    assert len(told) == 4
    for name in ("yes", "no"):
        assert any(Condition("Newsletter", name) in box for box in told)
    towns = {(each.test, each.text) for box in told for each in box if each.feature == "Town"}
    assert towns <= {(test, town) for test in ("is", "is-not") for town in ("Ulm", "Bonn")}
    assert towns


def test_one_cluster_has_no_rule():
    assert rules_of(habits(1), ("Recency", "Orders", "Revenue"), 1)[0] == ()


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [
        (41.0, 63.0, 50.0),
        (3.0, 4.0, 4.0),
        (0.0, 1.0, 1.0),
        (-3.0, 2.0, 0.0),
        (-63.0, -41.0, -50.0),
        (0.31, 0.329, 0.32),
        (1234.5, 1234.9, 1234.8),
        (0.0, 1e-7, 1e-7),
        (999.0, 1001.0, 1000.0),
        (1.0, 1.0000000000000002, 1.0000000000000002),
    ],
)
def test_the_roundest_number_above_one_and_up_to_another(low, high, number):
    assert roundest(low, high) == number
