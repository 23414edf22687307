"""The one writer of every list of customers that leaves the system."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, Self

from django.core.exceptions import EmptyResultSet
from django.db import connection
from psycopg import ClientCursor, sql

from customers.models import Attribute, CustomerQuerySet, Dataset

# Spreadsheets run a cell that begins so as a formula, in any width of writing; an apostrophe before it makes
# it text. Cells that begin with apostrophes and such a sign get one more, so that nothing is ambiguous.
FORMULA_SIGNS = r"=+\-@\t\r\x00＝＋－＠"
DANGEROUS = re.compile(f"'*[{FORMULA_SIGNS}]")
# What an import undoes, in the syntax of RE2.
DEFUSED = f"^'+[{FORMULA_SIGNS}]"

# Excel takes a file without this mark for the machine's old encoding, and breaks every accent.
BYTE_ORDER_MARK = "\ufeff"
CHUNK_ROWS = 1_000

# The same for PostgreSQL, whose texts hold no NUL.
SIGNS = list("=+-@\t\r＝＋－＠")

# Headers of what is told of a customer besides the attributes: an import leaves these columns out.
CUSTOMER_ID = "Customer ID"
ADDED = ("Segment", "Distance", "Margin")
# What sets such a header apart where an attribute is called the same.
APART = " (added)"

Cell = str | int | float | None
Check = Callable[[int], None]


def stream_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Generator[bytes]:
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


def undo_defusing(text: str) -> str:
    """Take back what `defuse` did."""
    return text[1:] if re.match(DEFUSED, text) else text


def attributes_of(dataset: Dataset) -> list[Attribute]:
    """The columns of a dataset's lists, in the order in which they came."""
    return list(dataset.attributes.all())


def _write(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
    return defuse(cell) if isinstance(cell, str) else str(cell)


# ---- Lists of customers, which PostgreSQL writes by itself -------------------------------------------------


class ListRefusedError(Exception):
    """A list cannot be written as asked; the text is one sentence for the person who asked."""


@dataclass(frozen=True)
class ListColumn:
    """One column of a list of customers.

    Attributes
    ----------
    key
        How addresses name it.
    name
        Its header.
    value
        An expression of the list's source, where the customer is `customer`.
    is_text
        Whether it must be defused.
    """

    key: str
    name: str
    value: sql.Composable
    is_text: bool


@dataclass(frozen=True)
class CustomerList:
    """Customers and what is told of them.

    Attributes
    ----------
    columns
        What is told, in order.
    source
        What stands in SQL from FROM on.
    order
        The expression that the rows are ordered by.
    """

    columns: Sequence[ListColumn]
    source: sql.Composable
    order: sql.Composable

    def statement(self) -> sql.Composable:
        """The SELECT that makes every row, texts defused."""
        cells = sql.SQL(", ").join(_cell(column) for column in self.columns)
        return sql.SQL("SELECT {} {} ORDER BY {}").format(cells, self.source, self.order)

    def only(self, keys: Collection[str]) -> Self:
        """The list with the chosen columns alone, in the list's order; with all of them if none is chosen."""
        chosen = [column for column in self.columns if column.key in keys]
        return replace(self, columns=chosen or self.columns)

    def count(self, limit: int) -> int:
        """How many rows there are; nobody counts beyond the limit."""
        rows = sql.SQL("SELECT count(*) FROM (SELECT {} LIMIT {}) AS listed")
        return int(_fetch(rows.format(self.source, sql.Literal(limit))) or 0)

    def find_longer_than(self, length: int) -> str | None:
        """The id of a customer of whom some text is longer than so many characters."""
        texts = [column.value for column in self.columns if column.is_text]
        if not texts:
            return None
        long = sql.SQL(" OR ").join(sql.SQL("length({}) > {}").format(text, length) for text in texts)
        rows = sql.SQL(
            "SELECT listed.id FROM (SELECT customer.customer_id AS id, {} AS is_long {}) AS listed"
        )
        found = sql.SQL("{} WHERE listed.is_long LIMIT 1").format(rows.format(long, self.source))
        return _fetch(found)

    @property
    def header(self) -> list[str]:
        return [column.name for column in self.columns]


@dataclass
class ListCounter:
    """How many rows were written so far; `check` is told after each block and may raise to stop."""

    rows: int = 0
    check: Check = field(default=lambda rows: None)

    def add(self, rows: int) -> None:
        self.rows += rows
        self.check(self.rows)


def customer_columns(attributes: Sequence[Attribute]) -> list[ListColumn]:
    """The customer's id and the attributes, in their order."""
    header = header_beside(attributes, CUSTOMER_ID)
    columns = [ListColumn("id", header, sql.SQL("customer.customer_id"), is_text=True)]
    for attribute in attributes:
        array = sql.Identifier("customer", "numbers" if attribute.is_number else "texts")
        value = sql.SQL("{}[{}]").format(array, sql.Literal(attribute.position + 1))
        columns.append(ListColumn(f"a{attribute.pk}", attribute.name, value, is_text=not attribute.is_number))
    return columns


def header_beside(attributes: Iterable[Attribute], name: str) -> str:
    """The header of a column that is no attribute: never one that an attribute has."""
    taken = {attribute.name.casefold() for attribute in attributes}
    return f"{name}{APART}" if name.casefold() in taken else name


def customer_list(dataset: Dataset, customers: CustomerQuerySet) -> CustomerList:
    """The list of these customers, in the order in which they came into the system."""
    source = sql.SQL("FROM {} AS customer").format(subquery(customers))
    return CustomerList(customer_columns(attributes_of(dataset)), source, sql.SQL("customer.id"))


def subquery(customers: CustomerQuerySet) -> sql.Composable:
    """The customers as a derived table, values written in: COPY takes no parameters."""
    wanted = customers.order_by().values("id", "customer_id", "numbers", "texts")
    try:
        statement, parameters = wanted.query.sql_with_params()
    except EmptyResultSet:
        statement, parameters = "SELECT * FROM customers_customer WHERE false", ()
    connection.ensure_connection()
    return sql.SQL("({})").format(sql.SQL(ClientCursor(connection.connection).mogrify(statement, parameters)))


def write_csv(rows: CustomerList, counter: ListCounter) -> Generator[bytes]:
    """Write a list as `stream_csv` would, about a thousand rows at a time."""
    head = b"".join(stream_csv(rows.header, []))
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')").format(rows.statement())
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        lines = iter(copy)
        while chunk := list(islice(lines, CHUNK_ROWS)):
            # One row a piece: its last byte is the line's end, which Windows wants longer.
            counter.add(len(chunk))
            yield head + b"".join([b"%b\r\n" % line[:-1] for line in chunk])
            head = b""
    if head:
        yield head


def _cell(column: ListColumn) -> sql.Composable:
    if not column.is_text:
        return column.value
    # Trimming and comparing the first sign takes half the time of a regular expression.
    defused = "CASE WHEN left(ltrim({value}, ''''), 1) = ANY ({signs}) THEN '''' || {value} ELSE {value} END"
    return sql.SQL(defused).format(value=column.value, signs=sql.Literal(SIGNS))


def _fetch(statement: sql.Composable) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None
