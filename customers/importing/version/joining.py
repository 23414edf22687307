"""The plain way to build the next version: joining the staged rows with the current customers."""

from __future__ import annotations

from itertools import chain

from django.db import connection
from psycopg import sql

from customers.importing.columns.layout import Layout
from customers.importing.version.staging import Staging
from customers.importing.version.table import Counts, create_version_table
from customers.models import Customer, CustomerImport
from customers.storage import partitions
from customers.storage.slices import BY_ITSELF, Place, Slices


def join_version(
    customer_import: CustomerImport, base: CustomerImport | None, layout: Layout, staging: Staging
) -> Counts:
    """Build the next version from the current one and the staged rows; none if nothing changes.

    The import's options say whether empty cells delete values, and whether customers who are not in the file
    are removed.
    """
    join = _Join(customer_import, base, layout, staging)
    counts = join.count()
    if counts.changes_anything:
        table = create_version_table(customer_import.pk)
        join.build(table)
        partitions.attach_partition(Customer, customer_import.pk, partition_by="version_id")
    return counts


class _Join:
    """The staged rows `s` joined with the customers of the current version `c`."""

    def __init__(
        self, customer_import: CustomerImport, base: CustomerImport | None, layout: Layout, staging: Staging
    ) -> None:
        self.version, self.base = customer_import.pk, base
        self.replaces = bool(customer_import.options.get("replaces"))
        clears = bool(customer_import.options.get("clears_missing"))
        current = sql.Identifier(partitions.partition_name(Customer, base.pk)) if base else None
        self.parts = {
            "staging": staging.table,
            "current": current or sql.SQL("(SELECT * FROM customers_customer WHERE false)"),
            "numbers": _merged("numbers", "float8", layout.number_count, layout.filled_numbers, clears),
            "texts": _merged("texts", "text", layout.text_count, layout.filled_texts, clears),
            "version": sql.Literal(self.version),
            "join": sql.SQL("LEFT JOIN" if self.replaces else "FULL JOIN"),
        }

    def count(self) -> Counts:
        statement = sql.SQL(
            """
            SELECT count(*) FILTER (WHERE c.id IS NULL),
                   count(*) FILTER (
                       WHERE c.id IS NOT NULL AND (({numbers}) <> c.numbers OR ({texts}) <> c.texts)
                   ),
                   count(*)
              FROM {staging} s LEFT JOIN {current} c ON c.customer_id = s.customer_id
            """
        ).format(**self.parts)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            created, updated, staged = cursor.fetchone()
        before = self.base.customer_count if self.base else 0
        removed = before - (staged - created) if self.replaces else 0
        return Counts(created, updated, staged - created - updated, removed, before + created - removed)

    def build(self, table: str) -> None:
        partitions.execute(
            """
            INSERT INTO {table} (version_id, id, customer_id, numbers, texts)
            SELECT {version}, coalesce(c.id, s.id), coalesce(c.customer_id, s.customer_id),
                   CASE WHEN s.line IS NULL THEN c.numbers ELSE {numbers} END,
                   CASE WHEN s.line IS NULL THEN c.texts ELSE {texts} END
              FROM {staging} s {join} {current} c ON c.customer_id = s.customer_id
            """,
            table=sql.Identifier(table),
            **self.parts,
        )


def _merged(column: str, kind: str, count: int, filled: frozenset[int], clears: bool) -> sql.Composed:
    """The SQL for a customer's next array: the file's values over the existing ones, no trailing NULLs."""
    staged = sql.Identifier("s", column)
    if not count or (clears and len(filled) == count):
        return sql.Composed([staged])
    places = [(Place(("s", column), position), Place(("c", column), position)) for position in range(count)]
    slices = Slices(chain.from_iterable(places))
    elements = [
        (slices[said] if clears else sql.SQL("coalesce({}, {})").format(slices[said], slices[known]))
        if said.position in filled
        else slices[known]
        for said, known in places
    ]
    # Both subqueries must be evaluated on their own: an inlined array would be built again for each of its
    # elements.
    return sql.SQL(
        """
        CASE WHEN c.id IS NULL OR (cardinality({staged}) = {count} AND array_position({staged}, NULL) IS NULL)
             THEN {staged}
             ELSE (SELECT CASE WHEN m[{count}] IS NOT NULL THEN m
                               ELSE coalesce(m[1:(SELECT max(i) FROM unnest(m) WITH ORDINALITY AS e(value, i)
                                                   WHERE value IS NOT NULL)], {empty}::{kind}[])
                          END
                     FROM (SELECT ARRAY[{elements}]::{kind}[] AS m
                             FROM (SELECT {slices} {by_itself}) AS cut
                                  {by_itself}) AS merged)
        END
        """
    ).format(
        staged=staged,
        count=sql.Literal(count),
        elements=sql.SQL(", ").join(elements),
        slices=sql.SQL(", ").join(slices.columns),
        by_itself=BY_ITSELF,
        kind=sql.SQL(kind),  # one of two constants
        empty=sql.Literal("{}"),
    )
