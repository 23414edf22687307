"""Lists as workbooks, as Excel and other programs read them."""

import io
import zipfile
from contextlib import nullcontext
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings

from common.spreadsheets import column_letters
from customers.exports import xlsx
from customers.exports.customer_list import ListCounter, ListRefusedError, customer_list
from customers.exports.xlsx import write_xlsx
from customers.importing.columns.mapping import ColumnMapping
from customers.importing.options import ImportOptions
from customers.importing.pipeline import create_dataset, import_now
from customers.models import Customer

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def workbook(dataset):
    """The dataset's customers as a workbook."""

    def write(counter=None) -> bytes:
        dataset.refresh_from_db()
        rows = customer_list(dataset, Customer.objects.of(dataset))
        return b"".join(write_xlsx(rows, counter or ListCounter()))

    return write


def cells(content: bytes, sheet: int = 1) -> list[list[tuple[str, str | None]]]:
    """Kind and content of each cell."""
    part = zipfile.ZipFile(io.BytesIO(content)).read(f"xl/worksheets/sheet{sheet}.xml")
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{MAIN}c")]
        for row in ElementTree.fromstring(part).iter(f"{MAIN}row")  # noqa: S314 - our own
    ]


def test_texts_stay_texts_and_numbers_stay_numbers(import_file, workbook):
    import_file("Customer ID,Change,Remark\n007,-5,=1+1\n8,0.30000000000000004,http://x\n9,,<b>&\n")
    assert cells(workbook())[1:] == [
        [("inlineStr", "007"), ("n", "-5"), ("inlineStr", "'=1+1")],
        [("inlineStr", "8"), ("n", "0.30000000000000004"), ("inlineStr", "http://x")],
        [("inlineStr", "9"), ("inlineStr", "<b>&")],
    ]


def test_there_is_no_formula_no_link_and_no_name_in_it(import_file, workbook):
    import_file("Customer ID,Remark\n1,=cmd|' /C calc'!A0\n2,@SUM(1)\n3,＝1\n4,https://evil.example/\n")
    parts = zipfile.ZipFile(io.BytesIO(workbook()))
    said = b"".join(parts.read(name) for name in parts.namelist())
    assert b"<f" not in said
    assert not [tag for tag in (b"hyperlink", b"externalLink", b"definedName") if tag in said]


def test_what_xml_cannot_hold_is_written_as_excel_writes_it(import_file, workbook):
    import_file("Customer ID,Remark\n1,a\x01b _x0041_\n")
    (_, (_, (_, text))) = cells(workbook())
    assert text == "a_x0001_b _x005F_x0041_"


def test_text_that_looks_like_an_escape_is_escaped_itself(import_file, workbook):
    import_file("Customer ID,Remark\n1,plain\n2,_x0041_\n3,\n")
    assert [row[1:] for row in cells(workbook())[1:]] == [
        [("inlineStr", "plain")],
        [("inlineStr", "_x005F_x0041_")],
        [],
    ]


def test_leading_and_trailing_spaces_are_preserved(import_file, workbook, dataset):
    import_file("Customer ID,Remark\n1,plain\n2,ends\n")
    dataset.refresh_from_db()
    Customer.objects.of(dataset).filter(customer_id="2").update(texts=[" ends "])  # stripped on import
    part = zipfile.ZipFile(io.BytesIO(workbook())).read("xl/worksheets/sheet1.xml").decode()
    assert '<t xml:space="preserve"> ends </t>' in part


@pytest.mark.parametrize("limit", ["SHEET_ROWS", "SHEET_BYTES"])
def test_a_long_list_continues_on_the_next_sheet(import_file, workbook, monkeypatch, limit):
    monkeypatch.setattr(xlsx, limit, 1_001)
    import_file("Customer ID,Age\n" + "".join(f"{number},20\n" for number in range(2_500)))
    counter = ListCounter()
    content = workbook(counter)
    sheets = [cells(content, number) for number in (1, 2, 3)]
    assert [len(sheet) for sheet in sheets] == [1_001, 1_001, 501]
    assert all(sheet[0][0][1] == "Customer ID" for sheet in sheets)
    assert counter.rows == 2_500


def test_an_import_asks_for_one_of_several_sheets_and_reads_it(import_file, workbook, monkeypatch):
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 1_001)
    import_file("Customer ID,Age\n" + "".join(f"{number},20\n" for number in range(1_500)))
    options = ImportOptions(sheet="Customers 2")
    done = import_now(create_dataset("Other"), io.BytesIO(workbook()), "x.xlsx", options=options)
    assert done.created_count == 500


# Long free text is left out of an import unless somebody wants it.
LONG = (ColumnMapping("Remark", "text"),)


def test_a_text_too_long_for_a_cell_is_refused_before_the_first_byte(import_file, workbook):
    import_file(f"Customer ID,Remark\nmaria,{'x' * 32_767}\n", columns=LONG)
    with pytest.raises(ListRefusedError, match="“maria” has a text longer than 32,767"):
        workbook()


@pytest.mark.parametrize(("emoji", "is_refused"), [(16_383, False), (16_384, True)])
def test_a_character_above_16_bits_counts_twice_as_in_excel(import_file, workbook, emoji, is_refused):
    import_file(f"Customer ID,Remark\nmaria,{'😀' * emoji}\n", columns=LONG)
    refusal = pytest.raises(ListRefusedError, match="“maria”") if is_refused else nullcontext()
    with refusal:
        workbook()


def test_multibyte_characters_count_once(import_file, workbook):
    import_file(f"Customer ID,Remark\nmaria,{'語' * 30_000}\n", columns=LONG)
    ((_, (_, text)),) = [row[:2] for row in cells(workbook())[1:]]
    assert len(text) == 30_000


def test_no_archive_is_unpacked_into_a_folder(import_file, workbook, dataset):
    import_file("Customer ID,Age\n1,20\n")
    stream = io.BytesIO(workbook())
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("/evil.txt", "x")
    assert import_now(dataset, io.BytesIO(stream.getvalue()), "x.xlsx").unchanged_count == 1
    folders = [Path("/"), *Path(settings.UPLOAD_DIR).parents, Path(settings.UPLOAD_DIR)]
    assert not [folder for folder in folders if (folder / "evil.txt").exists()]


def test_columns_beyond_z_have_two_letters():
    letters = [column_letters(index) for index in (0, 25, 26, 51, 52, 701, 702)]
    assert letters == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
