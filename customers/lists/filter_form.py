"""The form for one filter: which conditions an attribute allows, and what its values look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from psycopg import sql

from customers.lists.listing import Listing
from customers.lists.selection import Parameters
from customers.models import Attribute, Customer, Dataset
from customers.storage.partitions import partition_name

# An attribute with more distinct texts than this is searched, not chosen from a list.
FEW = 30
SAMPLE_ROWS = 30_000


@dataclass(frozen=True)
class Choice:
    """One value of a text attribute, its share of the customers, and whether it is chosen."""

    value: str
    share: float | None
    is_chosen: bool


@dataclass(frozen=True)
class FilterEditor:
    """The form for one attribute, filled in with its current filter.

    `middle` is the range of the middle half of the customers; `kept` are the form's hidden fields.
    """

    attribute: Attribute
    kept: Parameters
    address: str
    asked: dict[str, str] = field(default_factory=dict)
    middle: tuple[float | str, float | str] | None = None
    choices: tuple[Choice, ...] = ()


def filter_editor(dataset: Dataset, listing: Listing) -> FilterEditor | None:
    """The form of the filter being edited, if there is one."""
    attribute = listing.editing
    if attribute is None or dataset.current_version is None:
        return None
    parameters = listing.selection.of(attribute).parameters
    asked = {name.partition(".")[2]: value for name, value in parameters}
    chosen = [value for name, value in parameters if name.endswith(".is")]
    is_text = attribute.kind == Attribute.Kind.TEXT
    return FilterEditor(
        attribute=attribute,
        kept=listing.kept(attribute),
        address=listing.address(),
        asked=asked,
        middle=None if is_text else _middle(dataset, attribute),
        choices=_choices(dataset, attribute, chosen) if is_text else (),
    )


def _choices(dataset: Dataset, attribute: Attribute, chosen: Sequence[str]) -> tuple[Choice, ...]:
    """The values to choose from, most frequent first; none if there are too many."""
    rows = _ask_sample(
        dataset,
        "SELECT {value}, count(*)::float / sum(count(*)) OVER () FROM {sample}"
        " WHERE {value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {most}",
        attribute,
    )
    if len(rows) > FEW or (not rows and not chosen):
        return ()
    found = [Choice(value, share, value in chosen) for value, share in rows]
    rare = [Choice(value, None, True) for value in chosen if value not in {each.value for each in found}]
    return (*found, *rare)


def _middle(dataset: Dataset, attribute: Attribute) -> tuple[float | str, float | str] | None:
    """The first and third quartile."""
    rows = _ask_sample(
        dataset,
        "SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY {value}),"
        " percentile_disc(0.75) WITHIN GROUP (ORDER BY {value}) FROM {sample}",
        attribute,
    )
    low, high = rows[0]
    return None if low is None or low == high else (low, high)


def _ask_sample(dataset: Dataset, statement: str, attribute: Attribute) -> list[Any]:
    """Query a sample of the customers, or all if there are few: the form need not be exact."""
    array = "numbers" if attribute.is_number else "texts"
    percent = min(100.0, 100.0 * SAMPLE_ROWS / max(dataset.customer_count, 1))
    table = sql.Identifier(partition_name(Customer, dataset.current_version_id or 0))
    composed = sql.SQL(statement).format(
        value=sql.SQL("{}[{}]").format(sql.Identifier(array), sql.Literal(attribute.position + 1)),
        sample=sql.SQL("{} TABLESAMPLE SYSTEM ({}) REPEATABLE (0)").format(table, sql.Literal(percent)),
        most=sql.Literal(FEW + 1),
    )
    with connection.cursor() as cursor:
        cursor.execute(composed)
        return list(cursor.fetchall())
