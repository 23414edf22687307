"""What a dataset's customers look like, attribute by attribute: the look at the data before it is used.

Ranges, missing values and histograms are exact: two passes over the version for every thirty attributes. The
frequent texts come from a sample where there are many customers. A version never changes, so what was found
is kept with it; a worker counts it after the import, so that nobody waits for the page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from psycopg import sql

from customers.models import Attribute, Customer, CustomerImport, Dataset, VersionOverview
from customers.storage.partitions import partition_name
from customers.storage.slices import Place, Slices

logger = logging.getLogger(__name__)

BINS = 16
FREQUENT = 5
# Where not even the most frequent text has this share, nearly everyone has another one.
DIVERSE = 0.02
SAMPLE_ROWS = 50_000
# Attributes looked at in one pass: PostgreSQL groups by at most 31 columns in one statement.
AT_ONCE = 30
# PostgreSQL's avg() adds up squares, which ends at 1e154; sum() ends at 1.8e308. Numbers below this have a
# sum however many they are; nobody asks for the mean of others.
MOST_SUMMED = 1e290
# First key of the advisory locks that keep workers from counting the same version; the second is the version.
COUNT_LOCK = 7_305_120
# Dates are counted as days since then.
DAY_ZERO = date(2000, 1, 1)


@dataclass(frozen=True)
class AttributeOverview:
    """One attribute over all customers; `counts` are those of equal steps from `minimum` to `maximum`.

    Of a date these are days since `DAY_ZERO`. Numbers too large to be added up have no mean.
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
        """Make it again from JSON, which knows lists and no tuples."""
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
        """Whether no text is that of many: their shares would tell nothing."""
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
    """Describe every attribute of the version that people see; nothing where there is none."""
    version = dataset.current_version
    if version is None or not version.customer_count:
        return {}
    attributes = list(dataset.attributes.all())
    found = VersionOverview.objects.filter(version=version).first()
    return _restore(version, attributes, _count(version, attributes) if found is None else found.attributes)


def kept_overview(dataset: Dataset) -> dict[Attribute, AttributeOverview]:
    """The same, for pages that can do without; nothing where nobody has counted yet."""
    version = dataset.current_version
    found = VersionOverview.objects.filter(version=version).first() if version else None
    return _restore(version, list(dataset.attributes.all()), found.attributes) if version and found else {}


def _restore(
    version: CustomerImport, attributes: Sequence[Attribute], kept: Mapping[str, Any]
) -> dict[Attribute, AttributeOverview]:
    """Make it again from what is kept, by the attributes' ids."""
    # An import that was undone may have left attributes that nobody has in this version.
    unknown = {"known": 0, "missing": version.customer_count, "counts": [], "frequent": []}
    return {each: AttributeOverview.from_kept(**kept.get(str(each.pk), unknown)) for each in attributes}


def count_missing_overviews() -> None:
    """Count what is to be told of every version that people see and nobody has counted, or is counting."""
    uncounted = Dataset.objects.filter(
        current_version__customer_count__gt=0, current_version__overview=None
    ).select_related("current_version")
    for dataset in uncounted:
        try:
            with _turn(dataset.current_version_id) as is_ours:
                if is_ours:
                    overview_of(dataset)
        except Exception:
            # The version may have been dropped meanwhile; if not, whoever opens the page sees what is wrong.
            logger.exception("the overview of %s could not be counted", dataset)


@contextmanager
def _turn(version: int | None) -> Iterator[bool]:
    """Whether nobody else is counting this version; as long as it is our turn nobody else begins to."""
    keys = [COUNT_LOCK, (version or 0) % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
        is_ours = cursor.fetchone()[0]
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)


def _count(version: CustomerImport, attributes: Sequence[Attribute]) -> dict[str, dict[str, Any]]:
    """Describe the attributes, by their ids, and keep that with the version."""
    described = _describe(version.pk, version.customer_count, attributes)
    kept = {str(attribute.pk): asdict(each) for attribute, each in described.items()}
    # Somebody else may have counted at the same time.
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
    for start in range(0, len(measured), AT_ONCE):
        some = measured[start : start + AT_ONCE]
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


# How many are known, the lowest, the highest and the mean.
Range = tuple[int, float | None, float | None, float | None]
Ranges = dict[Attribute, Range]


def _read_ranges(table: sql.Identifier, attributes: Sequence[Attribute]) -> Ranges:
    """How many are known, the lowest, the highest and the mean: one pass."""
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
    """How many customers are in each of BINS equal steps: one pass."""
    spread = {
        each: (low, high)
        for each, (_, low, high, _) in ranges.items()
        if low is not None and high is not None and low < high
    }
    if not spread:
        return {}
    slices = Slices(map(Place.of, spread))
    # The highest value belongs to the last step, not to one of its own; a missing one to none.
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
            # The bit of the column that this row groups by is the one that is not set.
            index = len(grouped) - (everything ^ row[0]).bit_length()
            if row[1 + index] is not None:
                found[grouped[index]][row[1 + index] - 1] = row[-1]
    return {each: tuple(counts) for each, counts in found.items()}


def _describe_texts(table: sql.Identifier, customers: int, attribute: Attribute) -> AttributeOverview:
    """How many are known, and the most frequent texts with their share of a sample."""
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
    """A number, or the number of days up to a date."""
    value = slices[Place.of(attribute)]
    if attribute.is_number:
        return value
    return sql.SQL("({}::date - {}::date)::float8").format(value, sql.Literal(DAY_ZERO))
