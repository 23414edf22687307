"""Whether customers moved because they changed or the segments did, by what would have been otherwise.

Who would have moved with the new values under the old model moved by a change of their own; who would have
moved with the old values under the new model, by a change of the segments. What changes for everybody alike,
such as a year more of age, is nobody's own: it is taken away from the new values, and added to the old ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection, transaction
from psycopg import sql

from customers.models import Attribute, Customer
from customers.storage.partitions import partition_name
from customers.storage.slices import BY_ITSELF, DAY_ZERO, Place, Slices, days_of
from segmentation.analysis.results import FloatArray, LabelArray, from_json
from segmentation.analysis.rules.model import FrozenModel
from segmentation.models import SegmentationRun

CHUNK_ROWS = 50_000
# What changes for everybody is the median of the changes of so many customers.
SAMPLE_ROWS = 20_000
SIDES = ("was", "is_now")

Pair = tuple[int, int]
Source = tuple[int, str | None]


# Customers of both runs, with their labels and what they are and were: some thousands, packed into one value.
STATEMENT = sql.SQL(
    "WITH chosen AS MATERIALIZED ("
    "SELECT customer_id, earlier.label AS before, later.label AS after"
    " FROM segmenter_clusterassignment AS earlier JOIN segmenter_clusterassignment AS later"
    " USING (customer_id) WHERE earlier.run_id = {first} AND later.run_id = {second}"
    " AND customer_id > {last} AND {chosen} ORDER BY customer_id LIMIT {rows}"
    "), cut AS (SELECT chosen.customer_id, chosen.before, chosen.after, {slices} FROM chosen"
    " JOIN {then_table} AS was ON was.id = chosen.customer_id"
    " JOIN {now_table} AS is_now ON is_now.id = chosen.customer_id {by_itself})"
    " SELECT string_agg(int2send(before) || int2send(after) || {values}, ''::bytea ORDER BY customer_id),"
    " (SELECT max(customer_id) FROM chosen) FROM cut"
)


@dataclass(frozen=True)
class Blame:
    """How many of those who moved did so by a change of their own, of the segments, or of both."""

    customers: int = 0
    segments: int = 0
    both: int = 0

    def __add__(self, other: Blame) -> Blame:
        return Blame(self.customers + other.customers, self.segments + other.segments, self.both + other.both)


@dataclass(frozen=True, eq=False)
class _Model:
    """A frozen model, and where its columns lie among the values that are read."""

    model: FrozenModel
    places: Sequence[int]
    is_number: FloatArray

    def scaled(self, read: FloatArray) -> FloatArray:
        """The feature matrix of values as read: dates still as days since `DAY_ZERO`."""
        values = read[:, self.places]
        for column, described in enumerate(self.model.columns):
            if described.reference is not None:
                reference = (date.fromisoformat(described.reference) - DAY_ZERO).days
                values[:, column] = np.maximum(reference - values[:, column], 0.0)
        return self.model.scaled(values)

    def change_of_everybody(self, then: FloatArray, now: FloatArray) -> FloatArray:
        """By how much the numbers of half of the customers changed at least, in scaled units."""
        if not len(then):
            return np.zeros(len(self.places))
        changes = np.nan_to_num(self.scaled(now) - self.scaled(then))
        return np.asarray(np.median(changes, axis=0) * self.is_number)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some customers of both runs: the label of each, and the values of each, then and now."""

    before: LabelArray
    after: LabelArray
    then: FloatArray
    now: FloatArray


def count_blame(
    before: SegmentationRun, after: SegmentationRun, features: Sequence[Attribute], same: Sequence[Pair]
) -> dict[Pair, Blame]:
    """Count for each pair of labels, before and after, why those moved who went from one to the other.

    Parameters
    ----------
    before, after
        Runs of one segmentation whose versions are kept.
    features
        Of the segmentation, in order.
    same
        Labels before and after that are one segment.

    Returns
    -------
    dict
        Empty if one of the runs froze no model, as in an earlier release, or one of other attributes.
    """
    old, new = (from_json(FrozenModel, run.model) for run in (before, after))
    if any(len({column.attribute for column in model.columns}) != len(features) for model in (old, new)):
        return {}
    sources: list[Source] = []
    then_model, now_model = (_placed(model, features, sources) for model in (old, new))
    known = {attribute.pk: attribute for attribute in features}
    sample = _join(list(_read(before, after, known, sources, _sampled(after))), len(sources))
    earlier = then_model.change_of_everybody(sample.then, sample.now)
    later = now_model.change_of_everybody(sample.then, sample.now)
    counts: Counter[tuple[int, int, bool, bool]] = Counter()
    stays = set(same)
    for rows in _read(before, after, known, sources, is_a_move(same)):
        theirs = old.nearest(then_model.scaled(rows.now) - earlier)
        ours = new.nearest(now_model.scaled(rows.then) + later)
        by_own = theirs != rows.before
        by_segments = [pair not in stays for pair in zip(rows.before.tolist(), ours.tolist(), strict=True)]
        counts.update(
            zip(rows.before.tolist(), rows.after.tolist(), by_own.tolist(), by_segments, strict=True)
        )
    return {pair: _blame(pair, counts) for pair in {(then, now) for then, now, _own, _theirs in counts}}


def _blame(pair: Pair, counts: Counter[tuple[int, int, bool, bool]]) -> Blame:
    customers, segments = counts[*pair, True, False], counts[*pair, False, True]
    return Blame(customers, segments, both=counts[*pair, True, True] + counts[*pair, False, False])


def _placed(model: FrozenModel, features: Sequence[Attribute], sources: list[Source]) -> _Model:
    """Find the attributes of a model's columns, whatever they are called today, and add to the sources."""
    in_order = [
        *(each for each in features if each.kind != Attribute.Kind.TEXT),
        *(each for each in features if each.kind == Attribute.Kind.TEXT),
    ]
    names = dict.fromkeys(column.attribute for column in model.columns)
    found = dict(zip(names, in_order, strict=True))
    places = []
    for column in model.columns:
        source = (found[column.attribute].pk, column.value)
        if source not in sources:
            sources.append(source)
        places.append(sources.index(source))
    is_number = np.array([float(found[column.attribute].is_number) for column in model.columns])
    return _Model(model, places, is_number)


def _read(
    before: SegmentationRun,
    after: SegmentationRun,
    known: dict[int, Attribute],
    sources: Sequence[Source],
    chosen: sql.Composable,
) -> Iterator[_Rows]:
    """Read the chosen customers of both runs by ascending id, some thousands at a time."""
    width = len(sources)
    row = np.dtype([("labels", ">i2", (2,)), ("values", ">f8", (2, width))])
    slices = Slices(Place.of(known[pk], side) for pk, _value in sources for side in SIDES)
    values = [
        sql.SQL("float8send({})").format(_value(known[pk], value, slices, side))
        for side in SIDES
        for pk, value in sources
    ]
    last = -1
    while last is not None:
        with transaction.atomic(), connection.cursor() as cursor:
            # Both runs lie in the order of the ids: merged, they are read no further than needed.
            cursor.execute("SET LOCAL enable_hashjoin TO off")
            cursor.execute(
                STATEMENT.format(
                    first=before.pk,
                    second=after.pk,
                    last=last,
                    chosen=chosen,
                    rows=CHUNK_ROWS,
                    slices=sql.SQL(", ").join(slices.columns),
                    values=sql.SQL(" || ").join(values),
                    then_table=sql.Identifier(partition_name(Customer, before.version_id)),
                    now_table=sql.Identifier(partition_name(Customer, after.version_id)),
                    by_itself=BY_ITSELF,
                )
            )
            packed, last = cursor.fetchone()
        if packed:
            found = np.frombuffer(packed, dtype=row)
            labels, both = found["labels"].astype(np.int32), found["values"].astype(np.float64)
            yield _Rows(labels[:, 0], labels[:, 1], both[:, 0], both[:, 1])


def _value(attribute: Attribute, value: str | None, slices: Slices, side: str) -> sql.Composable:
    """A number, a date in days, or whether a text has this value; NaN where it is missing."""
    found = slices[Place.of(attribute, side)]
    if value is not None:
        told = sql.SQL("CASE WHEN coalesce({0}, '') = '' THEN 'NaN'::float8 WHEN {0} = {1} THEN 1 ELSE 0 END")
        return told.format(found, sql.Literal(value))
    measured = found if attribute.is_number else days_of(found)
    return sql.SQL("coalesce({}, 'NaN')").format(measured)


def is_a_move(same: Sequence[Pair]) -> sql.Composable:
    """Whether the labels of `earlier` and `later`, before and after, belong to different segments."""
    if not same:
        return sql.SQL("true")
    pairs = sql.SQL(", ").join(sql.SQL("({}, {})").format(*pair) for pair in same)
    return sql.SQL("(earlier.label, later.label) NOT IN ({})").format(pairs)


def _sampled(run: SegmentationRun) -> sql.Composable:
    step = max(1, run.customer_count // SAMPLE_ROWS)
    return sql.SQL("customer_id % {} = 0").format(step)


def _join(rows: Sequence[_Rows], width: int) -> _Rows:
    if not rows:
        none = np.zeros(0, dtype=np.int32)
        return _Rows(none, none, np.zeros((0, width)), np.zeros((0, width)))
    return _Rows(
        *(
            np.concatenate([getattr(each, name) for each in rows])
            for name in ("before", "after", "then", "now")
        )
    )
