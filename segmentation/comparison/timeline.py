"""A segmentation's segments from run to run: how large each was, and which were kept, new or retired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from segmentation.charts.inputs import SegmentHistory, SizeHistory
from segmentation.comparison.kinship import NO_KINSHIP, Kinship, find_kinship
from segmentation.comparison.lifecycle import ARRIVED, CONTINUED, GONE, Fate, find_fate
from segmentation.models import Cluster, RunComparison, Segment, Segmentation, SegmentationRun

# Runs side by side in the table, and in the chart.
TABLE_RUNS = 8
CHART_RUNS = 40
# In the chart besides the living segments: the most recently retired ones.
CHART_RETIRED = 8


@dataclass(frozen=True)
class Cell:
    """One segment in one run: its cluster, what happened to it since the previous run, and its growth."""

    cluster: Cluster | None
    fate: Fate
    by: int | None = None


@dataclass(frozen=True)
class Column:
    """One run, and how many segments it kept, found new and no longer found."""

    run: SegmentationRun
    kept: int
    new: int
    retired: int


@dataclass(frozen=True)
class Row:
    """One segment in each run of the columns."""

    segment: Segment
    cells: Sequence[Cell]

    @property
    def latest(self) -> Cell:
        return self.cells[-1]


@dataclass(frozen=True)
class RunHistory:
    """Some runs side by side, the newest last; the living segments' rows, and those of retired ones."""

    columns: Sequence[Column]
    living: Sequence[Row]
    retired: Sequence[Row]
    page: Page[SegmentationRun]
    sizes: SizeHistory | None


@dataclass(frozen=True)
class _Known:
    """Runs, the oldest first, with their clusters by segment and run, and all segments that matter."""

    runs: Sequence[SegmentationRun]
    clusters: Mapping[tuple[int, int], Cluster]
    segments: Sequence[Segment]

    def has(self, segment: Segment, runs: Sequence[SegmentationRun]) -> bool:
        return any((segment.pk, run.pk) in self.clusters for run in runs)


def read_history(segmentation: Segmentation, page: str | None = None) -> RunHistory:
    """Read one page of a segmentation's finished runs, with the segments that these know.

    The newest page has all living segments, and what the chart of sizes draws.
    """
    found = segmentation.runs.listed().finished_last_first()
    shown = Paginator(found, TABLE_RUNS).get_page(page)
    is_newest, start = shown.number == 1, max(0, shown.start_index() - 1)
    # One more than is shown: the oldest one is compared with the one before it.
    end = start + max(TABLE_RUNS + 1, CHART_RUNS if is_newest else 0)
    known = _read_known(segmentation, list(found[start:end])[::-1], with_living=is_newest)
    runs = known.runs[-TABLE_RUNS - 1 :]
    skipped = max(0, len(runs) - TABLE_RUNS)
    kinships = _read_kinships(runs, known)
    rows = [
        Row(segment, _cells(segment, runs, known.clusters, kinships)[skipped:])
        for segment in known.segments
        if (is_newest and segment.retired_at is None) or known.has(segment, runs)
    ]
    return RunHistory(
        columns=[
            _column(run, [row.cells[place] for row in rows]) for place, run in enumerate(runs[skipped:])
        ],
        living=_largest_first([row for row in rows if row.segment.retired_at is None]),
        retired=[row for row in rows if row.segment.retired_at is not None],
        page=shown,
        sizes=_size_history(known) if is_newest else None,
    )


def read_sizes(segmentation: Segmentation) -> SizeHistory:
    """What the chart of sizes draws: the newest runs, the living segments and those retired last."""
    runs = segmentation.runs.listed().finished_last_first()[:CHART_RUNS]
    return _size_history(_read_known(segmentation, list(runs)[::-1], with_living=True))


def _read_known(segmentation: Segmentation, runs: Sequence[SegmentationRun], *, with_living: bool) -> _Known:
    clusters = Cluster.objects.filter(run__in=runs).defer("typical", "borderline")
    found = Exists(Cluster.objects.filter(segment=OuterRef("pk"), run__in=runs))
    wanted = Q(retired_at=None) | found if with_living else Q(found)
    return _Known(
        runs=runs,
        clusters={(cluster.segment_id, cluster.run_id): cluster for cluster in clusters},
        segments=list(segmentation.segments.filter(wanted)),
    )


def _read_kinships(runs: Sequence[SegmentationRun], known: _Known) -> dict[int, Kinship]:
    """What split and merged in each run since the one before it, where the customers have been counted."""
    segments = {segment.pk: segment for segment in known.segments}
    clusters: dict[int, list[Cluster]] = {run.pk: [] for run in runs}
    for (segment_id, run_id), cluster in known.clusters.items():
        if run_id in clusters and segment_id in segments:
            cluster.segment = segments[segment_id]
            clusters[run_id].append(cluster)
    before = {after.pk: earlier.pk for earlier, after in pairwise(runs)}
    counted = RunComparison.objects.filter(before__in=runs, after__in=runs).only("before", "after", "flows")
    return {
        each.after_id: find_kinship(clusters[each.before_id], clusters[each.after_id], each.counts)
        for each in counted
        if before.get(each.after_id) == each.before_id
    }


def _cells(
    segment: Segment,
    runs: Sequence[SegmentationRun],
    clusters: Mapping[tuple[int, int], Cluster],
    kinships: Mapping[int, Kinship],
) -> list[Cell]:
    cells: list[Cell] = []
    before: Cluster | None = None
    previous: SegmentationRun | None = None
    for run in runs:
        cluster = clusters.get((segment.pk, run.pk))
        by = cluster.size - before.size if cluster and before else None
        ended = previous.job.finished_at if previous else None
        fate = find_fate(segment, before, cluster, ended, kinships.get(run.pk, NO_KINSHIP))
        cells.append(Cell(cluster, fate, by))
        before, previous = cluster, run
    return cells


def _column(run: SegmentationRun, cells: Sequence[Cell]) -> Column:
    fates = [cell.fate for cell in cells]
    return Column(
        run,
        kept=sum(fate in CONTINUED for fate in fates),
        new=sum(fate in ARRIVED for fate in fates),
        retired=sum(fate in GONE for fate in fates),
    )


def _largest_first(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -(row.latest.cluster.size if row.latest.cluster else 0))


def _size_history(known: _Known) -> SizeHistory:
    living = [each for each in known.segments if each.retired_at is None]
    retired = [each for each in known.segments if each.retired_at is not None]
    retired.sort(key=lambda each: str(each.retired_at), reverse=True)
    histories = [_segment_history(each, known) for each in living]
    histories.sort(key=lambda each: -(each.sizes[-1] or 0) if each.sizes else 0)
    return SizeHistory(
        segments=(*histories, *(_segment_history(each, known) for each in retired[:CHART_RETIRED])),
        runs=tuple(_run_names(known.runs)),
    )


def _segment_history(segment: Segment, known: _Known) -> SegmentHistory:
    found = [known.clusters.get((segment.pk, run.pk)) for run in known.runs]
    latest = next((cluster for cluster in reversed(found) if cluster), None)
    return SegmentHistory(
        name=segment.name,
        colour=segment.colour,
        sizes=tuple(cluster.size if cluster else None for cluster in found),
        is_retired=segment.retired_at is not None,
        href=latest.get_absolute_url() if latest else None,
    )


def _run_names(runs: Sequence[SegmentationRun]) -> Iterator[str]:
    """Yield each run's day, or its number where another one was on the same day."""
    days = [_day(run) for run in runs]
    for run, day in zip(runs, days, strict=True):
        yield day if days.count(day) == 1 else _("run %(number)s") % {"number": run.pk}


def _day(run: SegmentationRun) -> str:
    return date_format(run.job.finished_at or run.created_at, "DATE_FORMAT")
