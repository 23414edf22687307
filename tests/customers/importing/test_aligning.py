"""Files that list the customers in the order known, and those that nearly do: the outcome is the same."""

import pytest

from customers.importing import executing, staging

FIRST = "CustomerID,Name,Age\n1,Ann,30\n2,Bob,\n3,Eve,32\n"


@pytest.fixture
def unstaged(monkeypatch):
    """Nothing may be staged from now on."""

    def refuse(*_):
        raise AssertionError("the file was staged")

    return lambda: monkeypatch.setattr(executing.staging, "stage", refuse)


@pytest.fixture
def staged(monkeypatch):
    """Names of the files that were staged."""
    seen, stage = [], staging.stage

    def watch(customer_import, *rest):
        seen.append(customer_import.original_name)
        return stage(customer_import, *rest)

    monkeypatch.setattr(executing.staging, "stage", watch)
    return seen


def ids_of(dataset):
    from customers.models import Customer

    dataset.refresh_from_db()
    return dict(Customer.objects.of(dataset).values_list("customer_id", "id"))


def test_the_same_customers_in_other_bytes_make_no_version(bring, counts, dataset, unstaged):
    first = bring(FIRST)
    unstaged()
    assert counts(bring(FIRST.replace("\n", "\r\n"))) == (3, 0, 0, 3, 0)
    dataset.refresh_from_db()
    assert dataset.current_version == first


def test_changes_and_new_customers_keep_the_others(bring, counts, customers, dataset, unstaged):
    bring(FIRST)
    known = ids_of(dataset)
    unstaged()
    done = bring(FIRST.replace("Eve", "Eva") + "4,Zoë,\n5,Jo,50\n")
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
def test_a_change_far_below_takes_over_what_stands_above(bring, counts, dataset, unstaged, at):
    lines = [f"{number},name {number},{number % 90 + 1}" for number in range(100_000)]
    bring("\n".join(["CustomerID,Name,Age", *lines]))
    unstaged()
    lines[at] = lines[at].replace("name", "nom")
    done = bring("\n".join(["CustomerID,Name,Age", *lines]))
    assert counts(done) == (100_000, 0, 1, 99_999, 0)
    assert len(ids_of(dataset)) == 100_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("CustomerID,Name,Age\n3,Eve,33\n2,Bob,\n1,Ann,30\n", (3, 0, 1, 2, 0)),  # another order
        ("CustomerID,Name,Age\n1,Ann,31\n3,Eve,32\n4,x,1\n", (3, 1, 1, 1, 0)),  # somebody is not there
        ("CustomerID,Name\n1,Ann\n2,Bob\n3,Eva\n", (3, 0, 1, 2, 0)),  # a column is not there
        ("CustomerID,Name,Age\n1,Anna,\n2,Bob,\n3,Eve,32\n", (3, 0, 1, 2, 0)),  # a value that is kept
        (FIRST + "4,a,1\n4,b,2\n", (5, 0, 0, 3, 2)),  # a new customer in two ways
        (FIRST + "4,a,1\n1,Ann,30\n", (5, 1, 0, 3, 1)),  # a known one once more
    ],
)
def test_other_files_are_joined(bring, counts, staged, content, expected):
    bring(FIRST)
    assert counts(bring(content, "next.csv")) == expected
    assert staged == ["next.csv"]


def test_an_empty_cell_clears_a_value_if_somebody_says_so(bring, counts, customers, unstaged):
    bring(FIRST)
    unstaged()
    assert counts(bring(FIRST.replace("32", ""), clears_missing=True)) == (3, 0, 1, 2, 0)
    assert customers()["3"] == ["Eve", None]
