"""A file is scanned only once, however often its page is shown."""

import gzip
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from customers.importing.execute import execute_import
from customers.importing.files import sniffing
from customers.importing.files.sniffing import KeptLook, look_at
from customers.importing.pipeline import store_import
from customers.importing.preparation import change_reading, look
from customers.models import CustomerImport
from tests.customers.importing.files.test_workbooks import HEADER, number, row, workbook

FILE = b"CustomerID;Name\n1;Jos\xe9\n2;Zo\xeb\n"


@pytest.fixture
def scans(monkeypatch):
    """The files that were scanned, by name."""
    seen, scan = [], sniffing.scan

    def watch(path, **limits):
        seen.append(path.name)
        return scan(path, **limits)

    monkeypatch.setattr(sniffing, "scan", watch)
    return seen


@pytest.fixture
def conversions(monkeypatch):
    """For each conversion of a workbook, whether it was only of the first rows."""
    seen, convert = [], sniffing.convert_sheet

    def watch(*place, head, guess):
        seen.append(head)
        return convert(*place, head=head, guess=guess)

    monkeypatch.setattr(sniffing, "convert_sheet", watch)
    return seen


@pytest.fixture
def store(dataset):
    return lambda content, name="customers.csv": store_import(dataset, io.BytesIO(content), name)


def import_by_pages(client, dataset, content, name):
    """Upload, open the mapping page twice, start the import, and do the worker's job."""
    upload = {"file": SimpleUploadedFile(name, content)}
    client.post(reverse("customers:import-create", args=[dataset.slug]), upload)
    waiting = CustomerImport.objects.get()
    for _ in range(2):
        page = client.get(waiting.get_absolute_url())
    data = {
        field.html_name: field.value()
        for column in page.context["form"]
        for field in column
        if field.value() not in (None, False, "")
    }
    client.post(reverse("customers:import-begin", args=[waiting.pk]), {"action": "begin", **data})
    waiting.refresh_from_db()
    execute_import(waiting.job_id)
    waiting.refresh_from_db()
    return waiting


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_scanned_once_from_its_upload_to_its_customers(
    analyst_client, dataset, counts, scans, packed
):
    content, name = (gzip.compress(FILE), "customers.csv.gz") if packed else (FILE, "customers.csv")
    done = import_by_pages(analyst_client, dataset, content, name)
    assert scans == [str(done.file_id)]
    assert counts(done) == (2, 2, 0, 0, 0)
    assert "Windows-1252" in done.warnings[0]


def test_a_workbook_is_converted_once_for_the_page_and_once_in_full(
    analyst_client, dataset, counts, scans, conversions
):
    content = workbook(HEADER + row(2, number("A2", "1"), number("B2", "30")))
    done = import_by_pages(analyst_client, dataset, content, "customers.xlsx")
    assert conversions == [True, False]
    assert scans == [f"{done.file_id}.head.csv", f"{done.file_id}.sheet.csv"]
    assert counts(done) == (1, 1, 0, 0, 0)


def test_changing_how_a_file_is_read_does_not_scan_it_again(store, scans):
    waiting = store(FILE)
    assert look(waiting).encoding == "cp1252"
    for encoding, delimiter, headers in (
        ("cp1250", ";", ("CustomerID", "Name")),
        ("utf-8", ",", ("CustomerID;Name",)),
        ("cp1253", "", ("CustomerID", "Name")),
    ):
        change_reading(waiting, encoding=encoding, delimiter=delimiter, sheet="")
        found = look(CustomerImport.objects.get(pk=waiting.pk), guess=True)
        assert (found.encoding, found.headers) == (encoding, headers)
    assert len(scans) == 1


def test_choosing_a_sheet_converts_it_even_if_another_was_guessed(store, conversions):
    sheets = [HEADER + row(2, number("A2", value)) for value in "12"]
    waiting = store(workbook(*sheets), "customers.xlsx")
    for sheet, cell in (("", "1"), ("", "1"), ("Sheet 2", "2"), ("Sheet 2", "2"), ("Sheet 1", "1")):
        change_reading(waiting, encoding="", delimiter="", sheet=sheet)
        assert look(waiting, guess=True).preview[0][0] == cell
    assert conversions == [True, True, True]


def test_a_sheet_whose_first_rows_are_gone_is_converted_again(store, conversions):
    waiting = store(workbook(HEADER + row(2, number("A2", "1"))), "customers.xlsx")
    look(waiting, guess=True).path.unlink()
    assert look(waiting, guess=True).path.is_file()
    assert conversions == [True, True]


def test_an_import_without_a_stored_scan_is_scanned_and_stores_it(store, scans):
    waiting = store(FILE)
    assert waiting.file_look is None
    first, second = look(waiting), look(CustomerImport.objects.get(pk=waiting.pk))
    assert first == second
    assert len(scans) == 1


def test_no_cell_contents_are_stored_with_the_scan(store):
    waiting = store(FILE)
    assert look(waiting).preview[0] == ("1", "José")
    assert set(waiting.file_look) == {"scan", "sheet"}
    assert "Jos" not in str(waiting.file_look)


FILES = {
    "plain": b"id,name\n1,x\n",
    "byte-order mark": b"\xef\xbb\xbfid,name\n1,x\n",
    "utf-16": "id;name\n1;Zoë\n".encode("utf-16"),
    "windows": FILE,
    "NUL and lone returns": b"id,name\r1,a\0b\r",
    "quotation marks": b'"id","a, b"\n"1","x ""y"""\n',
    "sep= line": b"sep=;\r\nid;name\r\n1;x\r\n",
    "two delimiters": b"id;a,b\n1;2,3\n",
    "encoding in doubt": "id,имя\n1,Пётр Ильич\n2,Анна\n".encode("cp1251"),
    "utf-16 without a mark": "id,name\n1,x\n".encode("utf-16-le"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["", "utf-8", "cp1252", "utf-16-le"])
def test_a_stored_scan_gives_the_same_result(write, name, encoding):
    path = write(FILES[name])
    kept = KeptLook.from_json(look_at(path, path.name, guess=True).kept.to_json())
    said = {"encoding": encoding, "guess": True}
    assert look_at(path, path.name, **said, kept=kept) == look_at(path, path.name, **said)
