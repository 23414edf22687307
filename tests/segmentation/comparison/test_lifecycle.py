"""What happened to a segment between two runs."""

from datetime import UTC, datetime

import pytest

from segmentation.comparison.lifecycle import find_fate
from segmentation.models import Cluster, Segment

SPRING, SUMMER, AUTUMN = (datetime(2026, month, 1, tzinfo=UTC) for month in (4, 7, 10))


def fate(before, after, *, overlap=0.9, created=SPRING, ended=SUMMER):
    """The lifecycle of a segment with these sizes in two runs; `None` if it is not in a run."""
    then, now = (None if size is None else Cluster(size=size) for size in (before, after))
    if now is not None:
        now.confidence = overlap
    return find_fate(Segment(created_at=created), then, now, ended)


@pytest.mark.parametrize(
    ("after", "what"),
    [(100, "kept"), (110, "kept"), (111, "grown"), (90, "kept"), (89, "shrunk")],
)
def test_more_than_ten_per_cent_are_growth(after, what):
    assert fate(100, after) == what


@pytest.mark.parametrize(
    ("after", "overlap", "what"),
    [
        (100, 0.8, "kept"),
        (100, 0.79, "changed"),
        (125, 0.65, "grown"),
        (125, 0.63, "changed"),
        (80, 0.65, "shrunk"),
        (80, 0.63, "changed"),
        (125, None, "grown"),
    ],
)
def test_with_many_other_members_than_its_growth_explains_it_has_changed(after, overlap, what):
    assert fate(100, after, overlap=overlap) == what


def test_a_segment_the_previous_run_lacked_is_new_or_found_again():
    assert fate(None, 100, created=AUTUMN) == "new"
    assert fate(None, 100, created=SPRING) == "found again"
    assert fate(None, 100, ended=None) == "new"


def test_a_segment_missing_from_the_later_run_is_retired():
    assert fate(100, None) == "retired"
    assert fate(None, None) == ""
