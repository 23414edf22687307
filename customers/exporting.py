"""The one writer of every list of customers that leaves the system."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from customers.models import Attribute, Customer, Dataset

# Spreadsheets run a cell that begins so as a formula, in any width of writing; an apostrophe before it makes
# it text. Cells that begin with apostrophes and such a sign get one more, so that nothing is ambiguous.
FORMULA_SIGNS = r"=+\-@\t\r\x00＝＋－＠"
DANGEROUS = re.compile(f"'*[{FORMULA_SIGNS}]")
# What an import undoes, in the syntax of RE2.
DEFUSED = f"^'+[{FORMULA_SIGNS}]"

# Excel takes a file without this mark for the machine's old encoding, and breaks every accent.
BYTE_ORDER_MARK = "\ufeff"
CHUNK_ROWS = 1_000

Cell = str | int | float | None


def stream_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Write rows as a CSV file that Excel opens by itself: UTF-8 with its mark, CRLF, comma.

    Parameters
    ----------
    header
        Names of the columns.
    rows
        As long as the header; texts are defused, numbers stay numbers, `None` is an empty cell.

    Yields
    ------
    bytes
        About a thousand rows each.
    """
    written = chain([[defuse(name) for name in header]], (list(map(_write, row)) for row in rows))
    yield BYTE_ORDER_MARK.encode()
    while chunk := list(islice(written, CHUNK_ROWS)):
        stream = io.StringIO(newline="")
        csv.writer(stream).writerows(chunk)
        yield stream.getvalue().encode()


def defuse(text: str) -> str:
    """Make text of what a spreadsheet would run; `customers.importing` takes it back."""
    return f"'{text}" if DANGEROUS.match(text) else text


def customer_header(attributes: Sequence[Attribute]) -> list[str]:
    """The names of the columns of a list of customers."""
    return ["Customer ID", *(attribute.name for attribute in attributes)]


def customer_row(customer: Customer, attributes: Sequence[Attribute]) -> list[Cell]:
    """One customer's values in the order of `customer_header`."""
    return [customer.customer_id, *(customer.value(attribute) for attribute in attributes)]


def attributes_of(dataset: Dataset) -> list[Attribute]:
    """The columns of a dataset's lists, in the order in which they came."""
    return list(dataset.attributes.all())


def _write(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    return defuse(cell) if isinstance(cell, str) else str(cell)
