"""Two runs side by side: who stayed and who moved where."""

import pytest
from django.db import connection

from customers.models import Customer
from segmentation.clearing import clear_deleted
from segmentation.comparison.flows import compare_runs, find_comparison
from segmentation.comparison.lifecycle import CONTINUED
from segmentation.models import ClusterAssignment, Segment, SegmentationRun

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def fetched(run):
    return SegmentationRun.objects.with_clusters().get(pk=run.pk)


@pytest.fixture
def two_runs(make_dataset, groups, publish, execute_a_run):
    """100 customers in five groups; then the first three moved to the last group, and the last one left."""
    columns = groups()
    dataset = make_dataset(columns)
    before = execute_a_run(dataset, k=5)
    for values in columns.values():
        values[:3] = [values[-1]] * 3
        values.pop()
    publish(dataset, columns)
    return fetched(before), fetched(execute_a_run(dataset, k=5))


def test_customers_are_followed_from_segment_to_segment(two_runs):
    comparison = compare_runs(*two_runs)
    [move] = comparison.moves
    assert (move.size, comparison.stayed, comparison.in_both) == (3, 96, 99)
    assert (comparison.left, comparison.came) == (1, 0)
    assert move.before.segment != move.after.segment
    assert move.share == pytest.approx(3 / 20)


def test_every_customer_of_either_run_is_counted_once(two_runs):
    before, after = two_runs
    counts = find_comparison(before.pk, after.pk).counts
    assert sum(size for (label, _), size in counts.items() if label is not None) == 100
    assert sum(size for (_, label), size in counts.items() if label is not None) == 99


def test_segments_are_kept_new_or_retired(two_runs):
    before, after = two_runs
    cluster = after.clusters.first()
    other = Segment.objects.create(segmentation=after.segmentation, name="Newcomers", colour=20)
    after.clusters.filter(pk=cluster.pk).update(segment=other)
    comparison = compare_runs(before, fetched(after))
    assert [pair.segment.name for pair in comparison.with_fate("new")] == ["Newcomers"]
    assert [pair.segment for pair in comparison.with_fate("retired")] == [cluster.segment]
    assert len([pair for pair in comparison.pairs if pair.fate in CONTINUED]) == 4


def test_a_segment_that_lost_three_of_twenty_has_shrunk(two_runs):
    comparison = compare_runs(*two_runs)
    [move] = comparison.moves
    assert {pair.segment: pair.fate for pair in comparison.pairs if pair.fate != "kept"} == {
        move.before.segment: "shrunk"
    }


def test_a_segment_that_was_there_before_the_earlier_run_is_found_again(two_runs):
    before, after = two_runs
    segment = before.clusters.first().segment
    before.clusters.filter(segment=segment).delete()
    comparison = compare_runs(fetched(before), after)
    assert [pair.segment for pair in comparison.with_fate("found again")] == [segment]
    Segment.objects.filter(pk=segment.pk).update(created_at=after.job.finished_at)
    comparison = compare_runs(fetched(before), fetched(after))
    assert [pair.segment for pair in comparison.with_fate("new")] == [segment]


def test_two_segmentations_of_a_dataset_are_compared_by_their_largest_overlaps(shop, execute_a_run):
    five, two = fetched(execute_a_run(shop, k=5)), fetched(execute_a_run(shop, k=2, features=["Income"]))
    comparison = compare_runs(five, two)
    assert (comparison.stayed, comparison.in_both) == (0, 100)
    assert len(comparison.counterparts) == 5
    assert all(flow.size >= 10 for flow in comparison.counterparts)


def test_flows_are_counted_only_once(two_runs, django_assert_num_queries):
    before, after = two_runs
    first = find_comparison(before.pk, after.pk).counts
    with django_assert_num_queries(1):
        assert find_comparison(before.pk, after.pk).counts == first


def test_erased_customers_are_in_neither_run(two_runs):
    before, after = two_runs
    gone = ClusterAssignment.objects.filter(run=before).first().customer_id
    Customer.objects.filter(id=gone).delete()
    clear_deleted()
    assert sum(find_comparison(before.pk, after.pk).counts.values()) == 99


def test_counting_leaves_the_connection_unchanged(two_runs):
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_hashjoin")
        usual = cursor.fetchone()
        find_comparison(two_runs[0].pk, two_runs[1].pk)
        cursor.execute("SHOW enable_hashjoin")
        assert cursor.fetchone() == usual
