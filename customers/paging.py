"""Keyset paging: page 5,000 costs what page 1 costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """Some rows of a longer list, and the cursors of the pages beside it (`None`: there is none)."""

    rows: list[Row]
    previous: str | None
    next: str | None


def keyset_page(
    queryset: QuerySet[Row], order: Sequence[str], *, after: str = "", before: str = "", size: int = 50
) -> KeysetPage[Row]:
    """Return the rows that follow the cursor `after`, or those that precede the cursor `before`.

    Parameters
    ----------
    queryset
        Rows in any order, filtered as wanted.
    order
        Ascending fields without missing values; the last one unique among the rows. An index should have
        them in this order.
    after, before
        Cursors from an earlier page; at most one. A cursor that is none means the first page.
    size
        Rows a page.
    """
    backwards = bool(before)
    edge = _edge(before if backwards else after, order)
    if edge is not None:
        queryset = queryset.filter(_beyond(order, edge, "lt" if backwards else "gt"))
    directed = [f"-{field}" for field in order] if backwards else list(order)
    rows = list(queryset.order_by(*directed)[: size + 1])
    more = len(rows) > size
    rows = rows[:size][:: -1 if backwards else 1]
    has_previous = more if backwards else edge is not None
    has_next = (edge is not None) if backwards else more
    return KeysetPage(
        rows=rows,
        previous=_cursor(rows[0], order) if rows and has_previous else None,
        next=_cursor(rows[-1], order) if rows and has_next else None,
    )


def _beyond(order: Sequence[str], edge: Sequence[Any], direction: str) -> Q:
    """Rows beyond the edge: (a, b) > (x, y), with a ≥ x spelt out so that an index on a is used."""
    beyond = Q()
    for number, field in enumerate(order):
        equal = Q(**{order[i]: edge[i] for i in range(number)})
        beyond |= equal & Q(**{f"{field}__{direction}": edge[number]})
    return beyond & Q(**{f"{order[0]}__{direction}e": edge[0]})


def _cursor(row: Row, order: Sequence[str]) -> str:
    return json.dumps([getattr(row, field) for field in order], separators=(",", ":"))


def _edge(cursor: str, order: Sequence[str]) -> list[Any] | None:
    """The values of a cursor, `None` for what is no cursor of this order: anybody can edit an address."""
    try:
        edge = json.loads(cursor) if cursor else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(edge, list) or len(edge) != len(order):
        return None
    plain = all(isinstance(value, int | float | str) and not isinstance(value, bool) for value in edge)
    return edge if plain else None
