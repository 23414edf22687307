"""Files that people really upload: each has a verdict, and none ends in a traceback.

The numbers before the names are those in bad_inputs.txt; tests in other files are marked with them.
"""

import gzip
import re
from pathlib import Path

import pytest

from customers.importing.errors import ImportRefusedError
from customers.importing.pipeline import store_import
from customers.storage.uploads import path_of

GOOD = "CustomerID,Gender,Age\n1,Male,30\n"


def utf8(text):
    return text.encode()


def numbered(cases):
    """Names of cases, marked with the number at their beginning."""
    numbers = {name: re.match(r"\d+", name) for name in cases}
    return [
        pytest.param(name, marks=pytest.mark.bad_input(int(number[0])) if number else ())
        for name, number in numbers.items()
    ]


ACCEPTED = {
    "5 utf-8 with a byte-order mark": (b"\xef\xbb\xbf" + utf8(GOOD), {"1": ["Male", 30]}),
    "6 utf-16, little endian": (GOOD.encode("utf-16"), {"1": ["Male", 30]}),
    "6 utf-16, big endian": (b"\xfe\xff" + GOOD.encode("utf-16-be"), {"1": ["Male", 30]}),
    "16 returns alone": (utf8(GOOD.replace("\n", "\r")), {"1": ["Male", 30]}),
    "17 mixed line ends": (b"CustomerID,Age\r\n1,30\n2,31\r3,32", {"1": [30], "2": [31], "3": [32]}),
    "19 semicolons": (utf8(GOOD.replace(",", ";")), {"1": ["Male", 30]}),
    "20 tabs": (utf8(GOOD.replace(",", "\t")), {"1": ["Male", 30]}),
    "21 bars": (utf8(GOOD.replace(",", "|")), {"1": ["Male", 30]}),
    "22 a sep= line": (utf8("sep=;\r\n" + GOOD.replace(",", ";")), {"1": ["Male", 30]}),
    "23 a quoted delimiter": (b'CustomerID,Name\n1,"a,b"\n', {"1": ["a,b"]}),
    "24 a quoted line break": (b'CustomerID,Name\n2,"two\nlines"\n', {"2": ["two\nlines"]}),
    "25 doubled quotation marks": (b'CustomerID,Name\n3,"say ""hi"""\n', {"3": ['say "hi"']}),
    "33 padding and invisible characters in the header": (
        " customer\u00a0ID ,A\u200bge\n 1 , 30 \n".encode(),
        {"1": [30]},
    ),
    "39 a comma at every line's end": (b"CustomerID,Age,\n1,30,\n2,31,\n", {"1": [30], "2": [31]}),
    "39 a comma at the end of the rows alone": (b"CustomerID,Age\n1,30,\n2,31,\n", {"1": [30], "2": [31]}),
    "65 leading zeros": (b"CustomerID,Age\n0001,30\n001,31\n", {"0001": [30], "001": [31]}),
    "66 twenty digits": (b"CustomerID,Age\n12345678901234567890,30\n", {"12345678901234567890": [30]}),
    "72 a decimal comma": (b"CustomerID;Spend\n1;1.234,56\n2;7,5\n", {"1": [1234.56], "2": [7.5]}),
    "76 words that other readers take for nothing": (
        b"CustomerID,Surname,Country\n1,Null,NA\n2,None,DE\n3,nan,FR\n",
        {"1": ["Null", "NA"], "2": ["None", "DE"], "3": ["nan", "FR"]},
    ),
    "79 a formula": (b"CustomerID,Name\n1,=cmd|'/C calc'!A0\n", {"1": ["=cmd|'/C calc'!A0"]}),
    "8 latin-1": ("CustomerID,Name\n1,José\n2,Zoë\n".encode("latin-1"), {"1": ["José"], "2": ["Zoë"]}),
    "9 windows-1252": ("CustomerID,Name\n1,5 €\n2,“Ann”\n".encode("cp1252"), {"1": ["5 €"], "2": ["“Ann”"]}),
    "18 no line end at the end": (b"CustomerID,Age\n1,30", {"1": [30]}),
    "text of all kinds": (
        (
            "CustomerID,Name\n1,<script>alert(1)</script>\n2,'; DROP TABLE x; --\n"
            "3,田中さん\n4,🏳️‍🌈\n5,{{7*7}}\n"
        ).encode(),
        {
            "1": ["<script>alert(1)</script>"],
            "2": ["'; DROP TABLE x; --"],
            "3": ["田中さん"],
            "4": ["🏳️‍🌈"],
            "5": ["{{7*7}}"],
        },
    ),
}


@pytest.mark.parametrize("name", numbered(ACCEPTED))
def test_accepted_exactly(import_file, counts, customers, name):
    content, expected = ACCEPTED[name]
    done = import_file(content)
    assert counts(done)[4] == 0, list(done.rejected_rows.values_list("line", "reason"))
    assert customers() == expected


ROWS = "CustomerID,Name,Age\n1,Ann,30\n2,{},31\n3,Eve,32\n"
ROW = b"2,{},31"
REJECTED = {
    "11 a damaged byte": utf8(ROWS).replace(b"{}", b"\xc3\xa9 \xff") + "4,é,3\n".encode(),
    "11 one damaged byte in plain text": utf8(ROWS).replace(b"{}", b"\xff"),
    "13 NUL": utf8(ROWS.format("a\0b")),
    "14 cells padded with NUL": utf8(ROWS).replace(ROW, b"2,Bob\0\0\0,31\0"),
    "15 a lone surrogate": utf8(ROWS).replace(b"{}", b"\xed\xa0\x80"),
    "26 backslashes before quotes": utf8(ROWS.format('"a \\"b\\" c"')),
    "28 a stray quote": utf8(ROWS.format('"a"b')),
    "29 a short row": utf8(ROWS).replace(ROW, b"2,Bob"),
    "30 a long row": utf8(ROWS).replace(ROW, b"2,Bob,31,x"),
    "40 a cell beyond measure": utf8(ROWS.format("x" * 131_073)),
    "64 an empty id": utf8(ROWS).replace(ROW, b",Bob,31"),
    "a rounded id": utf8(ROWS).replace(ROW, b"1E+15,Bob,31"),
    "a row of totals": utf8(ROWS).replace(ROW, b"Total,,93"),
}
AGES = {
    **dict.fromkeys(["-1", "0", "17.5", "150", "abc"], 68),
    **dict.fromkeys(["NaN", "inf", "1e400"], 70),
    **dict.fromkeys(["3_1", "1_000", "１２", "٣١"], 71),
    **dict.fromkeys(["$31", "5 €", "5k", "10%"], 74),
}
REJECTED |= {
    f"{number} age {age}": utf8(ROWS).replace(ROW, f"2,Bob,{age}".encode()) for age, number in AGES.items()
}


@pytest.mark.parametrize("name", numbered(REJECTED))
def test_that_row_rejected_with_its_line_and_the_rest_imported(import_file, counts, customers, name):
    done = import_file(REJECTED[name])
    assert counts(done)[4] == 1
    assert set(done.rejected_rows.values_list("line", flat=True)) == {3}
    assert {"1", "3"} <= set(customers())


@pytest.mark.bad_input(12)
def test_a_file_cut_off_inside_a_letter_loses_that_row_alone(import_file, customers, reasons):
    done = import_file(b"CustomerID,Name\n1,Ann\n2,Jos\xc3")
    assert [(line, reason) for line, *_, reason in reasons(done)] == [
        (3, "The row contains damaged characters.")
    ]
    assert customers() == {"1": ["Ann"]}


@pytest.mark.bad_input(11)
def test_a_damaged_byte_far_below_loses_that_row_alone(import_file, counts, reasons):
    rows = b"".join(b"%d,Ann\n" % n for n in range(900_000))
    done = import_file(b"CustomerID,Name\n" + rows + b"x,\xff\ny,\xc3\xa9\n")
    assert counts(done) == (900_002, 900_001, 0, 0, 1)
    assert [line for line, *_ in reasons(done)] == [900_002]


@pytest.mark.bad_input(69)
def test_an_income_below_zero_is_rejected(import_file, reasons):
    done = import_file("CustomerID,Annual Income (k$)\n1,30\n2,-5\n3,20\n")
    assert reasons(done) == [(3, "Annual Income (k$)", "-5", "The minimum allowed is 0.")]


@pytest.mark.bad_input(38)
def test_blank_lines_are_counted_and_are_no_customers(import_file, counts):
    done = import_file("CustomerID,Age\n1,30\n\n,\n  \n2,31\n\n")
    assert counts(done) == (2, 2, 0, 0, 0)
    assert done.blank_count == 4


@pytest.mark.bad_input(35)
def test_new_columns_are_imported_with_a_warning(import_file, customers):
    import_file("CustomerID,Age\n1,30\n2,31\n")
    done = import_file("CustomerID,Age,Town\n1,30,Rome\n")
    assert any("New attributes: “Town”" in warning for warning in done.warnings)
    assert customers() == {"1": [30, "Rome"], "2": [31, None]}


@pytest.mark.bad_input(82)
@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x" * 300 + ".csv", "ev\u202eil.csv", "CON", "a\r\nb.csv"]
)
def test_a_file_is_stored_under_a_generated_name_whatever_it_is_called(import_file, counts, name):
    done = import_file(GOOD, name)
    assert counts(done) == (1, 1, 0, 0, 0)
    assert path_of(done.file_id).name == str(done.file_id)
    assert not {"/", "\u202e", "\r", "\n"} & set(done.original_name)


REFUSED = {
    "41 a line of 100 MB": (
        b"CustomerID,Name\n1," + b"x" * 100_000_000 + b"\n2,b\n",
        "Line 2 is longer than 16 MB",
    ),
    "1 nothing": (b"", "empty"),
    "2 a header alone": (b"CustomerID,Age\n", "no customers"),
    "3 a byte-order mark alone": (b"\xef\xbb\xbf", "empty"),
    "4 blank lines alone": (b"\n\r\n  \n", "empty"),
    "7 utf-16 without a mark": (GOOD.encode("utf-16-le"), "UTF-16"),
    "10 shift-jis": ("CustomerID,名前\n1,山田太郎\n2,鈴木一郎\n".encode("shift_jis"), "encoding"),
    "27 a quote that is never closed": (
        b"CustomerID,Name\n" + b"1,a\n" * 8 + b'9,"x\n' + b"1,a\n" * 1_000_000,
        "Line 10",
    ),
    "31 the same header twice": (b"CustomerID,Age,age\n1,2,3\n", "same header"),
    "34 no id": (b"Age,Income\n30,2\n", "No column looks like a customer id"),
    "36 no header": (b"1,Male,19,15\n2,Female,20,16\n", "header row"),
    "37 words above the header": (
        b"Report\n\nCustomerID,Age,Score\n1,30,5\n2,31,6\n",
        "above the header row",
    ),
    "37 a second table below": (
        b"CustomerID,Name,Age\n1,Ann,30\n2,Bob,31\n\nProduct,Price\nTea,3\nCake,4\n\n",
        "second table seems to begin in line 5",
    ),
    "44 a zip archive": (b"PK\x03\x04abc", "zip archive"),
    "44 a gz archive without its name": (gzip.compress(utf8(GOOD)), "gzip"),
    "45 a PDF": (b"%PDF-1.7\n", "PDF"),
    "45 a picture": (b"\x89PNG\r\n\x1a\n", "picture"),
    "45 a web page": (b"\n<html><table>", "web page"),
    "53 an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
    "46 all rows bad": (b"CustomerID,Age\n,1\n,2\n", "None of the 2 rows"),
    "73 a number in two readings": (b'CustomerID,Spend\n1,"1,234"\n2,5\n', "--decimal"),
    "42 too many columns": (
        b"CustomerID," + b",".join(b"c%d" % n for n in range(20_000)) + b"\n",
        "20001 columns",
    ),
}


@pytest.mark.parametrize("name", numbered(REFUSED))
def test_refused_with_a_sentence_and_nothing_written(import_file, dataset, name):
    content, sentence = REFUSED[name]
    done = import_file(content)
    assert done.job.state == "failed"
    assert sentence in done.job.error
    dataset.refresh_from_db()
    assert dataset.current_version is None
    assert not dataset.attributes.exists()


@pytest.mark.parametrize(
    "odd", ["Total,93", "Made,by\nthe till", "Made,by\nx,1\n4,Jo,50", "Area 1,North\n7,x"]
)
def test_odd_rows_that_are_not_a_second_table_are_just_rejected(import_file, customers, odd):
    import_file("CustomerID,Name,Age\n1,Ann,30\n2,Bob,31\n\n" + odd)
    assert {"1", "2"} <= set(customers())


def test_a_compressed_file_is_imported(import_file, counts):
    assert counts(import_file(gzip.compress(utf8(GOOD)), "customers.csv.gz")) == (1, 1, 0, 0, 0)


@pytest.mark.bad_input(8)
def test_a_western_file_is_imported_with_a_warning(import_file):
    done = import_file("CustomerID,Name\n1,José\n".encode("latin-1"))
    assert any("Windows-1252" in warning for warning in done.warnings)


@pytest.mark.bad_input(32)
def test_a_column_without_a_header_is_left_out_with_a_warning(import_file, customers):
    done = import_file("CustomerID,,Age\n1,x,30\n")
    assert any("no header" in warning for warning in done.warnings)
    assert customers() == {"1": [30]}


@pytest.mark.bad_input(67)
def test_one_id_typed_in_two_ways_is_one_customer(import_file, counts, customers):
    assert counts(import_file("CustomerID,Age\nJosé,30\nJose\u0301,31\nx,1\n")) == (3, 1, 0, 0, 2)
    import_file("CustomerID,Age\nJosé,30\n")
    done = import_file("CustomerID,Age\nJose\u0301,31\n")
    assert counts(done) == (1, 0, 1, 0, 0)
    assert any("accents" in warning for warning in done.warnings)
    assert customers() == {"x": [1], "José": [31]}


@pytest.mark.bad_input(75)
def test_scores_beyond_their_scale_are_rejected(import_file, reasons):
    done = import_file("CustomerID,Score (1-100)\n1,0\n2,101\n3,100\n4,1\n")
    assert [(line, value) for line, _, value, _ in reasons(done)] == [(2, "0"), (3, "101")]


@pytest.mark.bad_input(77)
def test_impossible_dates_are_rejected(import_file, reasons, customers):
    good = [f"{n},{n}/03/2026" for n in range(1, 29)]
    done = import_file("\n".join(["CustomerID,Joined", *good, "a,31/02/2026", "b,45/01/2026"]))
    assert [(line, value) for line, _, value, _ in reasons(done)] == [(30, "31/02/2026"), (31, "45/01/2026")]
    assert customers()["28"] == ["2026-03-28"]


@pytest.mark.bad_input(52, 53)
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("customers.xlsx", "an old Excel workbook, or one with a password"),
        ("customers.csv", "an old Excel workbook, or one with a password"),
        ("customers.xls", "The workbook is damaged"),
    ],
)
def test_a_workbook_with_a_password_or_a_damaged_old_one_is_refused(import_file, name, sentence):
    done = import_file(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), name)
    assert sentence in done.job.error


def test_a_wide_file_is_understood_at_once(import_file, counts, dataset):
    header = "﻿ID;Year_Birth;Education;Income;Kidhome;Dt_Customer;" + ";".join(f"Mnt{n}" for n in range(23))
    rows = [
        f"{n};19{60 + n % 40};Graduation;{'' if n == 5 else 50_000 + n};{n % 3};{11 + n % 18}-1{n % 3}-2026;"
        + ";".join(str(n * k) for k in range(23))
        for n in range(1, 40)
    ]
    assert counts(import_file("\r\n".join([header, *rows]))) == (39, 39, 0, 0, 0)
    kinds = dict(dataset.attributes.values_list("name", "kind"))
    assert (kinds["Income"], kinds["Education"], kinds["Year_Birth"]) == ("number", "text", "number")
    assert len(kinds) == 28


def test_padded_columns_of_numbers_are_numbers(import_file, counts, dataset):
    names = [f" MEASURE {n} " for n in range(17)]
    rows = [",".join([f" C{n:05} ", *(f"  {n * k / 7:.4f} " for k in range(17))]) for n in range(30)]
    assert counts(import_file("\n".join([",".join([" CUST_ID ", *names]), *rows]))) == (30, 30, 0, 0, 0)
    assert set(dataset.attributes.values_list("kind", flat=True)) == {"number"}


class TenGigabytes:
    """A 10 GB upload that counts how much of it was read."""

    size, read_bytes = 10 * 1024**3, 0

    def read(self, size=-1):
        self.read_bytes += size
        return bytes(size) if self.read_bytes <= self.size else b""


@pytest.mark.bad_input(43)
def test_a_file_larger_than_allowed_is_refused_before_it_is_stored(dataset, settings, upload_folder):
    settings.IMPORT_MAX_BYTES = 10 * 1024**2
    before = set(upload_folder.glob("*"))
    file = TenGigabytes()
    with pytest.raises(ImportRefusedError, match="larger than 10 MB"):
        store_import(dataset, file, "customers.csv")
    assert file.read_bytes < 12 * 1024**2
    assert set(upload_folder.glob("*")) == before
    assert not dataset.imports.exists()


# ---- The list ----------------------------------------------------------------------------------------------

TESTS = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("bad_inputs.txt")


def listed():
    """The verdict of every line in the list, by its number."""
    found = [line.split(maxsplit=2) for line in LIST.read_text().splitlines() if line[:1].isdigit()]
    return {int(number): verdict for number, verdict, _ in found}


def test_every_line_of_the_list_has_a_test():
    assert list(listed()) == list(range(1, 84))
    texts = [path.read_text() for path in TESTS.rglob("test_*.py")]
    marks = [mark for text in texts for mark in re.findall(r"mark\.bad_input\(([\d, ]+)\)", text)]
    marked = {int(number) for mark in marks for number in mark.split(",")}
    named = {int(name.split()[0]) for name in [*ACCEPTED, *REJECTED, *REFUSED] if name[0].isdigit()}
    assert set(listed()) == marked | named


@pytest.mark.parametrize(("cases", "verdicts"), [(ACCEPTED, "AW"), (REJECTED, "R"), (REFUSED, "F?")])
def test_the_verdicts_are_those_of_the_list(cases, verdicts):
    found = {name: listed()[int(name.split()[0])] for name in cases if name[0].isdigit()}
    assert found
    assert {name: verdict for name, verdict in found.items() if verdict not in verdicts} == {}
