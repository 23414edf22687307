"""Keyset paging: page 5,000 costs no more than page 1.

A cursor is just the key of the row at the edge of a page: it is short, reveals nothing about anybody, and its
position in the order is looked up when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, F, Func, OrderBy, Q, QuerySet, Value
from django.db.utils import OperationalError
from psycopg.errors import QueryCanceled

LARGEST_KEY = 2**63 - 1
# How long to try reading a page in index order; scanning everything takes about twice as long.
SOON_MILLISECONDS = "300"


class TooSlow(Exception):
    """The query was stopped because it took longer than a page may take."""


@dataclass(frozen=True)
class KeysetOrder:
    """How rows are ordered; large tables should have an index on `by` and `key`, in this order.

    Attributes
    ----------
    key
        A unique integer, used to break ties.
    by
        The ORM name of the primary sort value; empty to sort by the key alone.
    is_descending
        Applies to both.
    may_be_missing
        Rows without a value of `by` come last, in either direction.
    is_pattern
        Unique texts, in the order of an index with `text_pattern_ops`.
    """

    key: str
    by: str = ""
    is_descending: bool = False
    may_be_missing: bool = False
    is_pattern: bool = False

    def terms(self, *, is_backwards: bool) -> list[OrderBy]:
        """The ORDER BY terms, forwards or backwards."""
        descending = self.is_descending != is_backwards
        if self.is_pattern:
            return [_PatternOrder(F(self.by), descending=descending)]
        terms = [OrderBy(F(self.key), descending=descending)]
        if not self.by:
            return terms
        last = {"nulls_first": True} if is_backwards else {"nulls_last": True}
        return [OrderBy(F(self.by), descending=descending, **(last if self.may_be_missing else {})), *terms]

    def beyond(self, edge: dict[str, Any], *, is_backwards: bool) -> Q:
        """A condition for the rows beyond the edge in this direction."""
        sign = "<" if self.is_descending != is_backwards else ">"
        if self.is_pattern:
            return Q(_compare([self.by], f"~{sign}~", edge))
        if not self.by:
            return Q(_compare([self.key], sign, edge))
        missing = Q(**{f"{self.by}__isnull": True})
        if edge[self.by] is None:
            found = missing & Q(_compare([self.key], sign, edge))
            return found | ~missing if is_backwards else found
        found = Q(_compare([self.by, self.key], sign, edge))
        return found | missing if self.may_be_missing and not is_backwards else found


@dataclass(frozen=True)
class KeysetPage:
    """The keys of one page of a longer list, and the cursors of the pages before and after it, if any.

    Only keys: joining and sorting whole rows would read columns of which most are thrown away.
    """

    keys: list[int]
    previous: int | None
    next: int | None


def keyset_page(
    rows: QuerySet[Any],
    order: KeysetOrder,
    *,
    after: str = "",
    before: str = "",
    size: int = 50,
    among: QuerySet[Any] | None = None,
) -> KeysetPage:
    """Return the keys of the rows after the cursor `after`, or before the cursor `before`.

    Parameters
    ----------
    rows
        The filtered rows, in any order.
    order
        The sort order of the list.
    after, before
        A cursor from another page; at most one of them. An invalid cursor, or one whose row is gone, gives
        the first page: anybody can edit a URL.
    size
        Rows per page.
    among
        A queryset in which the cursor's row can be found faster than in `rows`.
    """
    backwards = bool(before)
    edge = _edge(rows if among is None else among, order, before if backwards else after)
    if edge is not None:
        rows = rows.filter(order.beyond(edge, is_backwards=backwards))
    backwards = backwards and edge is not None
    ordered = rows.order_by(*order.terms(is_backwards=backwards))
    keys = list(ordered.values_list(order.key, flat=True)[: size + 1])
    more = len(keys) > size
    keys = keys[:size][:: -1 if backwards else 1]
    has_previous, has_next = (more, True) if backwards else (edge is not None, more)
    return KeysetPage(
        keys=keys,
        previous=keys[0] if keys and has_previous else None,
        next=keys[-1] if keys and has_next else None,
    )


@contextmanager
def time_limit() -> Iterator[None]:
    """Scan many rows, but stop if the page would take too long.

    Nested loops are turned off. PostgreSQL has no statistics on array elements and expects a match soon; if
    there is none, it would look up a segment's customers one by one, which took six times as long for
    200,000 of 1 M. For the same reason it would not use parallel workers. And JIT compilation takes longer
    than it saves on a single page.

    Raises
    ------
    TooSlow
        A statement within took longer than PAGE_TIMEOUT_SECONDS.
    """
    # Set for the session and reset afterwards: a transaction would cost two more statements.
    usual = {"jit": "off", "parallel_setup_cost": "0", "parallel_tuple_cost": "0", **_joining()}
    _set(usual)
    try:
        with _too_slow():
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"RESET {name}" for name in usual))


@contextmanager
def one_by_one() -> Iterator[None]:
    """Within a time limit, look rows up in index order: many of them are known to match.

    Raises
    ------
    TooSlow
        The matching rows come late in this order.
    """
    _set({"enable_nestloop": "on", "statement_timeout": SOON_MILLISECONDS})
    try:
        with _too_slow():
            yield
    finally:
        _set(_joining())


def _joining() -> dict[str, str]:
    return {"enable_nestloop": "off", "statement_timeout": str(int(settings.PAGE_TIMEOUT_SECONDS * 1000))}


def _set(values: dict[str, str]) -> None:
    """Set PostgreSQL parameters for the session."""
    with connection.cursor() as cursor:
        calls = ", ".join("set_config(%s, %s, false)" for _ in values)
        cursor.execute(f"SELECT {calls}", [each for pair in values.items() for each in pair])


@contextmanager
def _too_slow() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


class _PatternOrder(OrderBy):
    """Sorts texts by their bytes, like an index with `text_pattern_ops`."""

    def as_sql(self, compiler: Any, connection: Any, template: Any = None, **extra: Any) -> Any:
        sign, way = ("~>~", "DESC") if self.descending else ("~<~", "ASC")
        # Django looks for the direction in the template, but PostgreSQL allows none after USING.
        template = f"%(expression)s USING {sign} /* {way} */"
        return super().as_sql(compiler, connection, template=template, **extra)


def _compare(names: list[str], sign: str, edge: dict[str, Any]) -> Func:
    """Compare whole rows, (a, b) > (x, y), for which an index on a and b can be used."""
    sides = [F(name) for name in names], [Value(edge[name]) for name in names]
    rows = [Func(*side, function="ROW" if len(names) > 1 else "") for side in sides]
    return Func(*rows, template="(%(expressions)s)", arg_joiner=f" {sign} ", output_field=BooleanField())


def _edge(rows: QuerySet[Any], order: KeysetOrder, cursor: str) -> dict[str, Any] | None:
    """The sort values of the cursor's row."""
    key = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 20 else LARGEST_KEY
    names = [name for name in (order.by, order.key) if name]
    found = rows.filter(**{order.key: min(key, LARGEST_KEY)}).values_list(*names).first() if cursor else None
    return None if found is None else dict(zip(names, found, strict=True))
