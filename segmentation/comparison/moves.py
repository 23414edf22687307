"""Who moved from one segment to another between two runs, what changed about them, and whose doing it was.

PostgreSQL compares the two versions that the runs saw, for those who moved alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from psycopg import sql

from customers.models import Attribute, Customer
from customers.overview import MOST_SUMMED
from customers.storage.partitions import partition_name
from customers.storage.slices import BY_ITSELF, Place, Slices
from segmentation.analysis.results import ClusterProfiles, from_json
from segmentation.comparison.counterfactual import Blame, count_blame, is_a_move
from segmentation.models import SegmentationRun

# Features compared: enough for any segmentation people can still understand.
MOST_FEATURES = 100
# What changed is counted for the features that matter most.
MOST_CAUSES = 3
# A changed text counts as much as a number this many spreads away.
OTHER_TEXT = 2.0


@dataclass(frozen=True)
class Cause:
    """A feature that is another one for `count` of those who moved.

    `before` and `after` are the averages of their values, in original units; `None` for a text.
    """

    feature: str
    count: int
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class MoveReasons:
    """What changed about those who went from one cluster to another; labels are those of the two runs.

    Attributes
    ----------
    size
        How many went who are in both versions.
    changed
        How many of them have another value of some feature.
    causes
        The features that changed, those that count for most first.
    blame
        Why they moved; `None` where a run of an earlier release does not tell.
    """

    before: int
    after: int
    size: int
    changed: int
    causes: tuple[Cause, ...] = ()
    blame: Blame | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> MoveReasons:
        blame = kept.get("blame")
        causes = tuple(Cause(**cause) for cause in kept["causes"])
        return cls(**{**kept, "causes": causes, "blame": Blame(**blame) if blame else None})


def may_explain(before: SegmentationRun, after: SegmentationRun) -> bool:
    """Whether the customers that both runs saw are still there, and the runs looked at the same of them."""
    kept = not before.version.dropped_at and not after.version.dropped_at
    return kept and before.segmentation_id == after.segmentation_id


def explain_moves(
    before: SegmentationRun, after: SegmentationRun, same: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Say of each move between two runs that `may_explain` what changed about those who made it.

    Parameters
    ----------
    before, after
        Runs of one segmentation.
    same
        Labels before and after that are one segment: customers with such a pair did not move.

    Returns
    -------
    list
        `MoveReasons` as JSON.
    """
    known = Attribute.objects.in_bulk(after.segmentation.features)
    features = [known[pk] for pk in after.segmentation.features if pk in known][:MOST_FEATURES]
    with connection.cursor() as cursor:
        cursor.execute(_statement(before, after, same, features))
        rows = cursor.fetchall()
    scales, blame = _scales(after), count_blame(before, after, features, same)
    return [
        asdict(
            MoveReasons(
                then,
                now,
                size,
                changed,
                tuple(_causes(counted, features, scales)),
                blame.get((then, now)),
            )
        )
        for then, now, size, changed, *counted in rows
    ]


def _statement(
    before: SegmentationRun,
    after: SegmentationRun,
    same: Sequence[tuple[int, int]],
    features: Sequence[Attribute],
) -> sql.Composable:
    slices = Slices(Place.of(each, side) for each in features for side in ("was", "is_now"))
    columns, counted = _compared(features, slices)
    all_then, all_now = (
        sql.SQL(", ").join(sql.Identifier(f"{side}{index}") for index in range(len(features)))
        for side in ("then", "now")
    )
    # Who moved is found first: else PostgreSQL would join all customers of both versions.
    return sql.SQL(
        "WITH moved AS MATERIALIZED ("
        "SELECT customer_id, earlier.label AS before, later.label AS after"
        " FROM segmenter_clusterassignment AS earlier JOIN segmenter_clusterassignment AS later"
        " USING (customer_id) WHERE earlier.run_id = {first} AND later.run_id = {second} AND {moved}"
        "), cut AS (SELECT moved.before, moved.after, {slices} FROM moved"
        " JOIN {then_table} AS was ON was.id = moved.customer_id"
        " JOIN {now_table} AS is_now ON is_now.id = moved.customer_id {by_itself}"
        "), compared AS (SELECT before, after, {columns} FROM cut"
        ") SELECT before, after, count(*), count(*) FILTER (WHERE ROW({then}) IS DISTINCT FROM ROW({now})),"
        " {counted} FROM compared GROUP BY before, after ORDER BY count(*) DESC, before, after"
    ).format(
        then=all_then,
        now=all_now,
        counted=sql.SQL(", ").join(counted),
        columns=sql.SQL(", ").join(columns),
        slices=sql.SQL(", ").join(slices.columns),
        by_itself=BY_ITSELF,
        first=before.pk,
        second=after.pk,
        moved=is_a_move(same),
        then_table=sql.Identifier(partition_name(Customer, before.version_id)),
        now_table=sql.Identifier(partition_name(Customer, after.version_id)),
    )


def _compared(
    features: Sequence[Attribute], slices: Slices
) -> tuple[list[sql.Composable], list[sql.Composable]]:
    """Of each feature the values then and now, and what is counted of them, as `_read_causes` reads it."""
    columns: list[sql.Composable] = []
    counted: list[sql.Composable] = []
    for index, feature in enumerate(features):
        then, now = (sql.Identifier(f"{side}{index}") for side in ("then", "now"))
        columns += [
            sql.SQL("{} AS {}").format(slices[Place.of(feature, side)], name)
            for side, name in (("was", then), ("is_now", now))
        ]
        counted.append(sql.SQL("count(*) FILTER (WHERE {0} IS DISTINCT FROM {1})").format(then, now))
        if feature.is_number:
            counted += [_average(side, then, now) for side in (then, now)]
    return columns, counted


def _average(side: sql.Composable, then: sql.Composable, now: sql.Composable) -> sql.Composable:
    """Of those whose value changed. PostgreSQL's own also adds up squares, which soon overflow."""
    told = sql.SQL("{0} <> {1} AND abs({0}) < {2} AND abs({1}) < {2}").format(then, now, MOST_SUMMED)
    average = sql.SQL("sum({0}) FILTER (WHERE {1}) / nullif(count(*) FILTER (WHERE {1}), 0)")
    return average.format(side, told)


def _scales(run: SegmentationRun) -> dict[str, float]:
    """The standard deviation of each number among everyone."""
    kept = SegmentationRun.objects.values_list("profiles", flat=True).get(pk=run.pk)
    profiles = from_json(ClusterProfiles, kept)
    return {each.name: each.everyone.deviation or 0.0 for each in profiles.numbers}


def _causes(
    counted: Sequence[Any], features: Sequence[Attribute], scales: Mapping[str, float]
) -> list[Cause]:
    found = sorted(_read_causes(counted, features, scales), key=lambda pair: -pair[0])
    return [cause for _weight, cause in found[:MOST_CAUSES]]


def _read_causes(
    counted: Sequence[Any], features: Sequence[Attribute], scales: Mapping[str, float]
) -> Iterator[tuple[float, Cause]]:
    """Every feature that changed, and for how much it counts: for how many, and by how many spreads."""
    values = iter(counted)
    for feature in features:
        count = next(values)
        then, now = (next(values), next(values)) if feature.is_number else (None, None)
        if not count:
            continue
        weight = OTHER_TEXT * count
        if then is not None and now is not None:
            weight = abs(now - then) / (scales.get(feature.name) or 1.0) * count
        yield weight, Cause(feature.name, count, then, now)
