"""Old Excel workbooks, OpenDocument, Parquet, zip archives: read within the same limits, or refused."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.files.sniffing import look_at_sheet
from tests.customers.importing.cases.conftest import FILES

SPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


def cell(text, kind="string", **values):
    said = "".join(f' office:{name.replace("_", "-")}="{value}"' for name, value in values.items())
    return f'<table:table-cell office:value-type="{kind}"{said}><text:p>{text}</text:p></table:table-cell>'


def row(*cells, more=""):
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def ods(*sheets, extra=None, head=""):
    tables = "".join(
        f'<table:table table:name="S{n}">{rows}</table:table>' for n, rows in enumerate(sheets, 1)
    )
    body = f"<office:body>{tables}</office:body>"
    content = f"{head}<office:document-content {SPACES}>{body}</office:document-content>"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            **(extra or {}),
        }
    )


def packed(parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return target.getvalue()


HEADER = row(*map(cell, ("Customer ID", "Rate", "Joined", "Spend")))
FIRST = row(
    cell("00007", "float", value="7"),
    cell("2,5 %", "percentage", value="0.025"),
    cell("01.05.24", "date", date_value="2024-05-01"),
    cell("1.000,25 €", "currency", value="1000.25"),
)


@pytest.fixture
def rows(write):
    def read(content, name, **said):
        look = look_at_sheet(write(content, "upload"), name, **said)
        return [list(row) for row in look.preview], look

    return read


# ---- Old Excel workbooks -----------------------------------------------------------------------------------


def test_an_old_workbook_is_imported_as_people_see_it(import_file, counts, customers, dataset):
    done = import_file((FILES / "old_workbook.xls").read_bytes(), "customers.xls")
    assert counts(done) == (12, 12, 0, 0, 0)
    assert customers()["00001"] == ["Zoë Łódź 0", 2.5, "2024-05-01", 1000.25, "TRUE"]
    assert any(warning.startswith("2 rows are hidden or filtered") for warning in done.warnings)


def test_a_damaged_old_workbook_is_refused(rows):
    content = (FILES / "old_workbook.xls").read_bytes()
    for part in (content[:1000], content[:512] + bytes(3000), content[:4] + b"x" * 5000):
        with pytest.raises(ImportRefusedError, match="damaged"):
            rows(part, "c.xls")


# ---- OpenDocument ------------------------------------------------------------------------------------------


def test_an_open_document_is_read_as_people_see_it(rows):
    found, look = rows(ods(HEADER + FIRST + row(cell("x"), more='table:visibility="filter"')), "c.ods")
    assert found[0] == ["00007", "2.5%", "2024-05-01", "1000.25"]
    assert any(warning.startswith("1 row is hidden") for warning in look.warnings)


def test_repeated_cells_and_rows_are_counted(rows):
    gap = '<table:table-cell table:number-columns-repeated="2"/>'
    endless = row(
        '<table:table-cell table:number-columns-repeated="16384"/>',
        more='table:number-rows-repeated="1048000"',
    )
    twice = row(cell("b"), gap, cell("5", "float", value="5"), more='table:number-rows-repeated="2"')
    found, look = rows(ods(HEADER + row(gap) + twice + endless), "c.ods")
    assert found == [["b", "", "", "5"], ["b", "", "", "5"]]
    assert look.table.scan.lines == 4


def test_several_sheets_of_an_open_document_are_asked_about(rows):
    content = ods(HEADER + FIRST, HEADER + row(cell("z")))
    with pytest.raises(AmbiguousFileError, match="--sheet"):
        rows(content, "c.ods")
    assert rows(content, "c.ods", sheet="S2")[0][0][0] == "z"


ENDLESS = row(cell("x"), more='table:number-rows-repeated="999999999"')
WIDE = row('<table:table-cell table:number-columns-repeated="16000"/>', cell("x"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (ods(HEADER + ENDLESS), "too large when unpacked"),
        (ods(HEADER + WIDE), "at most 500 columns"),
        (ods(HEADER, head='<!DOCTYPE x [<!ENTITY a "b">]>'), "document type"),
        (ods(HEADER + f"<!--{' ' * 50_000_000}-->"), "150 times"),
        (ods(HEADER, extra={"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "password"),
        (packed({"a.txt": "x"}), "not an OpenDocument workbook"),
        (ods(HEADER)[:-60], "damaged"),
    ],
)
def test_a_malicious_open_document_is_refused(rows, content, sentence):
    with pytest.raises(ImportRefusedError, match=sentence):
        rows(content, "c.ods")


# ---- Parquet -----------------------------------------------------------------------------------------------


def parquet(**columns):
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def test_a_parquet_file_is_imported(import_file, counts, customers, dataset):
    content = parquet(
        customer_id=[17850.0, 17851.0, None],
        name=pa.array(["Zoë", None, "x"]).dictionary_encode(),
        spend=[1.5, float("nan"), 1.0],
        points=pa.array([Decimal("10.50"), None, None], pa.decimal128(9, 2)),
        joined=[date(2024, 5, 1), None, None],
        active=[True, False, None],
    )
    assert counts(import_file(content, "customers.parquet")) == (3, 2, 0, 0, 1)
    assert customers() == {
        "17850": ["Zoë", 1.5, 10.5, "2024-05-01", "TRUE"],
        "17851": [None, None, None, None, "FALSE"],
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (parquet(id=["a"], tags=[["x", "y"]]), "Column 2 .*lists"),
        (parquet(id=["a"])[:-20], "damaged"),
        (b"PAR1" + b"x" * 100 + b"PAR1", "damaged"),
        (parquet(**{f"c{n}": [1] for n in range(600)}), "at most 500 columns"),
    ],
)
def test_what_is_no_table_of_customers_in_parquet_is_refused(rows, content, sentence):
    with pytest.raises(ImportRefusedError, match=sentence):
        rows(content, "c.parquet")


def test_a_long_parquet_file_is_read_in_bounded_memory(rows):
    content = parquet(id=pa.array(range(200_000)), text=["x" * 50] * 200_000)
    assert rows(content, "c.parquet")[1].table.scan.lines == 200_001


# ---- Zip archives ------------------------------------------------------------------------------------------


def test_a_zipped_file_is_imported(import_file, counts):
    content = packed(
        {"list/customers.csv": "id,age\n1,30\n", "__MACOSX/list/._customers.csv": "x", "list/": ""}
    )
    assert counts(import_file(content, "customers.zip")) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (packed({"a.csv": "id\n1\n", "b.csv": "id\n2\n"}), "exactly one file"),
        (packed({"a.csv": "id,age\n" + "1,2\n" * 30_000_000}), "200 times"),
        (packed({"a.csv": packed({"b.csv": "id\n1\n"})}), "zip archive"),
        (packed({"a.csv": "id\n1\n" * 1000})[:-30], "damaged"),
    ],
)
def test_other_zip_archives_are_refused(look, content, sentence):
    with pytest.raises(ImportRefusedError, match=sentence):
        look(content, "customers.zip")
