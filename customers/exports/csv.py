"""Lists as CSV files. PostgreSQL itself writes the lists of customers."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterable, Sequence
from itertools import chain, islice

from django.db import connection
from psycopg import sql

from customers.exports.customer_list import CustomerList, ListCounter
from customers.exports.formulas import escape_formula

# Without this mark Excel assumes the computer's legacy encoding and garbles every accent.
BYTE_ORDER_MARK = "\ufeff"
CHUNK_ROWS = 1_000
Cell = str | int | float | None


def stream_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Generator[bytes]:
    """Write rows as a CSV file that Excel opens directly: UTF-8 with a byte-order mark, CRLF, commas.

    Parameters
    ----------
    header
        Names of the columns.
    rows
        As long as the header; texts are escaped, numbers stay numbers, `None` is an empty cell.

    Yields
    ------
    bytes
        About a thousand rows each.
    """
    written = chain([[escape_formula(name) for name in header]], (list(map(_write, row)) for row in rows))
    yield BYTE_ORDER_MARK.encode()
    while chunk := list(islice(written, CHUNK_ROWS)):
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows(chunk)
        yield stream.getvalue().encode()


def _write(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    return escape_formula(cell) if isinstance(cell, str) else str(cell)


def write_csv(rows: CustomerList, counter: ListCounter) -> Generator[bytes]:
    """Write a list as `stream_csv` would, about a thousand rows at a time."""
    head = b"".join(stream_csv(rows.header, []))
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')").format(rows.statement())
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        lines = iter(copy)
        while chunk := list(islice(lines, CHUNK_ROWS)):
            # Each piece is one row ending in LF, which becomes CRLF for Windows.
            counter.add(len(chunk))
            yield head + b"".join([b"%b\r\n" % line[:-1] for line in chunk])
            head = b""
    if head:
        yield head
