"""Files that list the customers in the known order, and files that nearly do, give the same result."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.importing.columns.validation import Accepted
from customers.importing.version import building, digests, merging, staging
from customers.models import Customer, CustomerImport

FIRST = "CustomerID,Name,Age\n1,Ann,30\n2,Bob,\n3,Eve,32\n"


@pytest.fixture
def unstaged(monkeypatch):
    """Fail if anything is staged from now on."""

    def refuse(*_):
        raise AssertionError("the file was staged")

    return lambda: monkeypatch.setattr(building, "stage", refuse)


@pytest.fixture
def staged(monkeypatch):
    """Names of the files that were staged."""
    seen, stage = [], staging.stage

    def watch(customer_import, *rest):
        seen.append(customer_import.original_name)
        return stage(customer_import, *rest)

    monkeypatch.setattr(building, "stage", watch)
    return seen


def ids_of(dataset):
    dataset.refresh_from_db()
    return dict(Customer.objects.of(dataset).values_list("customer_id", "id"))


def test_the_same_customers_in_other_bytes_make_no_version(import_file, counts, dataset, unstaged):
    first = import_file(FIRST)
    unstaged()
    assert counts(import_file(FIRST.replace("\n", "\r\n"))) == (3, 0, 0, 3, 0)
    dataset.refresh_from_db()
    assert dataset.current_version == first


def test_changes_and_new_customers_keep_the_others(import_file, counts, customers, dataset, unstaged):
    import_file(FIRST)
    known = ids_of(dataset)
    unstaged()
    done = import_file(FIRST.replace("Eve", "Eva") + "4,Zoë,\n5,Jo,50\n")
    assert counts(done) == (5, 2, 1, 2, 0)
    assert customers() == {
        "1": ["Ann", 30],
        "2": ["Bob", None],
        "3": ["Eva", 32],
        "4": ["Zoë", None],
        "5": ["Jo", 50],
    }
    assert {name: key for name, key in ids_of(dataset).items() if name in known} == known
    assert done.customer_count == 5


@pytest.mark.parametrize("at", [10, 60_000, 99_999])
def test_a_late_change_copies_the_customers_before_it(import_file, counts, dataset, unstaged, at):
    lines = [f"{number},name {number},{number % 90 + 1}" for number in range(100_000)]
    import_file("\n".join(["CustomerID,Name,Age", *lines]))
    unstaged()
    lines[at] = lines[at].replace("name", "nom")
    done = import_file("\n".join(["CustomerID,Name,Age", *lines]))
    assert counts(done) == (100_000, 0, 1, 99_999, 0)
    assert len(ids_of(dataset)) == 100_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("CustomerID,Name,Age\n3,Eve,33\n2,Bob,\n1,Ann,30\n", (3, 0, 1, 2, 0)),  # another order
        ("CustomerID,Name,Age\n1,Ann,31\n3,Eve,32\n4,x,1\n", (3, 1, 1, 1, 0)),  # a customer is missing
        ("CustomerID,Name\n1,Ann\n2,Bob\n3,Eva\n", (3, 0, 1, 2, 0)),  # a column is missing
        ("CustomerID,Name,Age\n1,Anna,\n2,Bob,\n3,Eve,32\n", (3, 0, 1, 2, 0)),  # a value that is kept
        (FIRST + "4,a,1\n4,b,2\n", (5, 0, 0, 3, 2)),  # a new customer twice, with different values
        (FIRST + "4,a,1\n1,Ann,30\n", (5, 1, 0, 3, 1)),  # a known customer again
    ],
)
def test_other_files_are_joined(import_file, counts, staged, content, expected):
    import_file(FIRST)
    assert counts(import_file(content, "next.csv")) == expected
    assert staged == ["next.csv"]


def test_an_empty_cell_deletes_a_value_on_request(import_file, counts, customers, unstaged):
    import_file(FIRST)
    unstaged()
    assert counts(import_file(FIRST.replace("32", ""), clears_missing=True)) == (3, 0, 1, 2, 0)
    assert customers()["3"] == ["Eve", None]


# ---- Unchanged blocks --------------------------------------------------------------------------------------


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(digests, "BLOCK_ROWS", 4)


@pytest.fixture
def readings(monkeypatch):
    """The number of customers read from the database, for each read."""
    counts, read = [], merging._Version._read_known

    def watch(version, count):
        counts.append(count)
        return read(version, count)

    monkeypatch.setattr(merging._Version, "_read_known", watch)
    return counts


def listed(values):
    return "CustomerID,Age\n" + "".join(f"{n},{value}\n" for n, value in enumerate(values, 1))


def test_customers_in_unchanged_blocks_are_not_read(import_file, counts, small_blocks, readings):
    import_file(listed([30] * 10))
    assert counts(import_file(listed([30] * 10).replace("\n", "\r\n"))) == (10, 0, 0, 10, 0)
    assert readings == []


@pytest.mark.parametrize("changed", [{1}, {6}, {10}, {1, 10}, {4, 5}, {2, 6, 9}])
def test_changed_blocks_are_read_and_the_others_copied(
    import_file, counts, customers, dataset, small_blocks, readings, unstaged, changed
):
    import_file(listed([30] * 10))
    known = ids_of(dataset)
    unstaged()
    ages = [31 if n in changed else 30 for n in range(1, 11)]
    for content in (listed(ages), listed([*ages, 50, 51])):
        done = import_file(content)
        assert done.job.state == "succeeded", done.job.error
    assert {int(n): age for n, (age,) in customers().items()} == dict(enumerate([*ages, 50, 51], 1))
    assert {name: key for name, key in ids_of(dataset).items() if name in known} == known
    assert sum(readings) < 20
    assert counts(import_file(listed([*ages, 50, 51]).replace("\n", "\r\n"))) == (12, 0, 0, 12, 0)


def test_the_same_cells_under_another_name_are_another_block(import_file, counts, customers, small_blocks):
    import_file("CustomerID,A,B\n1,x,\n2,,y\n")
    assert counts(import_file("CustomerID,A,B\n1,,x\n2,y,\n", clears_missing=True)) == (2, 0, 2, 0, 0)
    assert customers() == {"1": [None, "x"], "2": ["y", None]}


def test_a_version_that_was_joined_has_no_digests_and_is_read(import_file, counts, small_blocks, readings):
    import_file(listed([30] * 10))
    import_file("CustomerID,Age\n3,40\n")
    content = listed([30, 30, 40, *[30] * 7])
    assert counts(import_file(content)) == (10, 0, 0, 10, 0)
    assert sum(readings) in (0, 10)  # joined customers may be in another order, and are then staged


def test_a_customer_removed_from_a_version_is_noticed(import_file, counts, dataset, small_blocks):
    first = import_file(listed([30] * 10))
    Customer.objects.filter(version_id=first.pk, customer_id="10").delete()
    CustomerImport.objects.filter(pk=first.pk).update(customer_count=9)
    assert counts(import_file(listed([30] * 10).replace("\n", "\r\n"))) == (10, 1, 0, 9, 0)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(0, 12), max_size=4), other=st.lists(st.integers(0, 12), max_size=4))
def test_a_digest_is_the_same_however_the_rows_are_cut(cuts, other):
    ids = pa.array([f"c{number}" for number in range(12)])
    texts = pa.array(["a", None, "", "é"] * 3)
    rows = Accepted(np.arange(12), ids, {0: np.array([1.0, np.nan, -2.0] * 4)}, {1: texts})

    def digest_of(places):
        bounds = [0, *sorted(places), 12]
        parts = [rows.part(start, stop) for start, stop in itertools.pairwise(bounds)]
        return [block.digest() for block in digests.in_blocks(parts)]

    assert digest_of(cuts) == digest_of(other)
