"""The second look at a file: its delimiter and its header row."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.importing.columns.headers import tidy, understand
from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.files.detection import BYTE_ORDER_MARKS, Scan, TableFormat, open_blocks, scan
from customers.importing.files.encodings import ENCODINGS, compare_encodings, find_words
from customers.importing.files.reading import read_batches, read_rows
from customers.importing.files.rows import Batch
from customers.importing.files.shapes.delimiters import (
    HEAD_CHARACTERS,
    find_delimiter,
    find_quoting,
)
from customers.importing.files.shapes.foreign import refuse_foreign_text
from customers.importing.files.shapes.header_lines import refuse_lines_above, refuse_pivot
from customers.importing.files.workbooks import Sheet, convert_sheet

# The quotation mark, the ends of lines, and what no database stores.
NO_DELIMITERS = ('"', "\r", "\n", "\0")
PREVIEW_ROWS = 20
# Blank ones included: some reports begin with a page of them.
FIRST_ROWS = 100


@dataclass(frozen=True)
class KeptLook:
    """What took a pass over the whole file to find out, and stays true whatever settings are chosen later.

    It holds neither cells, which are personal data, nor sentences, which depend on the reader's language.
    """

    scan: Scan
    # For workbooks.
    sheet: Sheet | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> KeptLook:
        sheet = values["sheet"]
        return cls(Scan(**values["scan"]), Sheet.from_json(sheet) if sheet else None)


@dataclass(frozen=True)
class FileLook:
    """How a file will be read."""

    path: Path
    table: TableFormat
    headers: tuple[str, ...]
    # The header's last line.
    header_line: int
    # The first rows below the header.
    preview: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...] = ()
    # Encoding and delimiter; empty for a workbook.
    encoding: str = ""
    delimiter: str = ""
    # For workbooks.
    sheet: Sheet | None = None

    @property
    def kept(self) -> KeptLook:
        return KeptLook(self.table.scan, self.sheet)

    @property
    def width(self) -> int:
        return len(self.headers)

    @property
    def line_count(self) -> int:
        """Approximate number of rows: exact if no cell contains a line break."""
        return max(1, self.table.scan.lines - self.header_line)

    def read(self, tell: Callable[[int, int], None] | None = None) -> Iterator[Batch]:
        """Read the rows below the header; `tell` is called with the rows done and the total."""
        done = 0
        for batch in read_batches(self.path, self.table, self.width, header_line=self.header_line):
            yield batch
            done += len(batch.lines) + len(batch.rejects)
            if tell is not None:
                tell(min(done, self.line_count), self.line_count)


def look_at(
    path: Path,
    name: str,
    *,
    encoding: str = "",
    delimiter: str = "",
    guess: bool = False,
    kept: KeptLook | None = None,
    is_sheet: bool = False,
) -> FileLook:
    """Find out how to read a text file.

    Parameters
    ----------
    path, name
        Its path, and its original name, which alone shows whether it is compressed.
    encoding, delimiter
        As specified; empty to detect them.
    guess
        Somebody will check the result: guess and warn instead of refusing.
    kept
        The result of an earlier look, with which the beginning of the file is enough.
    is_sheet
        It was converted from a workbook.

    Raises
    ------
    ImportRefusedError
        It is not a table with a header row.
    AmbiguousFileError
        Its encoding or delimiter is unclear.
    """
    compressed = name.lower().endswith((".gz", ".zip"))
    scanned = kept.scan if kept else _scan(path, compressed)
    warnings: list[str] = []
    encoding = encoding or _found(lambda: _find_encoding(path, scanned, compressed), guess, warnings)
    table = TableFormat(scanned, encoding, delimiter, compressed, is_sheet)
    table = replace(table, delimiter=",") if is_sheet else _find_cells(path, table, guess, warnings)
    look = _read_headers(path, table)
    warnings += look.warnings
    return replace(look, warnings=tuple(warnings), encoding=encoding, delimiter=table.delimiter)


def _find_cells(path: Path, table: TableFormat, guess: bool, warnings: list[str]) -> TableFormat:
    """Find out how the lines are split into cells, unless somebody has said by which character."""
    head = _read_head(path, table)
    refuse_foreign_text(head)
    said, lines_before = _read_sep_line(head)
    delimiter = table.delimiter or said or _found(lambda: find_delimiter(head), guess, warnings)
    refuse_delimiter(delimiter)
    return replace(table, lines_before=lines_before, **asdict(find_quoting(head, delimiter)))


def refuse_delimiter(delimiter: str) -> None:
    """Raise an `ImportRefusedError` for a character between whose occurrences no cells can be read."""
    if len(delimiter) != 1 or delimiter in NO_DELIMITERS or unicodedata.category(delimiter) == "Cs":
        raise ImportRefusedError(_("Columns cannot be separated by this character: choose another one."))


def look_at_sheet(
    path: Path,
    name: str,
    *,
    sheet: str = "",
    head: bool = False,
    guess: bool = False,
    kept: KeptLook | None = None,
) -> FileLook:
    """Find out how to read a sheet of a workbook: all of it, or its first rows."""
    found = kept.sheet if kept else None
    if found is None or not found.answers(sheet, head=head, guess=guess) or not found.path(path).is_file():
        found, kept = convert_sheet(path, name, sheet, head=head, guess=guess), None
    look = look_at(found.path(path), "sheet.csv", encoding="utf-8", delimiter=",", kept=kept, is_sheet=True)
    if found.has_pivot and all(understand(header).id_rank is None for header in look.headers):
        refuse_pivot()
    warnings = (*found.warnings, *look.warnings)
    return replace(look, warnings=warnings, encoding="", delimiter="", sheet=found)


def _scan(path: Path, compressed: bool) -> Scan:
    max_bytes = int(settings.IMPORT_MAX_BYTES) * (10 if compressed else 1)
    return scan(path, compressed=compressed, max_bytes=max_bytes, max_lines=settings.IMPORT_MAX_ROWS)


def _find_encoding(path: Path, scanned: Scan, compressed: bool) -> str:
    """The encoding; if it is unclear, the question shows words as the likeliest ones read them."""
    try:
        return scanned.find_encoding()
    except AmbiguousFileError as error:
        words = () if scanned.seems_wide else find_words(open_blocks(path, compressed=compressed))
        sentence = " ".join([error.sentence, *compare_encodings(words)])
        raise AmbiguousFileError(sentence, error.option, guess=error.guess) from error


def _found(find: Callable[[], str], guess: bool, warnings: list[str]) -> str:
    """The result of `find`, or a guess with a warning if that is enough."""
    try:
        return find()
    except AmbiguousFileError as error:
        if not guess:
            raise
        warnings.append(error.sentence)
        return error.guess


def _read_head(path: Path, table: TableFormat) -> str:
    block = next(table.read(path))[: 4 * HEAD_CHARACTERS]
    return block.decode(table.encoding, "replace")[:HEAD_CHARACTERS]


def _read_sep_line(head: str) -> tuple[str, int]:
    """The delimiter in Excel's first line `sep=;`, and the number of lines it takes."""
    first = head.split("\n", 1)[0].rstrip("\r").strip('"')
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], 1
    return "", 0


def _read_headers(path: Path, table: TableFormat) -> FileLook:
    rows = [row for row in islice(read_rows(path, table), FIRST_ROWS) if any(cell.strip() for cell in row[2])]
    if not rows:
        raise ImportRefusedError(_("The file is empty."))
    refuse_lines_above([(line, cells) for line, _last, cells in rows])
    _start, last_line, cells = rows[0]
    headers = [tidy(cell) for cell in cells]
    preview = [tuple(cells) for _, _, cells in rows[1 : PREVIEW_ROWS + 1]]
    while len(headers) > 1 and not headers[-1] and not any(row[len(headers) - 1 :] for row in preview):
        headers.pop()
    _refuse_shape(headers, preview)
    width = len(headers)
    return FileLook(
        path,
        table,
        tuple(headers),
        last_line,
        tuple(row[:width] + ("",) * (width - len(row)) for row in preview),
        _encoding_warnings(table),
    )


def _refuse_shape(headers: Sequence[str], preview: Sequence[Sequence[str]]) -> None:
    if len(headers) > settings.IMPORT_MAX_COLUMNS:
        text = _(
            "The file has %(count)s columns, but at most %(limit)s can be imported: remove some of them."
        )
        raise ImportRefusedError(text % {"count": len(headers), "limit": settings.IMPORT_MAX_COLUMNS})
    widths = Counter(_filled_width(row) for row in preview)
    if not widths:
        return
    usual, count = widths.most_common(1)[0]
    if usual > len(headers) and count * 2 > len(preview) and len(preview) > 1 and len(headers) < 3:
        text = ngettext(
            "The first line has %(count)s column, but the rows have %(usual)s: "
            "remove everything above the header row.",
            "The first line has %(count)s columns, but the rows have %(usual)s: "
            "remove everything above the header row.",
            len(headers),
        )
        raise ImportRefusedError(text % {"count": len(headers), "usual": usual})


def _filled_width(row: Sequence[str]) -> int:
    return max((index for index, cell in enumerate(row, 1) if cell.strip()), default=0)


def _encoding_warnings(table: TableFormat) -> tuple[str, ...]:
    if table.encoding in ("utf-8", *BYTE_ORDER_MARKS.values()):
        return ()
    name = ENCODINGS.get(table.encoding, table.encoding)
    text = _("The file was read as %(encoding)s: check that names with accents look right.")
    return (text % {"encoding": name},)
