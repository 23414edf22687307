"""Lists of customers that leave the system: their columns, and the statement that makes their rows."""

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

# Whether a text has more UTF-16 units than that, which Excel counts: two for a sign above U+FFFF. A text has
# at least as many bytes, so that hardly any is looked at.
LONGER_THAN = r"""CASE WHEN octet_length({0}) > {1}
    THEN length({0}) + length(regexp_replace({0}, '[\x01-\uffff]', '', 'g')) > {1} ELSE false END"""
# Headers of what is told of a customer besides the attributes: an import leaves these columns out.
CUSTOMER_ID = "Customer ID"
ADDED = ("Segment", "Distance", "Margin")
# What sets such a header apart where an attribute is called the same.
APART = " (added)"
Check = Callable[[int], None]


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
        An expression of the list's source, where the customer is `customer`; or the attribute it is.
    is_text
        Whether it must be defused.
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
        values, cut = self._cut(sql.SQL("{} AS place").format(self.order), order=self.order)
        cells = [_cell(column, value) for column, value in zip(self.columns, values, strict=True)]
        rows = sql.SQL("SELECT {} FROM {} AS cut ORDER BY place")
        return rows.format(sql.SQL(", ").join(cells), cut)

    def _cut(
        self, *others: sql.Composable, order: sql.Composable | None = None
    ) -> tuple[list[sql.Composable], sql.Composable]:
        """The value of each column in a derived table of the rows, which holds slices; and that table."""
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
        """The list with the chosen columns alone, in the list's order; with all of them if none is chosen."""
        chosen = [column for column in self.columns if column.key in keys]
        return replace(self, columns=chosen or self.columns)

    def count(self, limit: int) -> int:
        """How many rows there are; nobody counts beyond the limit."""
        rows = sql.SQL("SELECT count(*) FROM (SELECT {} LIMIT {}) AS listed")
        return int(_fetch(rows.format(self.source, sql.Literal(limit))) or 0)

    def find_longer_than(self, length: int) -> str | None:
        """The id of a customer of whom some text is longer than so many characters, as UTF-16 counts them."""
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
        is_text = not attribute.is_number
        columns.append(ListColumn(f"a{attribute.pk}", attribute.name, attribute, is_text=is_text))
    return columns


def header_beside(attributes: Iterable[Attribute], name: str) -> str:
    """The header of a column that is no attribute: never one that an attribute has."""
    taken = {attribute.name.casefold() for attribute in attributes}
    return f"{name}{APART}" if name.casefold() in taken else name


def customer_list(dataset: Dataset, customers: CustomerQuerySet) -> CustomerList:
    """The list of these customers, in the order in which they came into the system."""
    source = sql.SQL("FROM {} AS customer").format(subquery(customers))
    return CustomerList(customer_columns(list(dataset.attributes.all())), source, sql.SQL("customer.id"))


def subquery(customers: CustomerQuerySet) -> sql.Composable:
    """The customers as a derived table, values written in: COPY takes no parameters."""
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
    # Trimming and comparing the first sign takes half the time of a regular expression.
    defused = "CASE WHEN left(ltrim({value}, ''''), 1) = ANY ({signs}) THEN '''' || {value} ELSE {value} END"
    return sql.SQL(defused).format(value=value, signs=sql.Literal(SIGNS))


def _fetch(statement: sql.Composable) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return row[0] if row else None
