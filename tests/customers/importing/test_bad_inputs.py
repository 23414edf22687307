"""Files that people really bring: each has a verdict, and none ends in a traceback."""

import gzip
import io

import pytest

from customers.importing.storing import path_of

GOOD = "CustomerID,Gender,Age\n1,Male,30\n"


def utf8(text):
    return text.encode()


ACCEPTED = {
    "utf-8 with a byte-order mark": (b"\xef\xbb\xbf" + utf8(GOOD), {"1": ["Male", 30]}),
    "utf-16, little endian": (GOOD.encode("utf-16"), {"1": ["Male", 30]}),
    "utf-16, big endian": (b"\xfe\xff" + GOOD.encode("utf-16-be"), {"1": ["Male", 30]}),
    "returns alone": (utf8(GOOD.replace("\n", "\r")), {"1": ["Male", 30]}),
    "mixed line ends": (b"CustomerID,Age\r\n1,30\n2,31\r3,32", {"1": [30], "2": [31], "3": [32]}),
    "semicolons": (utf8(GOOD.replace(",", ";")), {"1": ["Male", 30]}),
    "tabs": (utf8(GOOD.replace(",", "\t")), {"1": ["Male", 30]}),
    "bars": (utf8(GOOD.replace(",", "|")), {"1": ["Male", 30]}),
    "a sep= line": (utf8("sep=;\r\n" + GOOD.replace(",", ";")), {"1": ["Male", 30]}),
    "quoted delimiters, line breaks and quotes": (
        b'CustomerID,Name\n1,"a,b"\n2,"two\nlines"\n3,"say ""hi"""\n',
        {"1": ["a,b"], "2": ["two\nlines"], "3": ['say "hi"']},
    ),
    "padding and invisible characters in the header": (
        " customer\u00a0ID ,A\u200bge\n 1 , 30 \n".encode(),
        {"1": [30]},
    ),
    "a comma at every line's end": (b"CustomerID,Age,\n1,30,\n2,31,\n", {"1": [30], "2": [31]}),
    "a comma at the end of the rows alone": (b"CustomerID,Age\n1,30,\n2,31,\n", {"1": [30], "2": [31]}),
    "leading zeros": (b"CustomerID,Age\n0001,30\n001,31\n", {"0001": [30], "001": [31]}),
    "twenty digits": (b"CustomerID,Age\n12345678901234567890,30\n", {"12345678901234567890": [30]}),
    "a decimal comma": (b"CustomerID;Spend\n1;1.234,56\n2;7,5\n", {"1": [1234.56], "2": [7.5]}),
    "words that other readers take for nothing": (
        b"CustomerID,Surname,Country\n1,Null,NA\n2,None,DE\n3,nan,FR\n",
        {"1": ["Null", "NA"], "2": ["None", "DE"], "3": ["nan", "FR"]},
    ),
    "a formula": (b"CustomerID,Name\n1,=cmd|'/C calc'!A0\n", {"1": ["=cmd|'/C calc'!A0"]}),
    "latin-1": ("CustomerID,Name\n1,José\n2,Zoë\n".encode("latin-1"), {"1": ["José"], "2": ["Zoë"]}),
    "windows-1252": ("CustomerID,Name\n1,5 €\n2,“Ann”\n".encode("cp1252"), {"1": ["5 €"], "2": ["“Ann”"]}),
    "no line end at the end": (b"CustomerID,Age\n1,30", {"1": [30]}),
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


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_exactly(bring, counts, customers, name):
    content, expected = ACCEPTED[name]
    done = bring(content)
    assert counts(done)[4] == 0, list(done.rejected_rows.values_list("line", "reason"))
    assert customers() == expected


ROWS = "CustomerID,Name,Age\n1,Ann,30\n2,{},31\n3,Eve,32\n"
REJECTED = {
    "a damaged byte": utf8(ROWS).replace(b"{}", b"\xc3\xa9 \xff") + "4,é,3\n".encode(),
    "one damaged byte in plain text": utf8(ROWS).replace(b"{}", b"\xff"),
    "NUL": utf8(ROWS.format("a\0b")),
    "a lone surrogate": utf8(ROWS).replace(b"{}", b"\xed\xa0\x80"),
    "backslashes before quotes": utf8(ROWS.format('"a \\"b\\" c"')),
    "a stray quote": utf8(ROWS.format('"a"b')),
    "a short row": utf8(ROWS).replace(b"2,{},31", b"2,Bob"),
    "a long row": utf8(ROWS).replace(b"2,{},31", b"2,Bob,31,x"),
    "a cell beyond measure": utf8(ROWS.format("x" * 131_073)),
    "an empty id": utf8(ROWS).replace(b"2,{},31", b",Bob,31"),
    "a rounded id": utf8(ROWS).replace(b"2,{},31", b"1E+15,Bob,31"),
    "age -1": utf8(ROWS).replace(b"2,{},31", b"2,Bob,-1"),
    "age 17.5": utf8(ROWS).replace(b"2,{},31", b"2,Bob,17.5"),
    "age abc": utf8(ROWS).replace(b"2,{},31", b"2,Bob,abc"),
    "age nan": utf8(ROWS).replace(b"2,{},31", b"2,Bob,1e400"),
    "digits of another script": utf8(ROWS).replace(b"2,{},31", "2,Bob,٣١".encode()),
    "an underscore": utf8(ROWS).replace(b"2,{},31", b"2,Bob,3_1"),
    "a dollar sign": utf8(ROWS).replace(b"2,{},31", b"2,Bob,$31"),
    "a letter for a thousand": utf8(ROWS).replace(b"2,{},31", b"2,Bob,5k"),
    "a percent sign": utf8(ROWS).replace(b"2,{},31", b"2,Bob,10%"),
    "a euro sign": utf8(ROWS).replace(b"2,{},31", "2,Bob,5 €".encode()),
    "cells padded with NUL": utf8(ROWS).replace(b"2,{},31", b"2,Bob\0\0\0,31\0"),
    "a row of totals": utf8(ROWS).replace(b"2,{},31", b"Total,,93"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_that_row_rejected_with_its_line_and_the_rest_imported(bring, counts, customers, name):
    done = bring(REJECTED[name])
    assert counts(done)[4] == 1
    assert set(done.rejected_rows.values_list("line", flat=True)) == {3}
    assert {"1", "3"} <= set(customers())


def test_a_file_cut_off_inside_a_letter_loses_that_row_alone(bring, customers, reasons):
    done = bring(b"CustomerID,Name\n1,Ann\n2,Jos\xc3")
    assert [(line, reason) for line, *_, reason in reasons(done)] == [
        (3, "The row has characters that are damaged.")
    ]
    assert customers() == {"1": ["Ann"]}


def test_a_damaged_byte_far_below_loses_that_row_alone(bring, counts, reasons):
    rows = b"".join(b"%d,Ann\n" % n for n in range(900_000))
    done = bring(b"CustomerID,Name\n" + rows + b"x,\xff\ny,\xc3\xa9\n")
    assert counts(done) == (900_002, 900_001, 0, 0, 1)
    assert [line for line, *_ in reasons(done)] == [900_002]


def test_an_income_below_zero_is_rejected(bring, reasons):
    done = bring("CustomerID,Annual Income (k$)\n1,30\n2,-5\n3,20\n")
    assert reasons(done) == [(3, "Annual Income (k$)", "-5", "The lowest value allowed is 0.")]


def test_blank_lines_are_counted_and_are_no_customers(bring, counts):
    done = bring("CustomerID,Age\n1,30\n\n,\n  \n2,31\n\n")
    assert counts(done) == (2, 2, 0, 0, 0)
    assert done.blank_count == 4


def test_columns_that_were_not_known_come_in_with_a_warning(bring, customers):
    bring("CustomerID,Age\n1,30\n2,31\n")
    done = bring("CustomerID,Age,Town\n1,30,Rome\n")
    assert any("Not known before: “Town”" in warning for warning in done.warnings)
    assert customers() == {"1": [30, "Rome"], "2": [31, None]}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x" * 300 + ".csv", "ev\u202eil.csv", "CON", "a\r\nb.csv"]
)
def test_whatever_a_file_is_called_it_is_stored_under_a_name_of_ours(bring, counts, name):
    done = bring(GOOD, name)
    assert counts(done) == (1, 1, 0, 0, 0)
    assert path_of(done.file_id).name == str(done.file_id)
    assert not {"/", "\u202e", "\r", "\n"} & set(done.original_name)


REFUSED = {
    "a line of 20 MB": (
        b"CustomerID,Name\n1," + b"x" * 20_000_000 + b"\n2,b\n",
        "Line 2 is longer than 16 MB",
    ),
    "nothing": (b"", "empty"),
    "a header alone": (b"CustomerID,Age\n", "no customers"),
    "a byte-order mark alone": (b"\xef\xbb\xbf", "empty"),
    "blank lines alone": (b"\n\r\n  \n", "empty"),
    "utf-16 without a mark": (GOOD.encode("utf-16-le"), "UTF-16"),
    "shift-jis": ("CustomerID,名前\n1,山田太郎\n2,鈴木一郎\n".encode("shift_jis"), "encoding"),
    "a quote that is never closed": (
        b"CustomerID,Name\n" + b"1,a\n" * 8 + b'9,"x\n' + b"1,a\n" * 9,
        "Line 10",
    ),
    "the same header twice": (b"CustomerID,Age,age\n1,2,3\n", "same header"),
    "no id": (b"Age,Income\n30,2\n", "No column looks like a customer id"),
    "no header": (b"1,Male,19,15\n2,Female,20,16\n", "line of headers"),
    "words above the header": (b"Report\n\nCustomerID,Age,Score\n1,30,5\n2,31,6\n", "above the line"),
    "a second table below": (
        b"CustomerID,Name,Age\n1,Ann,30\n2,Bob,31\n\nProduct,Price\nTea,3\nCake,4\n\n",
        "second table seems to begin in line 5",
    ),
    "a zip archive": (b"PK\x03\x04abc", "zip archive"),
    "a gz archive without its name": (gzip.compress(utf8(GOOD)), "gzip"),
    "a PDF": (b"%PDF-1.7\n", "PDF"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "picture"),
    "a web page": (b"\n<html><table>", "web page"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
    "all rows bad": (b"CustomerID,Age\n,1\n,2\n", "None of the 2 rows"),
    "a number in two readings": (b'CustomerID,Spend\n1,"1,234"\n2,5\n', "--decimal"),
    "too many columns": (
        b"CustomerID," + b",".join(b"c%d" % n for n in range(20_000)) + b"\n",
        "20001 columns",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_sentence_and_nothing_written(bring, dataset, name):
    content, sentence = REFUSED[name]
    done = bring(content)
    assert done.job.state == "failed"
    assert sentence in done.job.error
    dataset.refresh_from_db()
    assert dataset.current_version is None
    assert not dataset.attributes.exists()


@pytest.mark.parametrize(
    "odd", ["Total,93", "Made,by\nthe till", "Made,by\nx,1\n4,Jo,50", "Area 1,North\n7,x"]
)
def test_odd_rows_that_are_no_second_table_are_rejected_alone(bring, customers, odd):
    bring("CustomerID,Name,Age\n1,Ann,30\n2,Bob,31\n\n" + odd)
    assert {"1", "2"} <= set(customers())


def test_a_packed_file_is_imported(bring, counts):
    assert counts(bring(gzip.compress(utf8(GOOD)), "customers.csv.gz")) == (1, 1, 0, 0, 0)


def test_a_western_file_is_imported_with_a_warning(bring):
    done = bring("CustomerID,Name\n1,José\n".encode("latin-1"))
    assert any("Windows-1252" in warning for warning in done.warnings)


def test_a_column_without_a_header_is_left_out_with_a_warning(bring, customers):
    done = bring("CustomerID,,Age\n1,x,30\n")
    assert any("no header" in warning for warning in done.warnings)
    assert customers() == {"1": [30]}


def test_one_id_typed_in_two_ways_is_one_customer(bring, counts):
    done = bring("CustomerID,Age\nJosé,30\nJose\u0301,31\nx,1\n")
    assert counts(done) == (3, 1, 0, 0, 2)


def test_a_wide_file_is_understood_at_once(bring, counts, dataset):
    header = "﻿ID;Year_Birth;Education;Income;Kidhome;Dt_Customer;" + ";".join(f"Mnt{n}" for n in range(23))
    rows = [
        f"{n};19{60 + n % 40};Graduation;{'' if n == 5 else 50_000 + n};{n % 3};0{1 + n % 9}-1{n % 3}-2026;"
        + ";".join(str(n * k) for k in range(23))
        for n in range(1, 40)
    ]
    assert counts(bring("\r\n".join([header, *rows]))) == (39, 39, 0, 0, 0)
    kinds = dict(dataset.attributes.values_list("name", "kind"))
    assert (kinds["Income"], kinds["Education"], kinds["Year_Birth"]) == ("number", "text", "number")
    assert len(kinds) == 28


def test_padded_columns_of_numbers_are_numbers(bring, counts, dataset):
    names = [f" MEASURE {n} " for n in range(17)]
    rows = [",".join([f" C{n:05} ", *(f"  {n * k / 7:.4f} " for k in range(17))]) for n in range(30)]
    assert counts(bring("\n".join([",".join([" CUST_ID ", *names]), *rows]))) == (30, 30, 0, 0, 0)
    assert set(dataset.attributes.values_list("kind", flat=True)) == {"number"}


def test_a_file_larger_than_allowed_is_refused_before_it_is_stored(dataset, settings):
    from customers.importing.errors import ImportRefusedError
    from customers.importing.pipeline import store_import

    settings.IMPORT_MAX_BYTES = 10
    with pytest.raises(ImportRefusedError, match="larger than"):
        store_import(dataset, io.BytesIO(utf8(GOOD)), "customers.csv")
    assert not dataset.imports.exists()
