"""What is proposed for a dataset: looked at once, and the same whatever the order of the file."""

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as NoConnection

from customers.storage import samples
from segmentation.runs import proposals
from segmentation.runs.proposals import DatasetProposal, count_customers, is_counted, propose

pytestmark = pytest.mark.django_db
RANDOM = np.random.default_rng(0)
REVENUE = RANDOM.lognormal(3, 1.5, 100).round(2).tolist()
VISITS = RANDOM.integers(0, 40, 100).astype(float).tolist()


@pytest.fixture
def shop_with_all_kinds(make_dataset, give_texts):
    dataset = make_dataset({"Revenue": REVENUE, "Visits": [None, *VISITS[1:]], "Country": [4.0] * 100})
    give_texts(dataset, "date", "Last order", [f"2026-01-{1 + number % 28:02}" for number in range(100)])
    give_texts(dataset, "text", "Region", ["north", "south"] * 49 + [None, "east"])
    return dataset


def test_every_attribute_is_proposed_or_has_a_reason(shop_with_all_kinds):
    proposal = propose(shop_with_all_kinds)
    assert proposal.used == ["Revenue", "Visits", "Last order"]
    assert [each.code for each in proposal.attributes] == ["value", "value", "constant", "latest", "text"]
    assert proposal.logarithms(["Revenue", "Visits", "Last order"]) == ("Revenue",)


def test_what_is_known_of_all_customers_is_exact(shop_with_all_kinds):
    columns = {each.name: each for each in propose(shop_with_all_kinds).columns}
    assert (columns["Visits"].counts.known, columns["Visits"].counts.missing) == (99, 1)
    assert (columns["Last order"].counts.minimum, columns["Last order"].counts.maximum) == (0, 27)
    assert columns["Region"].distinct == 3


def test_a_version_is_looked_at_once(shop_with_all_kinds):
    first = propose(shop_with_all_kinds)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert propose(shop_with_all_kinds) == first
    assert len(queries) == 1  # the attributes


def test_without_a_cache_people_go_on_working(shop_with_all_kinds, monkeypatch):
    def fail(*_: object) -> None:
        raise NoConnection("no cache")

    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "set", fail)
    assert propose(shop_with_all_kinds).used == ["Revenue", "Visits", "Last order"]
    assert count_customers(shop_with_all_kinds, list(shop_with_all_kinds.attributes.all())) == 98


def test_a_dataset_without_customers_has_no_proposal(make_dataset):
    assert propose(make_dataset()) == DatasetProposal()


def test_customers_with_every_value_are_counted(shop_with_all_kinds):
    known = {each.name: each for each in shop_with_all_kinds.attributes.all()}
    assert count_customers(shop_with_all_kinds, [known["Visits"], known["Last order"]]) == 99
    assert count_customers(shop_with_all_kinds, [known["Visits"], known["Region"]]) == 98
    assert count_customers(shop_with_all_kinds, []) == 100


def test_the_order_of_the_customers_changes_nothing_in_a_sample(make_dataset, monkeypatch):
    monkeypatch.setattr(samples, "FEWEST_ROWS", 10)
    monkeypatch.setattr(samples, "SAMPLE_ROWS", 30)
    dataset = make_dataset({"Revenue": REVENUE, "Visits": VISITS})
    version, attributes = dataset.current_version, list(dataset.attributes.all())
    found = samples.read_sample(version.pk, 100, attributes)
    assert 15 < len(found[0]) < 45
    with connection.cursor() as cursor:  # as if the file had been in another order
        cursor.execute("UPDATE customers_customer SET id = 5000 - id WHERE version_id = %s", [version.pk])
    again = samples.read_sample(version.pk, 100, attributes)
    assert sorted(zip(*again, strict=True)) == sorted(zip(*found, strict=True))


def test_large_datasets_are_not_looked_at_before_they_are_counted(shop, monkeypatch):
    assert is_counted(shop)
    monkeypatch.setattr(proposals, "COUNTED_AT_ONCE", 99)
    assert not is_counted(shop)
    propose(shop)
    assert is_counted(shop)
