"""A segmentation's page, and what people change there."""

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from jobs.models import Job
from segmenter.models import Segment, SegmentationRun
from segmenter.views.charts import CONTENT_TYPES

# Runs have a heartbeat on a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(shop, execute_a_run):
    return execute_a_run(shop, k=5)


@pytest.fixture
def segment(run):
    return run.clusters.select_related("segment").first().segment


def edit_address(segment) -> str:
    return reverse("segmenter:segment-edit", args=[segment.segmentation_id, segment.pk])


def test_the_page_shows_segments_sizes_and_runs(viewer_client, run):
    page = viewer_client.get(run.segmentation.get_absolute_url()).content.decode()
    assert reverse("segmenter:segmentation-sizes", args=[run.segmentation_id, "svg"]) in page
    for cluster in run.clusters.select_related("segment"):
        assert page.count(cluster.segment.name) >= 2
        assert cluster.get_absolute_url() in page
    assert "Run again" not in page  # a viewer only looks


def test_a_segmentation_without_a_finished_run_says_so(viewer_client, shop, analyst_client):
    analyst_client.post(
        reverse("segmenter:run-create", args=[shop.slug]),
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
    answer = viewer_client.get(reverse("segmenter:segmentation-sizes", args=[run.segmentation_id, kind]))
    assert answer["Content-Type"] == CONTENT_TYPES[kind]
    assert answer.content[:4] in (b"<svg", b"\x89PNG", "\ufeffS".encode())
    assert "attachment" in answer["Content-Disposition"]


def test_name_look_and_notes_of_a_segment_are_changed(analyst_client, segment):
    answer = analyst_client.post(
        edit_address(segment), {"name": "  Young   savers ", "colour": 30, "notes": "Mail on Thursdays."}
    )
    assert answer.url == segment.segmentation.get_absolute_url()
    changed = Segment.objects.get(pk=segment.pk)
    assert (changed.name, changed.colour, changed.notes) == ("Young savers", 30, "Mail on Thursdays.")
    event = AuditEvent.objects.get(action="changed a segment")
    assert event.details == {"before": {"name": segment.name, "colour": segment.colour, "notes": ""}}


def test_two_segments_swap_looks(analyst_client, segment):
    other = Segment.objects.exclude(pk=segment.pk).first()
    analyst_client.post(edit_address(segment), {"name": segment.name, "colour": other.colour})
    assert Segment.objects.get(pk=segment.pk).colour == other.colour
    assert Segment.objects.get(pk=other.pk).colour == segment.colour


def test_a_retired_segment_takes_nobodys_look_away(analyst_client, segment):
    other = Segment.objects.exclude(pk=segment.pk).first()
    Segment.objects.filter(pk=segment.pk).update(retired_at=segment.created_at)
    analyst_client.post(edit_address(segment), {"name": segment.name, "colour": other.colour})
    assert Segment.objects.get(pk=other.pk).colour == other.colour


def test_a_wrong_edit_is_shown_again_with_the_reason(analyst_client, segment):
    other = Segment.objects.exclude(pk=segment.pk).first()
    page = analyst_client.post(edit_address(segment), {"name": other.name, "colour": 99, "notes": "kept"})
    text = page.content.decode()
    assert "called “" in text
    assert "99 is not one of the available choices" in text
    assert "kept</textarea>" in text
    assert Segment.objects.get(pk=segment.pk).name == segment.name


def test_an_edit_that_changes_nothing_leaves_no_trace(analyst_client, segment):
    analyst_client.post(edit_address(segment), {"name": segment.name, "colour": segment.colour})
    assert not AuditEvent.objects.filter(action="changed a segment").exists()


def test_a_segment_of_another_segmentation_is_not_found(analyst_client, segment):
    address = reverse("segmenter:segment-edit", args=[segment.segmentation_id + 1, segment.pk])
    assert analyst_client.get(address).status_code == 404


def test_a_segmentation_is_renamed(analyst_client, run):
    address = reverse("segmenter:segmentation-rename", args=[run.segmentation_id])
    assert "Income" in analyst_client.get(address).content.decode()
    analyst_client.post(address, {"name": "Spring  campaign"})
    run.segmentation.refresh_from_db()
    assert run.segmentation.name == "Spring campaign"
    assert AuditEvent.objects.get(action="renamed a segmentation").details == {"before": "Income × Score"}


def test_two_segmentations_of_a_dataset_never_share_a_name(analyst_client, run, shop, execute_a_run):
    other = execute_a_run(shop, k=2, features=["Income"]).segmentation
    address = reverse("segmenter:segmentation-rename", args=[run.segmentation_id])
    page = analyst_client.post(address, {"name": other.name}).content.decode()
    assert "is called “Income” already" in page
    assert "Rename Income × Score" in page


def test_run_again_asks_for_the_same_in_the_same_segmentation(analyst_client, run):
    run.segmentation.name = "Ours"
    run.segmentation.save()
    again_address = reverse("segmenter:run-again", args=[run.pk])
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
