"""A row with a cell that cannot be read may come in without that cell: counted apart, and listed."""

import json

import pytest

from customers.exports import rejects

FILE = (
    "CustomerID,Age,Joined,City\n"
    "1,30,2024-05-01,Rome\n"
    "2,x,2024-05-02,Oslo\n"
    "3,31,soon,Bonn\n"
    ",32,2024-05-03,Bern\n"
)


@pytest.fixture
def said(command, write, transactional_db):
    def call(*options, content=FILE):
        arguments = ["--dataset", "Shop", "--map", "Joined=date", "--json", *options]
        return json.loads(command("import_customers", str(write(content)), *arguments))

    return call


def test_by_default_the_row_is_rejected(said, dataset, customers):
    done = said()
    assert (done["created"], done["rejected"], done["emptied"]) == (1, 3, 0)
    assert list(customers()) == ["1"]


def test_asked_for_the_cell_is_left_empty_and_the_row_comes_in(said, dataset, customers):
    done = said("--bad-cells", "empty")
    assert (done["read"], done["created"], done["rejected"], done["emptied"]) == (4, 3, 1, 2)
    assert customers() == {
        "1": [30.0, "2024-05-01", "Rome"],
        "2": [None, "2024-05-02", "Oslo"],
        "3": [31.0, None, "Bonn"],
    }
    listed = dataset.imports.get().rejected_rows.values_list("line", "column", "value", "is_kept")
    assert list(listed) == [(3, "Age", "x", True), (4, "Joined", "soon", True), (5, "CustomerID", "", False)]


def test_a_cell_left_empty_keeps_the_value_that_was_known(said, dataset, customers):
    said()
    said("--bad-cells", "empty", content="CustomerID,Age,Joined,City\n1,thirty,2024-05-01,Rome\n")
    assert customers()["1"] == [30.0, "2024-05-01", "Rome"]


def test_the_same_file_again_tells_the_same(said, dataset):
    said("--bad-cells", "empty")
    again = said("--bad-cells", "empty")
    assert (again["unchanged"], again["rejected"], again["emptied"]) == (3, 1, 2)
    latest = dataset.imports.first()
    assert latest.rejected_rows.filter(is_kept=True).count() == 2


def test_the_download_says_what_became_of_each_row(said, dataset):
    said("--bad-cells", "empty")
    written = list(rejects.rows(dataset.imports.get()))
    assert [(row[0], row[1]) for row in written] == [
        (3, "Age: This is not a number. The row was imported with this cell left empty."),
        (4, "Joined: Not a date in the form 2026-12-31. The row was imported with this cell left empty."),
        (5, "CustomerID: The customer id is missing."),
    ]
