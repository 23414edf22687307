"""Columns of a version as arrays, for the analysis.

Measured on 1 M rows of three numbers: 0.3 to 0.9 s packed on the server, 4.3 s as model objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from psycopg import sql

from customers.storage.slices import Place, Slices, days_of

# Packed rows are sent as one value, which PostgreSQL limits to 1 GB.
CHUNK_ROWS = 100_000
# Fewer customers at a time if many attributes are read: a value takes 16 bytes.
CHUNK_VALUES = 1_000_000

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def read_numbers(
    version_id: int,
    positions: Sequence[int],
    *,
    dates: Sequence[int] = (),
    check: Callable[[int], None] | None = None,
) -> tuple[IntArray, FloatArray]:
    """Read number attributes, and dates as days since `DAY_ZERO`, of every customer in a version.

    Parameters
    ----------
    version_id
        The import that produced the version.
    positions
        Positions of the number attributes, from 0.
    dates
        Positions of the date attributes, from 0.
    check
        Called with the number of rows read so far; may raise to stop.

    Returns
    -------
    ids : ndarray of int64 of shape (n_customers,)
        Ascending.
    values : ndarray of shape (n_customers, n_positions + n_dates)
        NaN where a value is missing.
    """
    width = len(positions) + len(dates)
    row = np.dtype([("id", ">i8"), ("values", ">f8", (width,))])
    slices, measured = _measured(positions, dates)
    numbers = [sql.SQL("float8send(coalesce({}, 'NaN'))").format(value) for value in measured]
    fields = sql.SQL(" || ").join([sql.SQL("int8send(id)"), *numbers])
    packed_rows = sql.SQL("string_agg({}, ''::bytea ORDER BY id)").format(fields)
    chunks, done = [], 0
    for (packed,) in _chunks(version_id, slices, [packed_rows], width=width):
        chunk = np.frombuffer(packed, dtype=row)
        chunks.append((chunk["id"].astype(np.int64), chunk["values"].astype(np.float64)))
        done += len(chunk)
        if check is not None:
            check(done)
    if not chunks:
        return np.empty(0, np.int64), np.empty((0, width))
    return np.concatenate([ids for ids, _ in chunks]), np.concatenate([values for _, values in chunks])


def _measured(positions: Sequence[int], dates: Sequence[int]) -> tuple[Slices, list[sql.Composable]]:
    places = [Place(("numbers",), position) for position in positions]
    days = [Place(("texts",), position) for position in dates]
    slices = Slices([*places, *days])
    return slices, [slices[place] for place in places] + [days_of(slices[place]) for place in days]


def read_texts(
    version_id: int, positions: Sequence[int], *, max_distinct: int
) -> list[list[str | None] | None]:
    """Read the text attributes of every customer; `None` for one with more than `max_distinct` values.

    Equal values share one object, so each takes only eight bytes. Same order as `read_numbers`.
    """
    places = [Place(("texts",), position) for position in positions]
    slices = Slices(places)
    arrays = [sql.SQL("array_agg({} ORDER BY id)").format(slices[place]) for place in places]
    columns = [_TextColumn(max_distinct) for _ in positions]
    for chunk in _chunks(version_id, slices, arrays, width=len(positions)):
        for column, texts in zip(columns, chunk, strict=True):
            column.add(texts)
        if all(column.is_full for column in columns):
            break
    return [None if column.is_full else column.values for column in columns]


class _TextColumn:
    """One text per customer, until there are too many distinct ones."""

    def __init__(self, max_distinct: int) -> None:
        self.max_distinct = max_distinct
        self.known: dict[str | None, str | None] = {}
        self.values: list[str | None] = []

    @property
    def is_full(self) -> bool:
        return len(self.known) > self.max_distinct

    def add(self, texts: list[str | None]) -> None:
        if not self.is_full:
            self.values.extend(self.known.setdefault(text, text) for text in texts)
        if self.is_full:
            self.values.clear()


def _chunks(
    version_id: int, slices: Slices, aggregates: Sequence[sql.Composable], *, width: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the aggregates over one chunk of customers after another, in the order of their ids."""
    statement = sql.SQL(
        """
        SELECT {}, max(id)
          FROM (SELECT {}
                  FROM customers_customer
                 WHERE version_id = %s AND id > %s
                 ORDER BY id
                 LIMIT %s) AS chunk
        """
    ).format(sql.SQL(", ").join(aggregates), sql.SQL(", ").join([sql.Identifier("id"), *slices.columns]))
    rows = max(1, min(CHUNK_ROWS, CHUNK_VALUES // max(1, width)))
    last = -1
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, [version_id, last, rows])
            *found, newest = cursor.fetchone()
            if newest is None:
                return
            yield tuple(found)
            last = newest
