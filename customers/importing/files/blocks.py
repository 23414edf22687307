"""Parsing blocks of bytes into rows: by whole columns where that gives the same result as the reference."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from customers.importing.files.csv_reader import DAMAGED, NeverClosedError, parse
from customers.importing.files.detection import MAX_LINE_BYTES, TableFormat, count_line_feeds
from customers.importing.files.rows import Batch, Rows, joined

BATCH_BYTES = 1024**2
QUOTE, LINE_FEED, RETURN = b'"\n\r'

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Block:
    """Whole lines in UTF-8, the positions of their quotation marks, and the line ends that end a row."""

    text: bytes
    quotes: npt.NDArray[np.int64]
    ends_row: BoolArray

    @classmethod
    def of(cls, text: bytes) -> _Block:
        if b'"' not in text:
            return cls(text, np.empty(0, np.int64), np.ones(count_line_feeds(text), bool))
        characters = np.frombuffer(text, np.uint8)
        quotes = np.flatnonzero(characters == QUOTE)
        line_ends = np.flatnonzero(characters == LINE_FEED)
        return cls(text, quotes, np.searchsorted(quotes, line_ends) % 2 == 0)

    def is_regular(self, delimiter: str) -> bool:
        """Whether every quotation mark opens a cell, closes one, or is part of a doubled mark.

        Taken in order, odd ones must be at the start of a cell and even ones at its end, or an even one must
        be followed directly by the next odd one. Then `csv` and pyarrow agree on every cell.
        """
        if not len(self.quotes):
            return True
        if len(self.quotes) % 2:
            return False
        padded = np.frombuffer(b"\n" + self.text + b"\n", np.uint8)  # so that a mark at index i is at i + 1
        opening, closing = self.quotes[0::2], self.quotes[1::2]
        before, after = padded[opening], padded[closing + 2]
        doubled = opening[1:] == closing[:-1] + 1
        starts = (before == ord(delimiter)) | (before == LINE_FEED)
        ends = (after == ord(delimiter)) | (after == LINE_FEED) | (after == RETURN)
        starts[1:] |= doubled
        ends[:-1] |= doubled
        return bool(starts.all() and ends.all())

    def row_lines(self, first_line: int) -> npt.NDArray[np.int64]:
        """The line on which each row begins, plus one entry for what follows the last line end."""
        begins = np.flatnonzero(self.ends_row) + 1
        return first_line + np.concatenate([[0], begins])


def read_blocks(path: Path, table: TableFormat, width: int, header_line: int) -> Iterator[Batch]:
    """Read the rows below the header; see `read_batches`."""
    names = [str(index) for index in range(width)]
    blocks = _byte_blocks(path, table, header_line)
    line, rest, at_end = header_line + 1, b"", False
    while not at_end:
        block = next(blocks, None)
        at_end = block is None
        rest += block or b""
        end = len(rest) if at_end else rest.rfind(b"\n") + 1
        if not end:
            continue
        found = _Block.of(_as_utf8(rest[:end], table))
        if not at_end and found.ends_row.any() and not found.ends_row[-1]:
            # The last cell continues in the next block.
            end = _offset_of_line(rest, int(np.flatnonzero(found.ends_row)[-1]) + 1)
            found = _Block.of(_as_utf8(rest[:end], table))
        if found.is_regular(table.delimiter):
            batch, used = _parse_block(found, table, names, line), end
        else:
            batch, lines = _parse_strictly(found, table, width, line, is_last=at_end or end > MAX_LINE_BYTES)
            used = _offset_of_line(rest[:end], lines)
        line += len(found.ends_row) if used == end else rest.count(b"\n", 0, used)
        rest = rest[used:]
        yield batch


def _byte_blocks(path: Path, table: TableFormat, lines: int) -> Iterator[bytes]:
    """Read what follows this many lines, block by block."""
    for large in table.read(path):
        for start in range(0, len(large), BATCH_BYTES):
            block = large[start : start + BATCH_BYTES]
            skipped = min(lines, block.count(b"\n")) if lines else 0
            lines_left = lines - skipped
            yield b"" if lines_left else block[_offset_of_line(block, skipped) :]
            lines = lines_left


def _offset_of_line(block: bytes, index: int) -> int:
    """The offset of the line with this index; the block's end if there are fewer lines."""
    position = 0
    for _ in range(index):
        position = block.find(b"\n", position) + 1
        if not position:
            return len(block)
    return position


def _as_utf8(block: bytes, table: TableFormat) -> bytes:
    if table.encoding == "utf-8":
        return block
    return block.decode(table.encoding, "surrogateescape").encode("utf-8", "surrogateescape")


def _parse_block(block: _Block, table: TableFormat, names: list[str], first_line: int) -> Batch:
    lines = block.row_lines(first_line)
    odd = Rows(len(names))
    numbers: list[int] = []
    has_quotes = bool(len(block.quotes))

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        numbers.append(row.number)
        cells = row.text.split(table.delimiter)
        if '"' in row.text:
            cells = next(
                csv.reader(io.StringIO(row.text, newline=""), delimiter=table.delimiter, strict=True)
            )
        odd.add(cells, int(lines[row.number - 1]))
        return "skip"

    try:
        rows = arrow_csv.read_csv(
            pa.BufferReader(block.text),
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(block.text) + 1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=table.delimiter,
                quote_char='"' if has_quotes else False,
                double_quote=has_quotes,
                newlines_in_values=has_quotes,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):  # damaged bytes, or nothing but line ends
        return _parse_strictly(block, table, len(names), first_line, is_last=True)[0]
    lines = np.delete(lines[: rows.num_rows + len(numbers)], np.array(numbers, np.int64) - 1)
    batch = Batch(tuple(column.combine_chunks() for column in rows.columns), lines)
    return joined(batch, odd.batch()) if numbers else batch


def _parse_strictly(
    block: _Block, table: TableFormat, width: int, first_line: int, *, is_last: bool
) -> tuple[Batch, int]:
    """Parse a block like the reference; also return how many of its lines were used.

    Unless this is the last block, an unfinished row is left for the next one to complete.
    """
    gathered = Rows(width)
    stream = io.StringIO(block.text.decode("utf-8", DAMAGED), newline="")
    rows = parse(stream, table, first_line - 1)
    try:
        for line, cells, problem in rows:
            if problem:
                gathered.reject(cells, line, problem)
            else:
                gathered.add(cells, line)
    except NeverClosedError as error:
        if is_last:
            raise
        return gathered.batch(), error.line - first_line
    return gathered.batch(), len(block.ends_row) + 1
