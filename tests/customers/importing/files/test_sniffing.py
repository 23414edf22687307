import gzip
import io
import zipfile

import psutil
import pytest

from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.files import archives
from customers.importing.files.detection import BLOCK_BYTES, open_blocks


@pytest.mark.parametrize(
    ("content", "delimiter", "headers"),
    [
        ("id;name\n1;a,b\n2;c,d\n", ";", ("id", "name")),
        ("id\tname\n1\tx\n", "\t", ("id", "name")),
        ("id|name\n1|x\n", "|", ("id", "name")),
        ("sep=;\r\nid;name\r\n1;x\r\n", ";", ("id", "name")),
        ("id^name\n1^x\n", "^", ("id", "name")),
        ("id\n1\n2\n", ",", ("id",)),
        ("\n\nid,name\n1,x\n", ",", ("id", "name")),
        ('"id","first, last"\n"1","a, b"\n', ",", ("id", "first, last")),
        ("id;price\n1;1,5\n2;2,5\n3;3,5\n", ";", ("id", "price")),
    ],
)
def test_delimiter_and_headers_are_found(look, content, delimiter, headers):
    found = look(content)
    assert (found.table.delimiter, found.headers) == (delimiter, headers)


def test_headers_lose_padding_and_invisible_characters(look):
    assert look("\ufeff CustomerID ,\u00a0Age\u200b,Annual\u00a0 Income\n1,2,3\n").headers == (
        "CustomerID",
        "Age",
        "Annual Income",
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n \r\n", "empty"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "picture"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\xd0\xcf\x11\xe0old", "old Excel"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"Report of May\n\nid,age,x\n1,2,3\n3,4,5\n", "above the header row"),
        (b"a" * (17 * 1024**2), "longer than"),
        (",".join(f"c{number}" for number in range(600)).encode() + b"\n", "600 columns"),
    ],
)
def test_files_that_are_not_tables_are_refused_with_a_sentence(look, content, sentence):
    with pytest.raises(ImportRefusedError, match=sentence):
        look(content)


def test_a_zip_archive_that_calls_itself_csv_is_refused(look):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", "id\n1\n")
    with pytest.raises(ImportRefusedError, match="zip archive"):
        look(archive.getvalue())


def test_a_compressed_file_is_read_and_a_zip_bomb_is_not(look, settings):
    assert look(gzip.compress(b"id,age\n1,2\n"), "c.csv.gz").headers == ("id", "age")
    with pytest.raises(ImportRefusedError, match="200 times"):
        look(gzip.compress(b"id,age\n" + b"1,2\n" * 30_000_000, 9), "c.csv.gz")
    with pytest.raises(ImportRefusedError, match="damaged"):
        look(gzip.compress(b"id,age\n1,2\n" * 1000)[:-20], "c.csv.gz")


def test_an_archive_is_unpacked_by_a_child_with_limits(look, monkeypatch):
    monkeypatch.setattr(archives, "MEMORY", 8 * 1024**2)  # less than its interpreter needs
    with pytest.raises(ImportRefusedError, match="memory or time"):
        look(gzip.compress(b"id,age\n1,2\n"), "c.csv.gz")


def test_an_archive_that_takes_too_long_is_refused(look, monkeypatch):
    monkeypatch.setattr(archives, "SECONDS", 0)
    with pytest.raises(ImportRefusedError, match="memory or time"):
        look(gzip.compress(b"1,2\n" * 10_000_000), "c.csv.gz")


def test_other_unpacking_errors_do_not_blame_the_archive(tmp_path):
    with pytest.raises(archives.UnpackingError, match="IsADirectoryError"):
        list(open_blocks(tmp_path, compressed=True))


def test_unpacking_stops_when_reading_stops(tmp_path):
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n" * 10_000_000))
    others = set(psutil.Process().children())
    blocks = open_blocks(path, compressed=True)
    assert len(next(blocks)) == BLOCK_BYTES
    assert set(psutil.Process().children()) > others
    blocks.close()
    assert set(psutil.Process().children()) == others


def test_a_file_beyond_the_limit_is_refused(look, settings):
    settings.IMPORT_MAX_BYTES = 1000
    with pytest.raises(ImportRefusedError, match="larger than"):
        look("id,age\n" + "1,2\n" * 1000)


def test_a_file_with_more_rows_than_allowed_is_refused(look, settings):
    settings.IMPORT_MAX_ROWS = 100
    with pytest.raises(ImportRefusedError, match="more than 100 rows"):
        look("id,age\n" + "1,2\n" * 101)


@pytest.mark.parametrize("encoding", ["shift_jis", "cp1251", "utf-16-le"])
def test_an_unclear_encoding_is_asked_for(look, encoding):
    content = "id,名前\n1,山田太郎\n" if encoding == "shift_jis" else "id,имя\n1,Пётр Ильич\n2,Анна\n"
    with pytest.raises(AmbiguousFileError) as question:
        look(content.encode(encoding))
    assert question.value.option == "--encoding"
    assert look(content.encode(encoding), encoding=encoding).headers[0] == "id"


def test_western_text_is_read_with_a_warning(look):
    found = look("id,name\n1,José\n2,“5 €”\n".encode("cp1252"))
    assert found.preview[0] == ("1", "José")
    assert "Windows-1252" in found.warnings[0]
    assert not look("id,name\n1,José\n").warnings
