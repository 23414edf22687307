import io
import zipfile

import pytest

from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.files.reading import read_rows
from customers.importing.files.sniffing import look_at_sheet
from customers.importing.files.workbooks import convert_sheet, is_workbook

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LINKS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
STYLES = (
    f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="[Red]yyyy\\-mm\\-dd"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="22"/></cellXfs>'
    "</styleSheet>"
)


def workbook(*sheets, strings=(), states=(), properties="", extra=None):
    """A workbook of sheets given as the XML of their rows."""
    states = states or ("visible",) * len(sheets)
    listed = "".join(
        f'<sheet name="Sheet {n}" sheetId="{n}" state="{state}" r:id="rId{n}"/>'
        for n, state in enumerate(states, 1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Target="worksheets/sheet{n}.xml"/>' for n in range(1, len(sheets) + 1)
    )
    parts = {
        "xl/workbook.xml": f"<workbook {MAIN} {LINKS}>{properties}<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships>{links}</Relationships>",
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si>{text}</si>' for text in strings)}</sst>",
    }
    for number, rows in enumerate(sheets, 1):
        xml = f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"
        parts[f"xl/worksheets/sheet{number}.xml"] = xml
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**parts, **(extra or {})}.items():
            archive.writestr(name, text)
    return packed.getvalue()


def row(number, *cells):
    return f'<row r="{number}">{"".join(cells)}</row>'


def text(reference, value):
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


def number(reference, value, style=0):
    return f'<c r="{reference}" s="{style}"><v>{value}</v></c>'


HEADER = row(1, text("A1", "CustomerID"), text("B1", "Age"))


@pytest.fixture
def rows(write):
    def read(content, **said):
        look = look_at_sheet(write(content, "upload"), "c.xlsx", **said)
        found = list(read_rows(look.path, look.table))[1:]
        return [
            (line, cells[: max((n for n, cell in enumerate(cells, 1) if cell), default=0)])
            for line, _, cells in found
        ]

    return read


@pytest.mark.bad_input(60)
def test_texts_numbers_and_gaps_are_read_with_their_row_numbers(rows):
    content = workbook(
        HEADER + row(2, '<c r="A2" t="s"><v>0</v></c>', number("B2", "7.0")) + row(5, number("A5", "1E+15")),
        strings=["<r><t>J</t></r><r><t>osé</t></r><rPh><t>never</t></rPh>"],
    )
    assert [found for found in rows(content) if any(found[1])] == [
        (2, ["José", "7"]),
        (5, ["1000000000000000"]),
    ]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (number("A2", "46387", 1), "2026-12-31"),
        (number("A2", "46387", 2), "2026-12-31"),
        (number("A2", "46387.5", 3), "2026-12-31 12:00:00"),
        (number("A2", "1", 1), "1900-01-01"),
        (number("A2", "0.1"), "0.1"),
        ('<c r="A2" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="A2" t="e"><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c r="A2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A2"><f>1+1</f></c>', "#FORMULA!"),
        (text("A2", "two\nlines"), "two\nlines"),
        (text("A2", "two_x000D_\nlines"), "two\r\nlines"),
        (text("A2", "tab_x0009_"), "tab\t"),
    ],
)
def test_cells_are_what_people_see(rows, cell, shown):
    assert rows(workbook(HEADER + row(2, cell))) == [(2, [shown])]


@pytest.mark.bad_input(57)
def test_dates_of_old_macintosh_workbooks_are_right(rows):
    content = workbook(HEADER + row(2, number("A2", "44925", 1)), properties='<workbookPr date1904="1"/>')
    assert rows(content) == [(2, ["2026-12-31"])]


@pytest.mark.bad_input(58)
def test_several_sheets_are_asked_about(rows):
    content = workbook(HEADER + row(2, number("A2", "1")), HEADER + row(2, number("A2", "2")))
    with pytest.raises(AmbiguousFileError, match=r"“Sheet 1”, “Sheet 2”.*--sheet"):
        rows(content)
    assert rows(content, sheet="Sheet 2") == [(2, ["2"])]
    assert rows(content, guess=True) == [(2, ["1"])]


@pytest.mark.bad_input(58)
def test_a_hidden_sheet_is_not_asked_about(rows):
    content = workbook(HEADER + row(2, number("A2", "1")), HEADER, states=("visible", "hidden"))
    assert rows(content) == [(2, ["1"])]


BOMB = "<!DOCTYPE x [" + '<!ENTITY a "ha">' + '<!ENTITY b "&a;&a;&a;">' + "]>"
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            workbook(HEADER + row(1_048_576, number("XFD1048576", "1"))),
            "column 16384",
            marks=pytest.mark.bad_input(49),
        ),
        pytest.param(
            workbook(HEADER, extra={"xl/sharedStrings.xml": f"{BOMB}<sst>&b;</sst>"}),
            "document type",
            marks=pytest.mark.bad_input(50),
        ),
        pytest.param(
            workbook(HEADER, extra={"xl/sharedStrings.xml": f"{OUTSIDE}<sst>&a;</sst>"}),
            "document type",
            marks=pytest.mark.bad_input(51),
        ),
        pytest.param(
            workbook(HEADER + f"<!--{' ' * 50_000_000}-->"), "150 times", marks=pytest.mark.bad_input(47)
        ),
        pytest.param(
            workbook(HEADER + row(2, text("A2", "x " * 600_000 + str(list(range(20_000)))))),
            "row 2 is too long",
            marks=pytest.mark.bad_input(48),
        ),
        pytest.param(workbook(HEADER)[:-100], "damaged", marks=pytest.mark.bad_input(61)),
        (workbook(HEADER + row(3) + row(2, number("A2", "1")) + row(2, number("A2", "1"))), "out of order"),
        (workbook(HEADER, extra={"xl/workbook.xml": "<workbook>"}), "damaged"),
    ],
)
def test_a_malicious_workbook_is_refused(write, content, sentence):
    with pytest.raises(ImportRefusedError, match=sentence):
        convert_sheet(write(content, "upload"), "c.xlsx", "")


@pytest.mark.bad_input(61)
def test_a_link_inside_the_archive_is_refused(write):
    packed = io.BytesIO(workbook(HEADER))
    with zipfile.ZipFile(packed, "a") as archive:
        link = zipfile.ZipInfo("xl/media/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ImportRefusedError, match="links"):
        convert_sheet(write(packed.getvalue(), "upload"), "c.xlsx", "")


def test_a_workbook_is_a_zip_archive_named_xlsx(write):
    assert is_workbook(write(workbook(HEADER), "upload"), "Customers.XLSX")
    assert not is_workbook(write(workbook(HEADER), "upload"), "customers.csv")
    assert not is_workbook(write(b"id,age\n", "upload"), "customers.xlsx")


@pytest.mark.bad_input(55, 56)
def test_a_workbook_is_imported_whole(import_file, counts, reasons, customers):
    content = workbook(
        HEADER
        + row(2, number("A2", "1"), number("B2", "30"))
        + row(4, number("A4", "2"), '<c r="B4" t="e"><v>#DIV/0!</v></c>')
        + row(5, number("A5", "3"), '<c r="B5"><f>B2*2</f></c>')
        + row(6, number("A6", "4"), number("B6", "50"))
    )
    done = import_file(content, "customers.xlsx")
    assert counts(done) == (4, 2, 0, 0, 2)
    assert [(line, value) for line, _, value, _ in reasons(done)] == [(4, "#DIV/0!"), (5, "#FORMULA!")]
    assert customers() == {"1": [30.0], "4": [50.0]}


def test_line_breaks_in_cells_and_gaps_at_the_end_of_rows_are_kept(import_file, counts, reasons, customers):
    rows = (
        row(1, text("A1", "CustomerID"), text("B1", "Note"), text("C1", "Age"))
        + row(2, text("A2", "1"), text("B2", "two\nlines"))
        + row(3, text("A3", "2"), text("B3", "x"), text("C3", "old"))
        + row(4, text("A4", "3"), text("B4", "y"), number("C4", "30"))
    )
    done = import_file(workbook(rows), "customers.xlsx")
    assert counts(done) == (3, 2, 0, 0, 1)
    assert customers() == {"1": ["two\nlines", None], "3": ["y", 30]}
    assert [line for line, *_ in reasons(done)] == [3]


@pytest.mark.bad_input(59)
def test_merged_cells_have_their_value_once_with_a_warning(import_file, counts, reasons):
    merged = '</sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells><sheetData>'
    rows = HEADER + row(2, text("A2", "7"), number("B2", "30")) + row(3, number("B3", "31"))
    done = import_file(workbook(rows + merged), "customers.xlsx")
    assert counts(done) == (2, 1, 0, 0, 1)
    assert any("merged" in warning for warning in done.warnings)
    assert [line for line, *_ in reasons(done)] == [3]


@pytest.mark.bad_input(54)
def test_macros_and_links_to_other_files_are_not_followed(import_file, counts, customers):
    linked = row(2, text("A2", "8"), '<c r="B2"><f>[1]Sheet1!A1</f><v>30</v></c>')
    parts = {"xl/externalLinks/externalLink1.xml": "<externalLink/>", "xl/vbaProject.bin": "x"}
    done = import_file(workbook(HEADER + linked, extra=parts), "customers.xlsm")
    assert counts(done) == (1, 1, 0, 0, 0)
    assert customers() == {"8": [30]}
    assert any("only its values were read" in warning for warning in done.warnings)
