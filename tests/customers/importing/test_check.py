"""What an import would do is told before anything is written, and it is what the import then does."""

import pytest

from customers.importing import check
from customers.importing.check import check_file
from customers.importing.columns.mapping import ColumnMapping
from customers.models import Customer

COLUMNS = [
    ColumnMapping("CustomerID", "id"),
    ColumnMapping("Age", "number", "Age"),
    ColumnMapping("Joined", "date", "Joined", order="day-first"),
    ColumnMapping("Notes", "skip"),
]
FILE = (
    "CustomerID,Age,Joined,Notes\n"
    "1,30,21.05.2024,a\n"
    "2,x,22.05.2024,b\n"
    "3,31,soon,c\n"
    ",32,23.05.2024,d\n"
    "5,33,24.05.2024,e\n"
    "5,34,24.05.2024,e\n"
    "6,35,25.05.2024,f\n"
    "6,35,25.05.2024,f\n"
    "7,36\n"
)


def told(file, *, empties):
    found = check_file(file, COLUMNS, empties_bad_cells=empties)
    return found.read, found.rejected, found.emptied


@pytest.mark.parametrize(("empties", "rejected", "emptied"), [(False, 7, 0), (True, 5, 2)])
def test_it_tells_what_the_import_then_does(look, import_file, dataset, empties, rejected, emptied):
    assert told(look(FILE), empties=empties) == (9, rejected, emptied)
    assert not Customer.objects.exists()
    done = import_file(FILE, columns=tuple(COLUMNS), empties_bad_cells=empties)
    assert (done.read_count, done.rejected_count, done.emptied_count) == (9, rejected, emptied)


def test_reasons_are_counted_with_examples(look):
    reasons = check_file(look(FILE), COLUMNS, empties_bad_cells=False).reasons
    found = {(each.column, each.count): each.examples for each in reasons}
    assert found["CustomerID", 2] == [(6, "5"), (7, "5")]
    assert found["Age", 1] == [(3, "x")]
    assert found["Joined", 1] == [(4, "soon")]


def test_the_preview_shows_what_will_be_stored_beside_what_is_written(look):
    rows = check_file(look(FILE), COLUMNS, empties_bad_cells=False).preview
    assert [row.line for row in rows] == list(range(2, 10))
    first, bad = rows[0].cells, rows[1]
    assert [(cell.written, cell.stored, cell.is_changed) for cell in first] == [
        ("1", "1", False),
        ("30", 30.0, False),
        ("21.05.2024", "2024-05-21", True),
        ("a", None, False),
    ]
    assert bad.reason
    assert bad.cells[1].reason
    assert [row.line for row in rows if row.reason] == [3, 4, 5, 6, 7, 9]


def test_of_a_large_file_only_the_first_rows_are_read(look, monkeypatch):
    monkeypatch.setattr(check, "BATCHES", 1)
    rows = [f"{number},30,21.05.2024,{'x' * 500}\n" for number in range(4000)]
    found = check_file(
        look("CustomerID,Age,Joined,Notes\n" + "".join(rows)), COLUMNS, empties_bad_cells=False
    )
    assert 0 < found.read < 4000
    assert not found.is_whole
