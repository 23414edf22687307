"""Which segments split and which merged, from who went where."""

import pytest

from segmentation.comparison.kinship import NO_KINSHIP, describe_kinship, find_kinship
from segmentation.comparison.lifecycle import find_fate
from segmentation.models import Cluster, Segment


def clusters(**labels):
    """Clusters by the name of their segment; a segment's id is its name's place in the alphabet."""
    return [
        Cluster(label=label, segment=Segment(pk=ord(name), name=name.upper()), size=100)
        for name, label in labels.items()
    ]


def told(before, after, counts):
    """What is said of every segment of which something is said."""
    kinship = find_kinship(before, after, counts)
    segments = {each.segment_id: each.segment for each in [*before, *after]}
    said = {segment.name: describe_kinship(pk, kinship) for pk, segment in segments.items()}
    return {name: sentence for name, sentence in said.items() if sentence}


def test_a_split_is_said_with_both_names():
    counts = {(0, 0): 60, (0, 1): 40, (1, 2): 100}
    assert told(clusters(a=0, b=1), clusters(a=0, c=1, b=2), counts) == {
        "A": "It split: part of it is now “C”.",
        "C": "Split off from “A”: 40\xa0% of its customers.",
    }


def test_a_merger_is_said_with_both_names():
    counts = {(0, 0): 60, (1, 0): 40, (2, 1): 100}
    assert told(clusters(a=0, c=1, b=2), clusters(a=0, b=1), counts) == {
        "A": "It took in “C”.",
        "C": "Merged into “A”.",
    }


def test_a_segment_that_falls_apart_names_all_its_parts():
    counts = {(0, 0): 50, (0, 1): 50}
    assert told(clusters(a=0), clusters(b=0, c=1), counts)["A"] == "It split: part of it is now “B” and “C”."


@pytest.mark.parametrize(
    "counts",
    [
        {(0, 0): 81, (0, 1): 19, (1, 2): 100},  # a few left
        {(0, 0): 60, (0, 1): 40, (1, 1): 40, (2, 1): 40, (1, 2): 60},  # it has some from everywhere
        {(0, 0): 100, (None, 1): 50, (1, 2): 100},  # new customers
        {(0, 0): 100, (1, 1): 100, (2, 2): 100},
        {},
        None,
    ],
)
def test_people_who_move_split_nothing(counts):
    assert told(clusters(a=0, b=1), clusters(a=0, c=1, b=2), counts) == {}


def test_customers_who_came_or_left_do_not_hide_a_split():
    counts = {(0, 0): 60, (0, 1): 40, (0, None): 900, (None, 1): 900, (1, 2): 100}
    assert "C" in told(clusters(a=0, b=1), clusters(a=0, c=1, b=2), counts)


def test_the_badge_says_split_off_and_merged():
    before, after = clusters(a=0, d=1), clusters(a=0, c=1)
    kinship = find_kinship(before, [*after], {(0, 0): 60, (0, 1): 40, (1, 0): 50})
    new, gone = after[1], before[1]
    assert find_fate(new.segment, None, new, None, kinship) == "split off"
    assert find_fate(gone.segment, gone, None, None, kinship) == "merged"
    assert find_fate(gone.segment, gone, None, None, NO_KINSHIP) == "retired"
