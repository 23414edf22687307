import numpy as np
import pyarrow as pa
import pytest

from customers.importing.columns.mapping import ColumnMapping
from customers.importing.columns.validation import Validator
from customers.importing.files.rows import Batch


def validate(cells, **column):
    """Validate a column of cells; return its values and the (line, value, reason) of its rejects."""
    use = column.pop("use", "number")
    columns = [ColumnMapping("id", "id"), ColumnMapping("X", use, "X", **column)]
    ids = [f"c{number}" for number in range(len(cells))]
    batch = Batch((pa.array(ids, pa.string()), pa.array(cells, pa.string())), np.arange(2, 2 + len(cells)))
    done = Validator(columns, {"X": 0}, has_nul=True).validate(batch)
    values = done.accepted.numbers[0].tolist() if use == "number" else done.accepted.texts[0].to_pylist()
    assert done.rejected_rows + len(values) + done.blank == len(cells)
    return values, [(reject.line, reject.value, reject.reason) for reject in done.rejects]


def ids_of(ids):
    batch = Batch((pa.array(ids, pa.string()), pa.array(["x"] * len(ids))), np.arange(2, 2 + len(ids)))
    columns = [ColumnMapping("id", "id"), ColumnMapping("X", "text", "X")]
    done = Validator(columns, {"X": 0}, has_nul=True).validate(batch)
    return done.accepted.ids.to_pylist(), [reject.reason for reject in done.rejects]


@pytest.mark.parametrize(
    "cell",
    [
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "1e400",
        "1_000",
        "１２",
        "١٢",
        "0x1A",
        "1,5",
        "$5",
        "5 €",
        "5k",
        "10%",
        "1 000",
        "--1",
        "1e",
        "e5",
        ".",
        "+",
        "1.2.3",
        "9007199254740993",
        "12345678901234567890",
    ],
)
def test_cells_that_are_not_numbers_are_rejected(cell):
    values, rejects = validate(["1", cell, "2"])
    assert values == [1, 2]
    assert [(line, value) for line, value, _ in rejects] == [(3, cell)]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("5", 5),
        (" 5 ", 5),
        ("\u00a05\t", 5),
        ("+5", 5),
        ("-.5", -0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("007", 7),
        ("1e15", 1e15),
        ("9007199254740992", 2.0**53),
    ],
)
def test_numbers_are_read_exactly(cell, value):
    assert validate([cell]) == ([value], [])


@pytest.mark.parametrize(
    ("format_", "good", "bad"),
    [
        ({"decimal": ","}, {"1,5": 1.5, "2": 2}, ["1.5", "1,5,0"]),
        ({"decimal": ",", "thousands": "."}, {"1.234,56": 1234.56, "12,5": 12.5}, ["1.23,5", "1,234.56"]),
        ({"thousands": ","}, {"1,234,567": 1234567, "1234": 1234}, ["12,34", "1,23"]),
        ({"decimal": ",", "thousands": " "}, {"1 234,5": 1234.5, "1\u202f234": 1234}, ["1 23"]),
        ({"thousands": "'"}, {"1'234": 1234, "1’234": 1234}, ["1'2"]),
        ({"symbol": "$"}, {"$5": 5, "-$5": -5, "$-5": -5, "5": 5, "5 $": 5}, ["€5", "$", "$5$"]),
        ({"symbol": "%"}, {"10%": 10, "10 %": 10}, ["%%1"]),
        ({"missing": ("n/a", "?")}, {"N/A": None, "?": None, "": None}, ["-"]),
    ],
)
def test_a_declared_format_accepts_nothing_else(format_, good, bad):
    values, rejects = validate([*good, *bad], **format_)
    assert [None if np.isnan(value) else value for value in values] == list(good.values())
    assert [value for _, value, _ in rejects] == bad


def test_what_the_first_rows_left_open_is_not_guessed_further_down():
    values, rejects = validate(["312", "1.234", "12.5", "1,5"], is_unproven=True)
    assert values == [312, 12.5]
    assert [value for _, value, _ in rejects] == ["1.234", "1,5"]
    assert "can mean two numbers" in rejects[0][2]


def test_ranges_reject_in_plain_words():
    values, rejects = validate(["0", "1", "1.5", "3", "4", ""], minimum=1, maximum=3, is_whole=True)
    assert values[:2] == [1, 3]
    assert np.isnan(values[2])
    assert [reason for *_, reason in rejects] == [
        "The minimum allowed is 1.",
        "Only whole numbers are allowed here.",
        "The maximum allowed is 3.",
    ]


@pytest.mark.parametrize(
    "cell", ["Null", "NA", "None", "nan", "true", "1_000", "José", "<script>", "🦄", "a'b", "-"]
)
def test_texts_are_taken_as_they_are(cell):
    assert validate([cell], use="text") == ([cell], [])


def test_a_text_with_nul_is_rejected_and_shown():
    assert validate(["a\0b"], use="text")[1][0][1] == "a␀b"


def test_the_escaping_of_an_export_is_undone_exactly():
    assert validate(["'=1+1", "''=x", "'quoted'", "=1+1"], use="text")[0] == [
        "=1+1",
        "'=x",
        "'quoted'",
        "=1+1",
    ]
    assert validate(["'-5"])[0] == [-5]


def test_dates_become_iso_and_impossible_ones_are_rejected():
    good = {"31.12.2026": "2026-12-31", "1/2/2026": "2026-02-01", "2026-01-09": "2026-01-09", "": None}
    bad = ["31/02/2026", "01/02/03", "0/1/2026", "1/13/2026"]
    values, rejects = validate([*good, *bad], use="date", order="day-first")
    assert values == list(good.values())
    assert [value for _, value, _ in rejects] == bad
    assert validate(["2024-02-29", "2023-02-29"], use="date")[0] == ["2024-02-29"]


def test_ids_are_kept_to_the_letter():
    kept = ["0001", "12345678901234567890", "a b", "Ä"]
    assert ids_of(kept) == (kept, [])
    assert ids_of(["A\u0308"])[0] == ["Ä"]  # the same customer, however the accent was typed


def test_invalid_ids_are_rejected():
    kept, reasons = ids_of(["", "x" * 201, "a\0b", "ok"])
    assert kept == ["ok"]
    assert len(reasons) == 3


def test_a_row_with_two_bad_cells_is_one_row_with_two_reasons():
    columns = [
        ColumnMapping("id", "id"),
        ColumnMapping("A", "number", "A"),
        ColumnMapping("B", "number", "B"),
    ]
    batch = Batch((pa.array(["1"]), pa.array(["x"]), pa.array(["y"])), np.array([2]))
    done = Validator(columns, {"A": 0, "B": 1}, has_nul=False).validate(batch)
    assert done.rejected_rows == 1
    assert [(reject.column, reject.cells) for reject in done.rejects] == [("A", ("1", "x", "y")), ("B", None)]


def test_a_row_without_any_value_is_blank():
    columns = [ColumnMapping("id", "id"), ColumnMapping("A", "number", "A")]
    batch = Batch((pa.array(["", " ", ""]), pa.array(["", "\t", "5"])), np.array([2, 3, 4]))
    done = Validator(columns, {"A": 0}, has_nul=False).validate(batch)
    assert (done.blank, done.rejected_rows) == (2, 1)
