"""An overview of a dataset's customers, attribute by attribute, for looking at the data before using it.

Ranges, missing values and histograms are exact: two passes over the version for every thirty attributes.
Frequent texts come from a sample if there are many customers. A version never changes, so its overview is
stored; a worker computes it after the import, so that nobody has to wait for the page.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from psycopg import sql

from common.turns import one_at_a_time
from customers.models import Attribute, Customer, CustomerImport, Dataset, VersionOverview
from customers.storage.partitions import partition_name
from customers.storage.slices import DAY_ZERO, Place, Slices, days_of

logger = logging.getLogger(__name__)

BINS = 16
FREQUENT = 5
# If even the most frequent text has a smaller share than this, nearly every customer has a different one.
DIVERSE = 0.02
SAMPLE_ROWS = 50_000
# Attributes per pass: PostgreSQL allows at most 31 columns in GROUPING SETS.
ATTRIBUTES_PER_PASS = 30
# PostgreSQL's avg() sums squares and overflows at 1e154; sum() overflows at 1.8e308. Numbers below this limit
# can be summed however many there are; nobody needs the mean of larger ones.
MOST_SUMMED = 1e290
# First key of the advisory lock that stops two workers computing the same version; the second is the version.
COUNT_LOCK = 7_305_120


@dataclass(frozen=True)
class AttributeOverview:
    """One attribute over all customers; `counts` is a histogram with equal bins from `minimum` to `maximum`.

    Dates are days since `DAY_ZERO`. Numbers too large to sum have no mean.
    """

    known: int
    missing: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    counts: tuple[int, ...] = ()
    frequent: tuple[tuple[str, float], ...] = ()

    @classmethod
    def from_kept(cls, *, counts: list[int], frequent: list[list[Any]], **values: Any) -> AttributeOverview:
        """Restore it from JSON, which has lists but no tuples."""
        pairs = tuple((value, share) for value, share in frequent)
        return cls(counts=tuple(counts), frequent=pairs, **values)

    @property
    def first_day(self) -> date:
        return DAY_ZERO + timedelta(days=self.minimum or 0)

    @property
    def last_day(self) -> date:
        return DAY_ZERO + timedelta(days=self.maximum or 0)

    @property
    def is_diverse(self) -> bool:
        """Whether no text is frequent, so that shares would be meaningless."""
        return bool(self.frequent) and self.frequent[0][1] < DIVERSE

    @property
    def bars(self) -> list[tuple[int, float, float]]:
        """x, y and height of each bar of the histogram, in a box of 10 × BINS by 100."""
        most = max(self.counts, default=0)
        return [
            (10 * index, 100 - 100 * count / most, 100 * count / most)
            for index, count in enumerate(self.counts)
            if count
        ]


def overview_of(dataset: Dataset) -> dict[Attribute, AttributeOverview]:
    """Describe every attribute of the current version; empty if there is none."""
    version = dataset.current_version
    if version is None or not version.customer_count:
        return {}
    attributes = list(dataset.attributes.all())
    found = VersionOverview.objects.filter(version=version).first()
    return _restore(version, attributes, _count(version, attributes) if found is None else found.attributes)


def kept_overview(dataset: Dataset) -> dict[Attribute, AttributeOverview]:
    """The stored overview, for pages that can do without it; empty if not computed yet."""
    version = dataset.current_version
    found = VersionOverview.objects.filter(version=version).first() if version else None
    return _restore(version, list(dataset.attributes.all()), found.attributes) if version and found else {}


def _restore(
    version: CustomerImport, attributes: Sequence[Attribute], kept: Mapping[str, Any]
) -> dict[Attribute, AttributeOverview]:
    """Restore the overview from its stored form, by the attributes' ids."""
    # An undone import may have left attributes that this version does not have.
    unknown = {"known": 0, "missing": version.customer_count, "counts": [], "frequent": []}
    return {each: AttributeOverview.from_kept(**kept.get(str(each.pk), unknown)) for each in attributes}


def count_missing_overviews() -> None:
    """Compute the overview of every current version that has none and that nobody is computing."""
    uncounted = Dataset.objects.filter(
        current_version__customer_count__gt=0, current_version__overview=None
    ).select_related("current_version")
    for dataset in uncounted:
        try:
            with one_at_a_time(COUNT_LOCK, (dataset.current_version_id or 0) % 2**31) as is_ours:
                if is_ours:
                    overview_of(dataset)
        except Exception:
            # The version may have been dropped meanwhile; if not, the page will show what is wrong.
            logger.exception("the overview of %s could not be computed", dataset)


def _count(version: CustomerImport, attributes: Sequence[Attribute]) -> dict[str, dict[str, Any]]:
    """Describe the attributes, by id, and store the result with the version."""
    described = _describe(version.pk, version.customer_count, attributes)
    kept = {str(attribute.pk): asdict(each) for attribute, each in described.items()}
    # Somebody else may have computed it at the same time.
    VersionOverview.objects.bulk_create(
        [VersionOverview(version=version, attributes=kept)], ignore_conflicts=True
    )
    return kept


def _describe(
    version: int, customers: int, attributes: Sequence[Attribute]
) -> dict[Attribute, AttributeOverview]:
    table = sql.Identifier(partition_name(Customer, version))
    measured = [each for each in attributes if each.kind != Attribute.Kind.TEXT]
    ranges: Ranges = {}
    counts: dict[Attribute, tuple[int, ...]] = {}
    for start in range(0, len(measured), ATTRIBUTES_PER_PASS):
        some = measured[start : start + ATTRIBUTES_PER_PASS]
        ranges |= _read_ranges(table, some)
        counts |= _read_counts(table, {each: ranges[each] for each in some})
    described = {}
    for attribute in attributes:
        if attribute in ranges:
            known, low, high, mean = ranges[attribute]
            described[attribute] = AttributeOverview(
                known, customers - known, low, high, mean, counts.get(attribute, ())
            )
        else:
            described[attribute] = _describe_texts(table, customers, attribute)
    return described


# Known values, minimum, maximum and mean.
Range = tuple[int, float | None, float | None, float | None]
Ranges = dict[Attribute, Range]


def _read_ranges(table: sql.Identifier, attributes: Sequence[Attribute]) -> Ranges:
    """Number of known values, minimum, maximum and mean, in one pass."""
    slices = Slices(map(Place.of, attributes))
    parts = [
        sql.SQL(
            "count({0}), min({0}), max({0}), sum({0}) FILTER (WHERE abs({0}) < {1}) / nullif(count({0}), 0)"
        ).format(_measured(each, slices), sql.Literal(MOST_SUMMED))
        for each in attributes
    ]
    statement = sql.SQL("SELECT {} FROM {} AS cut").format(sql.SQL(", ").join(parts), slices.of(table))
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return {each: _range(*row[4 * index : 4 * index + 4]) for index, each in enumerate(attributes)}


def _range(known: int, low: float | None, high: float | None, mean: float | None) -> Range:
    if low is None or high is None or max(-low, high) >= MOST_SUMMED:
        mean = None
    return known, low, high, mean


def _read_counts(table: sql.Identifier, ranges: Ranges) -> dict[Attribute, tuple[int, ...]]:
    """Number of customers in each of BINS equal bins, in one pass."""
    spread = {
        each: (low, high)
        for each, (_, low, high, _) in ranges.items()
        if low is not None and high is not None and low < high
    }
    if not spread:
        return {}
    slices = Slices(map(Place.of, spread))
    # The maximum belongs to the last bin, not to one of its own; a missing value to none.
    steps = [
        sql.SQL("CASE WHEN {0} = {2} THEN {3} ELSE width_bucket({0}, {1}, {2}, {3}) END").format(
            _measured(each, slices), sql.Literal(low), sql.Literal(high), sql.Literal(BINS)
        )
        for each, (low, high) in spread.items()
    ]
    names = [sql.Identifier(f"step_{each.pk}") for each in spread]
    inner = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(step, name) for step, name in zip(steps, names, strict=True)
    )
    columns = sql.SQL(", ").join(names)
    sets = sql.SQL(", ").join(sql.SQL("({})").format(name) for name in names)
    statement = sql.SQL(
        "SELECT grouping({0}), {0}, count(*) FROM (SELECT {1} FROM {2} AS cut) AS steps"
        " GROUP BY GROUPING SETS ({3})"
    ).format(columns, inner, slices.of(table), sets)
    found = {each: [0] * BINS for each in spread}
    grouped, everything = list(spread), (1 << len(spread)) - 1
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for row in cursor.fetchall():
            # The column this row is grouped by is the one whose bit is not set.
            index = len(grouped) - (everything ^ row[0]).bit_length()
            if row[1 + index] is not None:
                found[grouped[index]][row[1 + index] - 1] = row[-1]
    return {each: tuple(counts) for each, counts in found.items()}


def _describe_texts(table: sql.Identifier, customers: int, attribute: Attribute) -> AttributeOverview:
    """Number of known values, and the most frequent texts with their share of a sample."""
    text = sql.SQL("texts[{}]").format(sql.Literal(attribute.position + 1))
    percent = min(100.0, 100.0 * SAMPLE_ROWS / customers)
    sample = sql.SQL("{} TABLESAMPLE SYSTEM ({}) REPEATABLE (0)").format(table, sql.Literal(percent))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count({}) FROM {}").format(text, table))
        known = cursor.fetchone()[0]
        cursor.execute(
            sql.SQL(
                "SELECT {0}, count(*)::float / sum(count(*)) OVER () FROM {1} WHERE {0} IS NOT NULL "
                "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {2}"
            ).format(text, sample, sql.Literal(FREQUENT))
        )
        frequent = tuple((value, share) for value, share in cursor.fetchall())
    return AttributeOverview(known, customers - known, frequent=frequent)


def _measured(attribute: Attribute, slices: Slices) -> sql.Composable:
    """A number, or a date as a number of days."""
    value = slices[Place.of(attribute)]
    return value if attribute.is_number else days_of(value)
