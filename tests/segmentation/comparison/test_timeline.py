"""Segments over the runs of a segmentation."""

from datetime import UTC, datetime

import pytest
from django.db.models.functions import Now

from jobs.models import Job
from segmentation.comparison.timeline import TABLE_RUNS, read_history, read_sizes
from segmentation.models import Cluster, Segment, Segmentation, SegmentationRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def segmentation(shop):
    return Segmentation.objects.create(dataset=shop, name="Income", features=[shop.attributes.first().pk])


@pytest.fixture
def add_run(segmentation):
    """Create a finished run with these segments and sizes; new names are new segments."""

    def add(**sizes: int) -> SegmentationRun:
        known = {segment.name: segment for segment in segmentation.segments.living()}
        for name in known.keys() - sizes.keys():
            Segment.objects.filter(pk=known[name].pk).update(retired_at=Now())
        segments = {
            name: known.get(name)
            or Segment.objects.create(segmentation=segmentation, name=name, colour=len(known) + number)
            for number, name in enumerate(sizes)
        }
        run = SegmentationRun.objects.create(
            segmentation=segmentation,
            job=Job.objects.create(kind="run", state="succeeded", finished_at=Now()),
            version=segmentation.dataset.current_version,
            feature_names=["Income"],
            k=len(sizes),
            customer_count=sum(sizes.values()),
        )
        for number, (name, size) in enumerate(sizes.items()):
            Cluster.objects.create(
                run=run, segment=segments[name], label=number, number=number + 1, size=size, centroid=[0.0]
            )
        return run

    return add


def fates(rows) -> dict[str, list[str]]:
    return {row.segment.name: [cell.fate for cell in row.cells] for row in rows}


def test_segments_are_new_kept_and_retired(segmentation, add_run):
    add_run(savers=10, spenders=5)
    add_run(savers=12, strollers=4)
    add_run(savers=11, strollers=6)
    history = read_history(segmentation)
    assert fates(history.living) == {"savers": ["new", "grown", "kept"], "strollers": ["", "new", "grown"]}
    assert fates(history.retired) == {"spenders": ["new", "retired", ""]}
    assert [(column.kept, column.new, column.retired) for column in history.columns] == [
        (0, 2, 0),
        (1, 1, 1),
        (2, 0, 0),
    ]


def test_growth_is_told_since_the_run_before(segmentation, add_run):
    add_run(savers=10)
    add_run(savers=12)
    [row] = read_history(segmentation).living
    assert [cell.by for cell in row.cells] == [None, 2]


def test_a_segment_that_comes_back_is_not_called_new(segmentation, add_run):
    add_run(savers=10, spenders=5)
    middle = add_run(savers=12)
    Segment.objects.update(retired_at=None)
    add_run(savers=12, spenders=4)
    assert fates(read_history(segmentation).living)["spenders"] == ["new", "retired", "found again"]
    middle.delete()
    assert fates(read_history(segmentation).living)["spenders"] == ["new", "shrunk"]


def test_the_newest_runs_come_first_and_older_ones_by_paging(segmentation, add_run):
    runs = [add_run(savers=100 + size) for size in range(1, TABLE_RUNS + 4)]
    newest, older = read_history(segmentation), read_history(segmentation, "2")
    assert [column.run for column in newest.columns] == runs[3:]
    assert [column.run for column in older.columns] == runs[:3]
    # The oldest run of a page is compared with one on the next page.
    assert fates(newest.living)["savers"] == ["kept"] * TABLE_RUNS
    assert fates(older.living)["savers"] == ["new", "kept", "kept"]


def test_retired_segments_appear_beside_the_runs_that_knew_them(segmentation, add_run):
    add_run(spenders=5)
    for _ in range(TABLE_RUNS + 1):
        add_run(savers=10)
    assert fates(read_history(segmentation).retired) == {}
    assert fates(read_history(segmentation, "2").retired) == {"spenders": ["new", "retired"]}


def test_the_chart_shows_the_living_before_the_retired(segmentation, add_run):
    add_run(spenders=50, savers=10)
    add_run(savers=12, strollers=40)
    history = read_sizes(segmentation)
    assert [(each.name, each.sizes, each.is_retired) for each in history.segments] == [
        ("strollers", (None, 40), False),
        ("savers", (10, 12), False),
        ("spenders", (50, None), True),
    ]
    assert read_history(segmentation).sizes == history


def test_without_runs_there_is_nothing_to_tell(segmentation):
    history = read_history(segmentation)
    assert (list(history.columns), list(history.living)) == ([], [])


def test_runs_of_one_day_are_told_apart_by_their_numbers(segmentation, add_run):
    first, second, third = add_run(savers=10), add_run(savers=12), add_run(savers=11)
    Job.objects.filter(pk=first.job_id).update(finished_at=datetime(2026, 1, 3, 12, tzinfo=UTC))
    assert read_sizes(segmentation).runs == ("3 Jan 2026", f"run {second.pk}", f"run {third.pk}")
