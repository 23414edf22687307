"""Two runs side by side: which segments were kept, who went from which to which, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add

from django.db import connection, transaction

from customers.lists.paging import TooSlow, time_limit
from segmentation.comparison.counterfactual import Blame
from segmentation.comparison.kinship import Counts, Kinship, describe_kinship, find_kinship
from segmentation.comparison.lifecycle import Fate, find_fate
from segmentation.comparison.moves import MoveReasons, explain_moves, may_explain
from segmentation.comparison.origin_filter import NOWHERE, write_origin
from segmentation.models import Cluster, RunComparison, Segment, SegmentationRun


@dataclass(frozen=True)
class Flow:
    """How many customers went from one segment to another; `None` is outside of the other run."""

    before: Cluster | None
    after: Cluster | None
    size: int
    share: float  # of those who were in `before`, 0 to 1
    is_same: bool  # whether both are the same segment
    customers: str  # the address of their list; empty for those who are in the earlier run only
    reasons: MoveReasons | None = None  # what changed about those who moved, where that is known


@dataclass(frozen=True)
class Pair:
    """One segment in two runs, or in the only one that has it."""

    segment: Segment
    before: Cluster | None
    after: Cluster | None
    earlier_ended: datetime | None  # when the run of `before` was done
    kinship: Kinship

    @property
    def fate(self) -> Fate:
        return find_fate(self.segment, self.before, self.after, self.earlier_ended, self.kinship)

    @property
    def kin(self) -> str:
        """What it split from or into, or merged with: a sentence, or nothing."""
        return describe_kinship(self.segment.pk, self.kinship)

    @property
    def by(self) -> int | None:
        return self.after.size - self.before.size if self.before and self.after else None


@dataclass(frozen=True)
class Comparison:
    """What two runs of one dataset have in common; `before` ended first.

    `rows` has the flows out of each segment of the earlier run, in the order of `columns`: the segments of
    the later run, then `None` for those who are not in it. The last row: those who were not in the earlier.
    """

    before: SegmentationRun
    after: SegmentationRun
    pairs: Sequence[Pair]
    columns: Sequence[Cluster | None]
    rows: Sequence[tuple[Cluster | None, Sequence[Flow]]]

    @property
    def flows(self) -> Iterator[Flow]:
        return (flow for _, flows in self.rows for flow in flows if flow.size)

    @property
    def in_both(self) -> int:
        return sum(flow.size for flow in self.flows if flow.before and flow.after)

    @property
    def stayed(self) -> int:
        return sum(flow.size for flow in self.flows if flow.is_same)

    @property
    def left(self) -> int:
        return sum(flow.size for flow in self.flows if flow.after is None)

    @property
    def came(self) -> int:
        return sum(flow.size for flow in self.flows if flow.before is None)

    @property
    def moves(self) -> list[Flow]:
        """Moves from one segment to another, largest first."""
        moved = (flow for flow in self.flows if flow.before and flow.after and not flow.is_same)
        return sorted(moved, key=lambda flow: -flow.size)

    @property
    def counterparts(self) -> list[Flow]:
        """For each segment of the earlier run the one that the largest part of its customers is in later."""
        followed = (
            [flow for flow in flows if flow.after and flow.size]
            for source, flows in self.rows
            if source is not None
        )
        return [max(flows, key=lambda flow: flow.size) for flows in followed if flows]

    @property
    def explained(self) -> list[MoveReasons]:
        return [flow.reasons for flow in self.moves if flow.reasons]

    @property
    def changed(self) -> int:
        """Those who moved and whose values changed."""
        return sum(reasons.changed for reasons in self.explained)

    @property
    def unchanged(self) -> int:
        """Those who moved with the same values."""
        return sum(reasons.size - reasons.changed for reasons in self.explained)

    @property
    def blame(self) -> Blame | None:
        """Why they moved, all together; `None` if that is not known of everyone."""
        known = [reasons.blame for reasons in self.explained if reasons.blame is not None]
        if not known or len(known) < len(self.explained):
            return None
        return reduce(add, known)

    def with_fate(self, *fates: Fate) -> list[Pair]:
        return [pair for pair in self.pairs if pair.fate in fates]


def compare_runs(before: SegmentationRun, after: SegmentationRun, *, for_page: bool = True) -> Comparison:
    """Compare two finished runs of one dataset, whose clusters are fetched with their segments.

    For a page, what changed about those who moved is left out where counting it takes too long.
    """
    found = find_comparison(before.pk, after.pk)
    counts = found.counts
    pairs = _pairs(before, after, counts)
    reasons = _explained(found, before, after, pairs, for_page=for_page)
    sources: list[Cluster | None] = [*before.clusters.all(), None]
    targets: list[Cluster | None] = [*after.clusters.all(), None]
    # Customers in one run only get a row and a column, if there are any.
    if all(now is not None for _, now in counts):
        targets.pop()
    if all(then is not None for then, _ in counts):
        sources.pop()
    return Comparison(
        before=before,
        after=after,
        pairs=pairs,
        columns=targets,
        rows=[(source, _flows(before, source, targets, counts, reasons)) for source in sources],
    )


def _pairs(before: SegmentationRun, after: SegmentationRun, counts: Counts) -> list[Pair]:
    """The segments of both runs: those of the later one by size, then those it no longer has."""
    then = {cluster.segment_id: cluster for cluster in before.clusters.all()}
    now = {cluster.segment_id: cluster for cluster in after.clusters.all()}
    known = {**now, **{key: cluster for key, cluster in then.items() if key not in now}}
    ended, kinship = before.job.finished_at, find_kinship(then.values(), now.values(), counts)
    return [
        Pair(cluster.segment, then.get(key), now.get(key), ended, kinship) for key, cluster in known.items()
    ]


Reasons = Mapping[tuple[int | None, int | None], MoveReasons]


def _flows(
    run: SegmentationRun,
    source: Cluster | None,
    targets: Sequence[Cluster | None],
    counts: Counts,
    reasons: Reasons,
) -> list[Flow]:
    """Where the customers of one cluster of the earlier run went, or of none."""
    label = source.label if source else None
    sizes = [counts.get((label, target.label if target else None), 0) for target in targets]
    total = sum(sizes)
    origin = write_origin(run.pk, source.number if source else NOWHERE)
    return [
        Flow(
            source,
            target,
            size,
            share=size / total if total else 0.0,
            is_same=source is not None and target is not None and source.segment_id == target.segment_id,
            customers=f"{target.get_absolute_url()}?{origin}" if target else "",
            reasons=reasons.get((label, target.label if target else None)),
        )
        for target, size in zip(targets, sizes, strict=True)
    ]


def find_comparison(before: int, after: int) -> RunComparison:
    """The stored comparison of two runs, counted now if there is none: finished runs never change."""
    pair = {"before_id": before, "after_id": after}
    found = RunComparison.objects.filter(**pair).first()
    if found is None:
        found = RunComparison(**pair, flows=_count_flows(before, after))
        # Someone else may have counted at the same time.
        RunComparison.objects.bulk_create([found], ignore_conflicts=True)
    return found


def _explained(
    found: RunComparison,
    before: SegmentationRun,
    after: SegmentationRun,
    pairs: Sequence[Pair],
    *,
    for_page: bool,
) -> Reasons:
    """What changed about those who moved, counted now if not yet counted; nothing if it cannot be known."""
    if found.moves is None and may_explain(before, after):
        same = [(pair.before.label, pair.after.label) for pair in pairs if pair.before and pair.after]
        with suppress(TooSlow), time_limit() if for_page else nullcontext():
            found.moves = explain_moves(before, after, same)
            RunComparison.objects.filter(before=before, after=after).update(moves=found.moves)
    reasons = [MoveReasons.from_json(kept) for kept in found.moves or ()]
    return {(each.before, each.after): each for each in reasons}


def compare_with_the_run_before(job_id: int) -> None:
    """Count who moved since the run before this job's, so that no page has to."""
    runs = SegmentationRun.objects.select_related("segmentation", "version", "job").with_clusters()
    after = runs.succeeded().filter(job=job_id).first()
    before = runs.before(after).first() if after else None
    if before and after:
        compare_runs(before, after, for_page=False)


def _count_flows(before: int, after: int) -> list[tuple[int | None, int | None, int]]:
    statement = """
        SELECT earlier.label, later.label, count(*)
          FROM (SELECT customer_id, label FROM segmenter_clusterassignment WHERE run_id = %s) AS earlier
          FULL JOIN (SELECT customer_id, label FROM segmenter_clusterassignment WHERE run_id = %s) AS later
                USING (customer_id)
         GROUP BY earlier.label, later.label
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Both runs lie in the order of the ids: merging two of a million takes half as long as hashing them.
        cursor.execute("SET LOCAL enable_hashjoin TO off")
        cursor.execute(statement, [before, after])
        return list(cursor.fetchall())
