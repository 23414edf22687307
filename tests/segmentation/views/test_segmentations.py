"""A segmentation's page, and its next run."""

import pytest
from django.urls import reverse

from jobs.models import Job
from segmentation.models import SegmentationRun
from segmentation.views.charts import CONTENT_TYPES

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(shop, execute_a_run):
    return execute_a_run(shop, k=5)


def test_the_page_shows_segments_sizes_and_runs(viewer_client, run):
    page = viewer_client.get(run.segmentation.get_absolute_url()).content.decode()
    assert reverse("segmentation:segmentation-sizes", args=[run.segmentation_id, "svg"]) in page
    for cluster in run.clusters.select_related("segment"):
        assert page.count(cluster.segment.name) >= 2
        assert cluster.get_absolute_url() in page
    assert "Run again" not in page  # a viewer can only look


def test_a_segmentation_without_a_finished_run_says_so(viewer_client, shop, analyst_client):
    analyst_client.post(
        reverse("segmentation:run-create", args=[shop.slug]),
        {
            "features": ["Income"],
            "scaling": "standard",
            "missing": "leave-out",
            "outliers": "keep",
            "k_max": 5,
        },
    )
    segmentation = SegmentationRun.objects.get().segmentation
    page = viewer_client.get(segmentation.get_absolute_url()).content.decode()
    assert "No run has finished yet" in page


@pytest.mark.parametrize("kind", ["svg", "png", "csv"])
def test_the_chart_of_sizes_is_drawn(viewer_client, run, kind):
    answer = viewer_client.get(reverse("segmentation:segmentation-sizes", args=[run.segmentation_id, kind]))
    assert answer["Content-Type"] == CONTENT_TYPES[kind]
    assert answer.content[:4] in (b"<svg", b"\x89PNG", "\ufeffS".encode())
    assert "attachment" in answer["Content-Disposition"]


def test_run_again_asks_for_the_same_in_the_same_segmentation(analyst_client, run):
    run.segmentation.name = "Ours"
    run.segmentation.save()
    again_address = reverse("segmentation:run-again", args=[run.pk])
    assert again_address in analyst_client.get(run.segmentation.get_absolute_url()).content.decode()
    answer = analyst_client.post(again_address)
    again = SegmentationRun.objects.exclude(pk=run.pk).get()
    assert answer.url == again.get_absolute_url()
    assert again.job.state == Job.State.QUEUED
    assert (again.segmentation, again.k_requested, again.feature_names) == (
        run.segmentation,
        5,
        ["Income", "Score"],
    )
