"""The reference reader: Python's `csv` in strict mode, row by row, with line numbers."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from customers.importing.errors import ImportRefusedError
from customers.importing.files.detection import MAX_LINE_BYTES, LongLineError, TableFormat

# An unclosed cell would swallow the rest of the file: `csv` stops at this length instead.
csv.field_size_limit(MAX_LINE_BYTES)

# Error handler for decoding text that may be damaged.
DAMAGED = "damaged"


def _mark_damaged(error: UnicodeError) -> tuple[str, int]:
    """Replace invalid bytes with a lone surrogate, which no valid text can contain."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(DAMAGED, _mark_damaged)


class UnclosedError(ImportRefusedError):
    """A quotation mark is never closed."""

    def __init__(self, line: int) -> None:
        text = _(
            "Line %(line)s: a quotation mark is opened here and never closed, so it is unclear where this "
            "row ends. Correct the line and upload the file again."
        )
        super().__init__(text % {"line": line})
        self.line = line


class NeverClosedError(UnclosedError):
    """The text ends inside a quoted cell."""


def parse(
    lines: Iterable[str], table: TableFormat, lines_before: int
) -> Iterator[tuple[int, list[str], str]]:
    """Parse rows strictly: the line each row begins on, its cells, and what is wrong with it."""
    reader = csv.reader(
        lines,
        delimiter=table.delimiter,
        quotechar=table.quote,
        skipinitialspace=table.skips_spaces,
        strict=True,
    )
    misplaced = _("There is a quotation mark in the wrong place.")
    while True:
        start, problem, cells = reader.line_num + 1, "", []
        try:
            for cells in reader:
                yield lines_before + start, cells, ""
                start = reader.line_num + 1
            return
        except csv.Error as error:
            # The reader continues with the next line, so only this row is lost.
            if "unexpected end" in str(error):
                raise NeverClosedError(lines_before + start) from error
            if reader.line_num > start:
                raise UnclosedError(lines_before + start) from error
            if "limit" in str(error):
                raise LongLineError(lines_before + start) from error
            problem = misplaced
        yield lines_before + start, [], problem
