"""Reading rows of text from a file in batches, each row with its line number.

Python's `csv` in strict mode is the reference. If every quotation mark in a block opens a cell, closes one or
is doubled inside one, pyarrow gives the same result three times as fast (`blocks`); `csv` reads the other
blocks, or all of them with the setting `IMPORT_PLAINLY`. Types are never guessed: every cell is text.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.utils.translation import gettext as _

from customers.importing.files.blocks import BATCH_BYTES, read_blocks
from customers.importing.files.csv_reader import DAMAGED, parse
from customers.importing.files.detection import TableFormat
from customers.importing.files.rows import Batch, Reject, Rows, readable

BATCH_ROWS = 20_000
MAX_CELL_CHARACTERS = 131_072


def read_rows(path: Path, table: TableFormat) -> Iterator[tuple[int, int, list[str]]]:
    """Read row by row from the top, header included, for a first look at the file.

    Yields the row's first and last line and its cells; rows that cannot be parsed are skipped.
    """
    lines = islice(_Text(path, table), table.lines_before, None)
    counted = _Counted(lines, table.lines_before)
    for line, cells, problem in parse(counted, table, table.lines_before):
        if not problem:
            yield line, counted.line, [readable(_unmarked(cell, table)) for cell in cells]


class _Counted:
    """Iterates over lines and counts them."""

    def __init__(self, lines: Iterable[str], line: int) -> None:
        self.lines, self.line = lines, line

    def __iter__(self) -> Iterator[str]:
        for text in self.lines:
            self.line += 1
            yield text


def read_batches(path: Path, table: TableFormat, width: int, *, header_line: int) -> Iterator[Batch]:
    """Read the rows below the header.

    Parameters
    ----------
    width
        Number of columns in the header; rows with a different number are rejected, never shifted.
    header_line
        The header's last line, from 1.

    Raises
    ------
    ImportRefusedError
        A quotation mark is never closed, so it is unclear where rows begin and end.
    """
    is_quick = table.has_plain_lines and not settings.IMPORT_PLAINLY
    for batch in (read_blocks if is_quick else _read_lines)(path, table, width, header_line):
        yield _without_huge_cells(_with_breaks(batch) if table.is_sheet else batch)


# ---- The reference reader --------------------------------------------------------------------------------


class _Text:
    """The lines of a file, decoded block by block; counts the blocks started."""

    def __init__(self, path: Path, table: TableFormat) -> None:
        self.path, self.table = path, table
        self.blocks = 0

    def __iter__(self) -> Iterator[str]:
        for text in self._whole_lines():
            self.blocks += 1
            yield from io.StringIO(text, newline="")

    def _whole_lines(self) -> Iterator[str]:
        rest = ""
        for text in self._decoded():
            rest += text
            # A carriage return at the very end may be half of a Windows line end.
            end = rest.rfind("\n") + 1 or rest.rfind("\r", 0, len(rest) - 1) + 1
            if end:
                yield rest[:end]
                rest = rest[end:]
        if rest:
            yield rest

    def _decoded(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self.table.encoding)(errors=DAMAGED)
        for large in self.table.read(self.path):
            for start in range(0, len(large), BATCH_BYTES):
                yield decoder.decode(large[start : start + BATCH_BYTES])
        yield decoder.decode(b"", final=True)


def _read_lines(path: Path, table: TableFormat, width: int, header_line: int) -> Iterator[Batch]:
    text = _Text(path, table)
    lines = islice(text, header_line, None)
    gathered, block = Rows(width), 0
    for line, cells, problem in parse(lines, table, header_line):
        if problem:
            gathered.reject(cells, line, problem)
        else:
            gathered.add(cells, line)
        if text.blocks != block or len(gathered.rows) >= BATCH_ROWS:
            block = text.blocks
            yield gathered.batch()
            gathered = Rows(width)
    yield gathered.batch()


def _unmarked(cell: str, table: TableFormat) -> str:
    return cell.replace("\uffff", "\n").replace("\ufffe", "\r") if table.is_sheet else cell


def _with_breaks(batch: Batch) -> Batch:
    """Replace the line-break marks of a workbook's cells with line breaks."""
    columns = tuple(
        pc.replace_substring(pc.replace_substring(column, "\uffff", "\n"), "\ufffe", "\r")
        for column in batch.columns
    )
    return replace(batch, columns=columns)


def _without_huge_cells(batch: Batch) -> Batch:
    """Reject rows with an implausibly long cell."""
    huge = np.zeros(len(batch.lines), bool)
    for column in batch.columns:
        if len(column) and pc.max(pc.binary_length(column)).as_py() > MAX_CELL_CHARACTERS:
            huge |= pc.greater(pc.utf8_length(column), MAX_CELL_CHARACTERS).to_numpy(zero_copy_only=False)
    if not huge.any():
        return batch
    reason = _("One of the cells has more than %(limit)s characters.") % {"limit": MAX_CELL_CHARACTERS}
    rejects = tuple(Reject(int(line), reason) for line in batch.lines[huge])
    return Batch(
        tuple(column.filter(pa.array(~huge)) for column in batch.columns),
        batch.lines[~huge],
        batch.rejects + rejects,
        batch.blank,
    )
