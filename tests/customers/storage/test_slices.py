"""Arrays that PostgreSQL stores out of line: every value is found in its place, across slices."""

import csv
import io
import random

import numpy as np
import pytest
from django.db import connection

from customers.exports.csv import write_csv
from customers.exports.customer_list import ListCounter, customer_list
from customers.models import Customer
from customers.overview import overview_of
from customers.storage.columns import read_numbers, read_texts
from customers.storage.partitions import partition_name
from customers.storage.slices import WIDTH

pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS, TEXTS = 5 * WIDTH + 3, 2 * WIDTH + 1
# How many leading values each customer has: at the ends of slices, next to them, and none.
KNOWN = [1_000, 1_000, 2 * WIDTH + 1, 2 * WIDTH, 2 * WIDTH - 1, WIDTH + 1, WIDTH, WIDTH - 1, 1, 0]


def make_rows(seed):
    """Customers by id: incompressible numbers, and texts; after some position all are missing."""
    random.seed(seed)
    return {
        f"C{row}": [
            *(random.random() if is_known(row, at, known) else None for at in range(NUMBERS)),
            *(f"x{random.random()}" if is_known(row, at, known) else None for at in range(TEXTS)),
        ]
        for row, known in enumerate(KNOWN)
    }


def is_known(row, at, known):
    return row == 0 or (at < known and random.random() < 0.9)


def as_csv(rows):
    names = [*(f"n{at}" for at in range(NUMBERS)), *(f"t{at}" for at in range(TEXTS))]
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["id", *names], *([key, *values] for key, values in rows.items())])
    return stream.getvalue()


@pytest.fixture
def rows(import_file, dataset):
    found = make_rows(0)
    done = import_file(as_csv(found))
    assert done.created_count == len(KNOWN), done.job.error
    dataset.refresh_from_db()
    return found


def values_at(rows, place):
    return [values[place] for values in rows.values()]


def toasted_bytes(version):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = %s",
            [partition_name(Customer, version)],
        )
        return cursor.fetchone()[0]


def test_the_arrays_are_stored_out_of_line(rows, dataset):
    assert toasted_bytes(dataset.current_version_id) > 0


def test_a_list_has_every_value_in_its_column(rows, dataset):
    listed = customer_list(dataset, Customer.objects.of(dataset))
    written = b"".join(write_csv(listed, ListCounter())).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(written, newline="")))[1:]
    assert len(found) == len(rows)
    for cells, (key, values) in zip(found, rows.items(), strict=True):
        assert cells[0] == key
        assert [float(cell) if cell else None for cell in cells[1 : NUMBERS + 1]] == values[:NUMBERS]
        assert [cell or None for cell in cells[NUMBERS + 1 :]] == values[NUMBERS:]


def test_the_overview_counts_every_attribute_by_itself(rows, dataset):
    found = list(overview_of(dataset).values())
    assert len(found) == NUMBERS + TEXTS
    for place, each in enumerate(found):
        known = [value for value in values_at(rows, place) if value is not None]
        assert (each.known, each.missing) == (len(known), len(rows) - len(known))
        if place < NUMBERS:
            assert (each.minimum, each.maximum) == (min(known), max(known))
            assert each.mean == pytest.approx(sum(known) / len(known))
            assert sum(each.counts) == (len(known) if len(known) > 1 else 0)


def test_columns_are_read_in_the_order_they_are_asked_for(rows, dataset):
    places = [NUMBERS - 1, WIDTH, 0, WIDTH - 1, 2 * WIDTH, WIDTH + 1]
    _, values = read_numbers(dataset.current_version_id, places)
    expected = np.array([values_at(rows, place) for place in places], float).T
    np.testing.assert_array_equal(values, expected)
    at = [TEXTS - 1, 0, WIDTH]
    texts = read_texts(dataset.current_version_id, at, max_distinct=100)
    assert texts == [values_at(rows, NUMBERS + place) for place in at]


def test_a_text_with_too_many_values_is_passed_over_beside_another(rows, dataset, monkeypatch):
    monkeypatch.setattr("customers.storage.columns.CHUNK_ROWS", 2)
    first, last = read_texts(dataset.current_version_id, [0, TEXTS - 1], max_distinct=5)
    assert first is None
    assert last == values_at(rows, NUMBERS + TEXTS - 1)


@pytest.mark.parametrize("clears", [False, True])
def test_a_next_file_is_merged_value_by_value(rows, dataset, import_file, customers, clears):
    # The last numbers are not in the file, which has other values for each customer.
    left_out = slice(NUMBERS - 10, NUMBERS)
    later = {key: list(values) for key, values in zip(rows, reversed(make_rows(1).values()), strict=True)}
    table = [
        line[: left_out.start + 1] + line[left_out.stop + 1 :]
        for line in csv.reader(as_csv(later).splitlines())
    ]
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(table)
    done = import_file(stream.getvalue(), clears_missing=clears)
    assert done.updated_count > 5, done.job.error

    def merged(at, before, after):
        is_in_file = not left_out.start <= at < left_out.stop
        return after if is_in_file and (clears or after is not None) else before

    assert customers() == {
        key: [merged(at, *pair) for at, pair in enumerate(zip(values, later[key], strict=True))]
        for key, values in rows.items()
    }
    for customer in Customer.objects.of(dataset):
        for array in (customer.numbers, customer.texts):
            assert not array or array[-1] is not None, "arrays have no missing value at their end"
