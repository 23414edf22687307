"""The staging table for accepted rows, and the search for duplicate customers in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg import sql

from customers.importing.columns.layout import Layout
from customers.importing.columns.validation import Accepted
from customers.importing.version.ascending import AscendingIds
from customers.importing.version.copy_format import HEADER, TRAILER, encode_customers
from customers.importing.version.table import SEQUENCE
from customers.models import CustomerImport
from customers.storage import partitions

COLUMNS = ("line", "customer_id", "numbers", "texts")
OTHER_LINES_SHOWN = 5


@dataclass(frozen=True)
class Staging:
    """A table of accepted rows with their lines, and a table of the duplicates among them."""

    import_id: int
    # Every id is greater than the one before, so there are no duplicates.
    is_ascending: bool = False

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(self.name)

    @property
    def name(self) -> str:
        return f"customers_staging_{self.import_id}"

    @property
    def duplicates(self) -> sql.Identifier:
        return sql.Identifier(f"customers_staging_{self.import_id}_duplicates")

    def drop(self) -> None:
        partitions.execute("DROP TABLE IF EXISTS {}, {}", self.table, self.duplicates)


def stage(customer_import: CustomerImport, layout: Layout, accepted: Iterable[Accepted]) -> Staging:
    """Write the accepted rows into a staging table.

    Each row gets an id, which is not used if the customer already has one.
    """
    staging = Staging(customer_import.pk)
    partitions.execute(
        """
        CREATE UNLOGGED TABLE {} (
            id bigint NOT NULL DEFAULT nextval({}), line bigint NOT NULL,
            customer_id text NOT NULL, numbers float8[] NOT NULL, texts text[] NOT NULL
        )
        """,
        staging.table,
        sql.Literal(SEQUENCE),
    )

    write = _write_plainly if settings.IMPORT_PLAINLY else _write_encoded
    is_ascending = write(staging.name, layout, accepted)
    partitions.execute("ANALYZE {}", staging.table)
    return replace(staging, is_ascending=is_ascending)


def _write_encoded(table: str, layout: Layout, accepted: Iterable[Accepted]) -> bool:
    """Write rows by whole columns; return whether their ids ascend."""
    ids = AscendingIds()

    def encoded() -> Iterator[bytes | memoryview]:
        yield HEADER
        for rows in accepted:
            ids.watch(rows.ids)
            yield encode_customers(
                rows.lines, rows, number_count=layout.number_count, text_count=layout.text_count
            )
        yield TRAILER

    partitions.copy_rows(table, COLUMNS, encoded(), options="FORMAT binary, FREEZE")
    return bool(ids)


def _write_plainly(table: str, layout: Layout, accepted: Iterable[Accepted]) -> bool:
    """Write row by row with psycopg, without checking the order of the ids."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for customers in accepted:
            for row in _rows(layout, customers):
                copy.write_row(row)
    return False


def _rows(layout: Layout, customers: Accepted) -> Iterator[tuple[int, str, list[Any], list[Any]]]:
    """Line, id, numbers and texts of each customer, without trailing missing values."""
    count = len(customers.lines)
    numbers = [customers.numbers.get(position) for position in range(layout.number_count)]
    texts = [customers.texts.get(position) for position in range(layout.text_count)]
    arrays = [
        [[None] * count if column is None else _with_none(column) for column in numbers],
        [[None] * count if column is None else column.to_pylist() for column in texts],
    ]
    for row, (line, customer_id) in enumerate(
        zip(customers.lines.tolist(), customers.ids.to_pylist(), strict=True)
    ):
        yield line, customer_id, *(_canonical([column[row] for column in array]) for array in arrays)


def _with_none(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value + 0.0 for value in values.tolist()]  # no minus before a zero


def _canonical(values: list[Any]) -> list[Any]:
    while values and values[-1] is None:
        values.pop()
    return values


class Phrases:
    """The messages about duplicates, translated once because a file may have very many."""

    def __init__(self) -> None:
        self.same = _("Same customer as in line %(line)s, which was imported.")
        self.more = _("%(count)s more")
        self.both = _("%(first)s and %(last)s")
        self.differing = cache(self._differing)

    def _differing(self, count: int) -> str:
        return ngettext(
            "This customer id is also in line %(lines)s with different values: neither was imported.",
            "This customer id is also in lines %(lines)s with different values: none was imported.",
            count,
        )


@dataclass(frozen=True)
class Duplicate:
    """A line whose customer id also appears on other lines."""

    line: int
    is_same: bool
    others: tuple[int, ...]
    other_count: int

    def explain(self, phrases: Phrases) -> str:
        """Explain why the line was not imported."""
        shown = [str(line) for line in self.others]
        if self.is_same:
            return phrases.same % {"line": shown[0]}
        if self.other_count > len(shown):
            shown.append(phrases.more % {"count": self.other_count - len(shown)})
        lines = (
            shown[0]
            if len(shown) == 1
            else phrases.both % {"first": ", ".join(shown[:-1]), "last": shown[-1]}
        )
        return phrases.differing(self.other_count) % {"lines": lines}


def set_aside_duplicates(staging: Staging) -> int:
    """Remove rows whose id appears on more than one line from the staging table; return how many.

    The first of several identical rows stays. Of conflicting rows none stays: it is unclear which is right.
    """
    partitions.execute(
        """
        CREATE UNLOGGED TABLE {duplicates} AS
        WITH twice AS (
            SELECT customer_id, (array_agg(line ORDER BY line))[1:{shown}] AS lines, count(*) AS line_count,
                   min(line) AS first_line, min(numbers) IS NOT DISTINCT FROM max(numbers)
                       AND min(texts) IS NOT DISTINCT FROM max(texts) AS is_same
              FROM {staging}
             WHERE customer_id IN (SELECT customer_id FROM {staging} GROUP BY customer_id HAVING count(*) > 1)
             GROUP BY customer_id
        )
        SELECT line, is_same, array_remove(lines, line) AS others, line_count - 1 AS other_count
          FROM {staging} JOIN twice USING (customer_id)
         WHERE NOT (is_same AND line = first_line)
        """,
        duplicates=staging.duplicates,
        staging=staging.table,
        shown=sql.Literal(OTHER_LINES_SHOWN + 1),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(staging.duplicates))
        count = int(cursor.fetchone()[0])
    if count:
        partitions.execute("CREATE INDEX ON {} (line)", staging.duplicates)
        partitions.execute(
            "DELETE FROM {} WHERE line IN (SELECT line FROM {})", staging.table, staging.duplicates
        )
    return count


def read_duplicates(staging: Staging, first_line: int, last_line: int) -> list[Duplicate]:
    """The duplicates between two lines, both included."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                """
                SELECT line, is_same, others[1:{}], other_count
                  FROM {}
                 WHERE line BETWEEN %s AND %s
                 ORDER BY line
                """
            ).format(sql.Literal(OTHER_LINES_SHOWN), staging.duplicates),
            [first_line, last_line],
        )
        return [Duplicate(line, same, tuple(others), count) for line, same, others, count in cursor]
