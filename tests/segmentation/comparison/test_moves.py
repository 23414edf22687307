"""What changed about customers who moved from one segment to another."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Attribute, Customer
from jobs.models import Job
from segmentation.comparison.flows import compare_runs, compare_with_the_run_before
from segmentation.models import RunComparison, SegmentationRun
from segmentation.runs.request import RunRequest, start_run

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def fetched(run):
    runs = SegmentationRun.objects.select_related("segmentation", "version", "job")
    return runs.with_clusters().get(pk=run.pk)


@pytest.fixture
def two_runs(make_dataset, groups, publish, execute_a_run):
    """100 customers in five groups; then three of the first group spend more and nothing else changes."""
    columns = groups()
    dataset = make_dataset(columns)
    before = execute_a_run(dataset, k=5)
    columns["Income"][20:23] = [88.0, 88.0, 88.0]
    columns["Score"][20:23] = [81.0, 82.0, 83.0]
    publish(dataset, columns)
    return fetched(before), fetched(execute_a_run(dataset, k=5))


def test_what_changed_about_those_who_moved_is_told_the_strongest_first(two_runs):
    comparison = compare_runs(*two_runs)
    [move] = comparison.moves
    assert (move.reasons.size, move.reasons.changed) == (3, 3)
    score, income = move.reasons.causes
    assert (score.feature, score.count, score.after) == ("Score", 3, pytest.approx(82))
    assert score.before == pytest.approx(18, abs=6)
    assert (income.feature, income.after) == ("Income", 88)
    assert (comparison.changed, comparison.unchanged) == (3, 0)


def test_the_same_is_told_of_wide_customers_whose_arrays_are_read_in_slices(two_runs, monkeypatch):
    plain = compare_runs(*two_runs).moves
    RunComparison.objects.all().delete()
    monkeypatch.setattr("customers.storage.slices.FEW", 0)
    monkeypatch.setattr("customers.storage.slices.WIDTH", 1)
    with CaptureQueriesContext(connection) as queries:
        assert compare_runs(*two_runs).moves == plain
    assert [query["sql"] for query in queries if "is_now_numbers_1" in query["sql"]]
    assert plain[0].reasons.causes


def test_who_moved_with_the_same_values_moved_because_the_segments_did(shop, execute_a_run):
    five, four = fetched(execute_a_run(shop, k=5)), fetched(execute_a_run(shop, k=4))
    comparison = compare_runs(five, four)
    assert comparison.moves
    assert comparison.changed == 0
    assert comparison.unchanged == sum(move.size for move in comparison.moves) >= 20
    assert all(reasons.causes == () for reasons in comparison.explained)


def test_a_text_that_is_another_one_is_told_without_an_average(two_runs):
    before, after = two_runs
    dataset = after.segmentation.dataset
    town = Attribute.objects.create(dataset=dataset, name="Town", kind="text", position=0)
    for run, name in ((before, "Ulm"), (after, "Bonn")):
        Customer.objects.filter(version_id=run.version_id).update(texts=[name])
    after.segmentation.features.append(town.pk)
    [move] = compare_runs(before, after).moves
    [cause] = [each for each in move.reasons.causes if each.feature == "Town"]
    assert (cause.count, cause.before, cause.after) == (3, None, None)


@pytest.mark.parametrize(("huge", "after"), [(1e155, 1e155), (1e300, None)])
def test_huge_numbers_have_an_average_as_far_as_there_is_one(two_runs, huge, after):
    before, later = two_runs
    customers = Customer.objects.filter(version_id=later.version_id, id__in=[21, 22, 23])
    for customer in customers:
        customer.numbers[1] = huge
        customers.filter(id=customer.id).update(numbers=customer.numbers)
    [move] = compare_runs(before, later).moves
    [cause] = [each for each in move.reasons.causes if each.feature == "Score"]
    assert (cause.count, cause.after) == (3, after)


def test_what_was_told_once_is_told_when_the_customers_are_no_longer_kept(two_runs, publish, groups):
    before, after = two_runs
    [move] = compare_runs(before, after).moves
    publish(after.segmentation.dataset, groups())
    before.version.dropped_at = before.version.published_at
    assert compare_runs(before, after).moves == [move]


def test_nothing_is_told_when_the_customers_are_no_longer_kept(two_runs):
    before, after = two_runs
    before.version.dropped_at = before.version.published_at
    comparison = compare_runs(before, after)
    assert (len(comparison.moves), comparison.explained) == (1, [])


def test_what_takes_too_long_for_a_page_is_left_to_the_worker(two_runs, monkeypatch, settings):
    def is_slow(*_):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.5)")

    settings.PAGE_TIMEOUT_SECONDS = 0.1
    with monkeypatch.context() as patched:
        patched.setattr("segmentation.comparison.flows.explain_moves", is_slow)
        assert compare_runs(*two_runs).explained == []
    compare_with_the_run_before(two_runs[1].job_id)
    assert RunComparison.objects.get().moves


def test_a_worker_compares_a_run_with_the_one_before(worker, shop, wait_until):
    for k in (5, 4):
        job = start_run(RunRequest(dataset=shop, features=["Income", "Score"], k=k)).job
        wait_until(lambda job=job: Job.objects.get(pk=job.pk).state == Job.State.SUCCEEDED)
    wait_until(lambda: RunComparison.objects.exclude(moves=None).exists())
    kept = RunComparison.objects.get()
    first, second = SegmentationRun.objects.order_by("pk")
    assert (kept.before, kept.after) == (first, second)


def test_a_comparison_goes_with_its_runs(two_runs):
    compare_runs(*two_runs)
    two_runs[0].delete()
    assert not RunComparison.objects.exists()
