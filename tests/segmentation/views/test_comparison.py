"""The history of runs, and two of them side by side."""

import pytest
from django.urls import reverse

from jobs.models import Job
from segmentation.models import SegmentationRun

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
LIST = "segmentation:run-list"


@pytest.fixture
def runs(shop, analyst, execute_a_run):
    """Three runs of two segmentations; the analyst requested the last one."""
    runs = [execute_a_run(shop, k=5), execute_a_run(shop, k=4), execute_a_run(shop, k=2, features=["Income"])]
    Job.objects.filter(pk=runs[2].job_id).update(created_by=analyst)
    return runs


def listed(page) -> list[int]:
    return [row.record.pk for row in page.context["table"].rows]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, [2, 1, 0]),
        ({"dataset": "shop"}, [2, 1, 0]),
        ({"state": "failed"}, []),
        ({"person": "analyst"}, [2]),
        ({"person": "command"}, [1, 0]),
        ({"sort": "segments"}, [2, 1, 0]),
        ({"sort": "-segments"}, [0, 1, 2]),
    ],
)
def test_the_history_is_filtered_and_sorted(viewer_client, runs, query, wanted):
    page = viewer_client.get(reverse(LIST), query)
    assert listed(page) == [runs[index].pk for index in wanted]


def test_the_history_of_one_segmentation(viewer_client, runs):
    page = viewer_client.get(reverse(LIST), {"segmentation": runs[0].segmentation_id})
    assert listed(page) == [runs[1].pk, runs[0].pk]
    assert "Shop: Income × Score" in page.content.decode()


@pytest.mark.parametrize("query", [{"person": "nobody"}, {"segmentation": "x"}, {"sort": "sizes"}])
def test_what_the_history_does_not_know_is_refused(viewer_client, runs, query):
    assert viewer_client.get(reverse(LIST), query).status_code == 400


def test_sizes_are_drawn_and_said(viewer_client, runs):
    page = viewer_client.get(reverse(LIST)).content.decode()
    largest = runs[0].clusters.select_related("segment").first()
    assert page.count('<svg class="sizes"') == 3
    assert f"<title>{largest.segment} {largest.size}" in page


def test_a_run_without_results_cannot_be_ticked(viewer_client, runs):
    SegmentationRun.objects.filter(pk=runs[0].pk).update(k=None)
    page = viewer_client.get(reverse(LIST)).content.decode()
    assert page.count('name="run"') == 2


def compare(client, *runs):
    return client.get(reverse("segmentation:run-compare"), {"run": [run.pk for run in runs]})


def test_two_runs_are_compared_the_earlier_first(viewer_client, runs):
    page = compare(viewer_client, runs[1], runs[0])
    assert page.context["comparison"].before == runs[0]
    text = page.content.decode()
    assert "Of the 100 customers in both runs" in text
    assert "is not in the later run" in text  # four segments were requested after five


def test_runs_of_two_segmentations_are_compared_by_who_is_in_them(viewer_client, runs):
    text = compare(viewer_client, runs[0], runs[2]).content.decode()
    assert "of the later run: 20 (100.0\xa0%)" in text


@pytest.mark.parametrize("count", [0, 1, 3])
def test_other_than_two_runs_are_asked_for_again(viewer_client, runs, count):
    page = compare(viewer_client, *runs[:count]).content.decode()
    assert "Choose two finished runs" in page
    assert page.count("<option") == 6


def test_runs_of_two_datasets_are_not_compared(viewer_client, runs, make_dataset, groups, execute_a_run):
    other = execute_a_run(make_dataset(groups(), name="Kiosk"), k=2)
    assert "different datasets" in compare(viewer_client, runs[0], other).content.decode()


@pytest.mark.parametrize("asked", ["x", "9" * 30, "-1", "1e3", "²", ""])
def test_an_edited_address_is_no_error(viewer_client, runs, asked):
    page = viewer_client.get(reverse("segmentation:run-compare"), {"run": [asked, runs[0].pk]})
    assert page.status_code == 200


def test_the_two_latest_runs_are_picked_where_none_is_chosen(viewer_client, runs):
    page = compare(viewer_client)
    first, second = page.context["picked"]
    assert [first, second] == list(SegmentationRun.objects.finished_last_first()[:2])[::-1]
    for run in (first, second):
        assert f'<option value="{run.pk}" selected>' in page.content.decode()


def test_with_no_run_at_all_comparing_leads_to_the_history(viewer_client):
    assert reverse(LIST) in compare(viewer_client).content.decode()
