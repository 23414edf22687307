"""A run's assignments: written as one partition, read back packed."""

import numpy as np
import pytest

from customers.models import Customer
from customers.storage.columns import read_numbers, read_texts
from segmentation.models import ClusterAssignment
from segmentation.runs import assignments

pytestmark = pytest.mark.django_db(transaction=True)


def test_membership_is_read_as_it_was_written(shop, execute_a_run, monkeypatch):
    run = execute_a_run(shop)
    monkeypatch.setattr(assignments, "BLOCK_ROWS", 7)
    membership = assignments.read_membership(run)
    segment_of = dict(run.clusters.values_list("label", "segment_id"))
    rows = ClusterAssignment.objects.filter(run=run).order_by("customer_id")
    assert len(membership.customer_ids) == 100
    for row, customer_id, segment_id in zip(
        rows, membership.customer_ids, membership.segment_ids, strict=True
    ):
        assert (row.customer_id, segment_of[row.label]) == (customer_id, segment_id)


def test_every_run_has_a_partition_of_its_own(shop, execute_a_run):
    first, second = execute_a_run(shop), execute_a_run(shop)
    for run in (first, second):
        assert ClusterAssignment.objects.filter(run=run).count() == 100


def test_columns_are_read_in_chunks_in_the_order_of_the_ids(shop, monkeypatch):
    monkeypatch.setattr("customers.storage.columns.CHUNK_ROWS", 7)
    ids, values = read_numbers(shop.current_version_id, [1, 0])
    expected = [list(c.numbers[::-1]) for c in Customer.objects.of(shop).order_by("id")]
    assert ids.tolist() == list(range(1, 101))
    np.testing.assert_array_equal(values, expected)


def test_missing_values_are_nan_also_where_the_array_is_short(make_dataset):
    dataset = make_dataset({"Income": [1.0, None], "Score": [None, None]})
    Customer.objects.of(dataset).filter(id=2).update(numbers=[])
    _, values = read_numbers(dataset.current_version_id, [0, 1])
    np.testing.assert_array_equal(values, [[1.0, np.nan], [np.nan, np.nan]])


def test_texts_of_ever_new_values_are_passed_over(shop):
    Customer.objects.of(shop).update(texts=["Bern"])
    Customer.objects.of(shop).filter(id=3).update(texts=["Chur"])
    (texts,) = read_texts(shop.current_version_id, [0], max_distinct=2)
    assert texts is not None
    assert texts[:3] == ["Bern", "Bern", "Chur"]
    assert read_texts(shop.current_version_id, [0], max_distinct=1) == [None]


def test_a_version_without_customers_has_empty_columns(make_dataset):
    dataset = make_dataset({"Income": []})
    assert read_numbers(dataset.current_version_id, [])[0].shape == (0,)
    assert read_numbers(dataset.current_version_id, [0])[1].shape == (0, 1)
