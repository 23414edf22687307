"""Lists of customers for export: their columns, and the SQL statement that produces the rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.core.exceptions import EmptyResultSet
from django.db import connection
from psycopg import ClientCursor, sql

from customers.exports.formulas import SIGNS
from customers.models import Attribute, CustomerQuerySet, Dataset
from customers.storage.slices import Place, Slices

# Whether a text is longer than the limit in UTF-16 units, which is how Excel counts: a character above U+FFFF
# is two. The byte length is never smaller, so checking it first rules out nearly every text cheaply.
LONGER_THAN = r"""CASE WHEN octet_length({0}) > {1}
    THEN length({0}) + length(regexp_replace({0}, '[\x01-\uffff]', '', 'g')) > {1} ELSE false END"""
# Headers of the columns an export adds to the attributes: an import leaves them out.
CUSTOMER_ID = "Customer ID"
ADDED = ("Segment", "Distance", "Margin")
# Appended to such a header if an attribute has the same name.
APART = " (added)"
Check = Callable[[int], None]


class ListRefusedError(Exception):
    """The list cannot be written as requested; the text is one sentence for the person who asked."""


@dataclass(frozen=True)
class ListColumn:
    """One column of a list of customers.

    Attributes
    ----------
    key
        Its name in URLs.
    name
        Its header.
    value
        An SQL expression over the list's source, where `customer` is the customer; or an attribute.
    is_text
        Whether it must be escaped.
    is_short
        Whether its texts are known to be short.
    """

    key: str
    name: str
    value: sql.Composable | Attribute
    is_text: bool
    is_short: bool = False


@dataclass(frozen=True)
class CustomerList:
    """A list of customers and the columns to show.

    Attributes
    ----------
    columns
        In order.
    source
        The SQL after FROM.
    order
        The expression to order the rows by.
    """

    columns: Sequence[ListColumn]
    source: sql.Composable
    order: sql.Composable

    def statement(self) -> sql.Composable:
        """The SELECT that produces every row, with texts escaped."""
        values, cut = self._cut(sql.SQL("{} AS place").format(self.order), order=self.order)
        cells = [_cell(column, value) for column, value in zip(self.columns, values, strict=True)]
        rows = sql.SQL("SELECT {} FROM {} AS cut ORDER BY place")
        return rows.format(sql.SQL(", ").join(cells), cut)

    def _cut(
        self, *others: sql.Composable, order: sql.Composable | None = None
    ) -> tuple[list[sql.Composable], sql.Composable]:
        """Each column's value over a derived table of array slices, and that table."""
        told = [column.value for column in self.columns]
        slices = Slices(Place.of(value, "customer") for value in told if isinstance(value, Attribute))
        values, selected = [], list(others)
        for index, value in enumerate(told):
            if isinstance(value, Attribute):
                values.append(slices[Place.of(value, "customer")])
            else:
                values.append(sql.Identifier(f"value_{index}"))
                selected.append(sql.SQL("{} AS {}").format(value, values[-1]))
        ordered = sql.SQL("ORDER BY {}").format(order) if order else sql.SQL("")
        cut = sql.SQL("(SELECT {} {} {} {})").format(
            sql.SQL(", ").join([*selected, *slices.columns]), self.source, ordered, slices.ending
        )
        return values, cut

    def only(self, keys: Collection[str]) -> Self:
        """The list with only these columns, in the list's order; with all columns if none is given."""
        chosen = [column for column in self.columns if column.key in keys]
        return replace(self, columns=chosen or self.columns)

    def count(self, limit: int) -> int:
        """The number of rows, counted up to the limit."""
        rows = sql.SQL("SELECT count(*) FROM (SELECT {} LIMIT {}) AS listed")
        return int(_fetch(rows.format(self.source, sql.Literal(limit))) or 0)

    def find_longer_than(self, length: int) -> str | None:
        """The id of a customer with a text longer than this, in UTF-16 units; `None` if there is none."""
        texts = [column for column in self.columns if column.is_text and not column.is_short]
        if not texts:
            return None
        values, cut = replace(self, columns=texts)._cut(sql.SQL("customer.customer_id AS customer"))
        long = sql.SQL(" OR ").join(sql.SQL(LONGER_THAN).format(value, length) for value in values)
        return _fetch(sql.SQL("SELECT customer FROM {} AS cut WHERE {} LIMIT 1").format(cut, long))

    @property
    def header(self) -> list[str]:
        return [column.name for column in self.columns]


@dataclass
class ListCounter:
    """Counts the rows written; `check` is called after each block and may raise to stop."""

    rows: int = 0
    check: Check = field(default=lambda rows: None)

    def add(self, rows: int) -> None:
        self.rows += rows
        self.check(self.rows)


def customer_columns(attributes: Sequence[Attribute]) -> list[ListColumn]:
    """The customer's id, then the attributes in their order."""
    header = header_beside(attributes, CUSTOMER_ID)
    columns = [ListColumn("id", header, sql.SQL("customer.customer_id"), is_text=True)]
    for attribute in attributes:
        is_text = not attribute.is_number
        columns.append(ListColumn(f"a{attribute.pk}", attribute.name, attribute, is_text=is_text))
    return columns


def header_beside(attributes: Iterable[Attribute], name: str) -> str:
    """A header for a column that is not an attribute, different from every attribute's name."""
    taken = {attribute.name.casefold() for attribute in attributes}
    return f"{name}{APART}" if name.casefold() in taken else name


def customer_list(dataset: Dataset, customers: CustomerQuerySet) -> CustomerList:
    """The list of these customers, in the order they were first imported."""
    source = sql.SQL("FROM {} AS customer").format(subquery(customers))
    return CustomerList(customer_columns(list(dataset.attributes.all())), source, sql.SQL("customer.id"))


def subquery(customers: CustomerQuerySet) -> sql.Composable:
    """The customers as a derived table with values interpolated, because COPY takes no parameters."""
    wanted = customers.order_by().values("id", "customer_id", "numbers", "texts")
    try:
        statement, parameters = wanted.query.sql_with_params()
    except EmptyResultSet:
        statement, parameters = "SELECT * FROM customers_customer WHERE false", ()
    connection.ensure_connection()
    return sql.SQL("({})").format(sql.SQL(ClientCursor(connection.connection).mogrify(statement, parameters)))


def _cell(column: ListColumn, value: sql.Composable) -> sql.Composable:
    if not column.is_text:
        return value
    # Trimming and comparing the first character takes half the time of a regular expression.
    escaped = "CASE WHEN left(ltrim({value}, ''''), 1) = ANY ({signs}) THEN '''' || {value} ELSE {value} END"
    return sql.SQL(escaped).format(value=value, signs=sql.Literal(SIGNS))


def _fetch(statement: sql.Composable) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None
