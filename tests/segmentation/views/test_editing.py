"""Editing segmentations and segments: names, looks and notes, also while others edit them."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import reverse

from audit.models import AuditEvent
from segmentation.models import Segment, Segmentation
from segmentation.segments.editing import edit_segment
from tests.fixtures.people import log_in

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def run(shop, execute_a_run):
    return execute_a_run(shop, k=5)


@pytest.fixture
def cluster(run):
    return run.clusters.select_related("segment").first()


@pytest.fixture
def segment(cluster):
    return cluster.segment


@pytest.fixture
def other(segment):
    return Segment.objects.exclude(pk=segment.pk).first()


def edit_address(segment) -> str:
    return reverse("segmentation:segment-edit", args=[segment.segmentation_id, segment.pk])


def rename_address(cluster) -> str:
    return reverse("segmentation:segment-rename", args=[cluster.run_id, cluster.number])


# ---- On a separate page ------------------------------------------------------------------------------------


def test_name_look_and_notes_of_a_segment_are_changed(analyst_client, segment):
    answer = analyst_client.post(
        edit_address(segment), {"name": "  Young   savers ", "colour": 30, "notes": "Mail on Thursdays."}
    )
    assert answer.url == segment.segmentation.get_absolute_url()
    changed = Segment.objects.get(pk=segment.pk)
    assert (changed.name, changed.colour, changed.notes) == ("Young savers", 30, "Mail on Thursdays.")
    event = AuditEvent.objects.get(action="changed a segment")
    assert event.details == {"before": {"name": segment.name, "colour": segment.colour, "notes": ""}}


def test_two_segments_swap_looks(analyst_client, segment, other):
    analyst_client.post(edit_address(segment), {"name": segment.name, "colour": other.colour})
    assert Segment.objects.get(pk=segment.pk).colour == other.colour
    assert Segment.objects.get(pk=other.pk).colour == segment.colour


def test_a_retired_segment_takes_nobodys_look_away(analyst_client, segment, other):
    Segment.objects.filter(pk=segment.pk).update(retired_at=segment.created_at)
    analyst_client.post(edit_address(segment), {"name": segment.name, "colour": other.colour})
    assert Segment.objects.get(pk=other.pk).colour == other.colour


def test_a_wrong_edit_is_shown_again_with_the_reason(analyst_client, segment, other):
    page = analyst_client.post(edit_address(segment), {"name": other.name, "colour": 99, "notes": "Not lost"})
    text = page.content.decode()
    assert f"Another segment here is already called “{other.name}”." in text
    assert "99 is not one of the available choices" in text
    assert "Not lost</textarea>" in text
    assert Segment.objects.get(pk=segment.pk).name == segment.name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (" ", "Give the segment a name."),
        ("x" * 101, "This name has 101 characters; at most 100 are allowed."),
    ],
)
def test_no_name_and_one_too_long_are_refused_in_words(analyst_client, segment, name, said):
    page = analyst_client.post(edit_address(segment), {"name": name}).content.decode()
    assert said in page
    assert Segment.objects.get(pk=segment.pk).name == segment.name


def test_the_limit_of_a_name_is_said_and_no_browser_cuts_it(analyst_client, cluster):
    limit = Segment._meta.get_field("name").max_length
    pages = [
        analyst_client.get(address).content.decode()
        for address in (
            edit_address(cluster.segment),
            cluster.get_absolute_url(),
            cluster.run.get_absolute_url(),
        )
    ]
    assert all(f"At most {limit} characters." in page for page in pages)
    assert not any('maxlength="100"' in page for page in pages)


def test_an_edit_that_changes_nothing_leaves_no_trace(analyst_client, segment):
    analyst_client.post(edit_address(segment), {"name": segment.name, "colour": segment.colour})
    assert not AuditEvent.objects.filter(action="changed a segment").exists()


def test_a_segment_of_another_segmentation_is_not_found(analyst_client, segment):
    address = reverse("segmentation:segment-edit", args=[segment.segmentation_id + 1, segment.pk])
    assert analyst_client.get(address).status_code == 404


# ---- In place ----------------------------------------------------------------------------------------------


def test_name_and_notes_are_changed_in_place_and_recorded(analyst_client, run):
    address = reverse("segmentation:segment-rename", args=[run.pk, 2])
    colour = run.clusters.get(number=2).segment.colour
    answer = analyst_client.post(address, {"name": "Regulars", "notes": "Call them.\nIn May.", "back": "run"})
    assert answer.url == f"{run.get_absolute_url()}#segment-2"
    segment = run.clusters.get(number=2).segment
    assert (segment.name, segment.notes, segment.colour) == ("Regulars", "Call them.\nIn May.", colour)
    assert AuditEvent.objects.get(action="changed a segment").details["before"].keys() == {"name", "notes"}
    assert "Call them.<br>In May." in analyst_client.get(run.get_absolute_url()).content.decode()


def test_from_the_segments_own_page_it_leads_back_there(analyst_client, cluster):
    answer = analyst_client.post(rename_address(cluster), {"name": "Regulars"})
    assert answer.url == cluster.get_absolute_url()


def test_a_field_that_is_not_sent_stays_as_it_is(analyst_client, cluster):
    Segment.objects.filter(pk=cluster.segment_id).update(notes="Keep")
    analyst_client.post(rename_address(cluster), {"name": "Other"})
    segment = Segment.objects.get(pk=cluster.segment_id)
    assert (segment.name, segment.notes, segment.colour) == ("Other", "Keep", cluster.segment.colour)


def test_a_wrong_name_in_place_is_shown_again_and_leads_back_to_where_it_came_from(
    analyst_client, cluster, other
):
    fields = {"name": other.name, "notes": "Not lost", "back": "run"}
    page = analyst_client.post(rename_address(cluster), fields).content.decode()
    assert "is already called" in page
    assert "Not lost" in page
    assert f'href="{cluster.run.get_absolute_url()}#segment-{cluster.number}">Cancel' in page
    assert not Segment.objects.filter(notes="Not lost").exists()


def test_a_viewer_does_not_rename(viewer_client, cluster):
    assert viewer_client.post(rename_address(cluster), {"name": "Mine"}).status_code == 403


# ---- While others edit too ---------------------------------------------------------------------------------


@pytest.mark.parametrize("address_of", [edit_address, rename_address])
def test_who_changes_a_name_alone_leaves_the_notes_that_somebody_wrote_meanwhile(
    analyst_client, cluster, address_of
):
    address = address_of(cluster if address_of is rename_address else cluster.segment)
    Segment.objects.filter(pk=cluster.segment_id).update(notes="Written meanwhile.")
    analyst_client.post(address, {"name": "Regulars", "notes": "Old.", "seen_notes": "Old."})
    segment = Segment.objects.get(pk=cluster.segment_id)
    assert (segment.name, segment.notes) == ("Regulars", "Written meanwhile.")
    page = analyst_client.post(address, {"notes": "New.", "seen_notes": "Old."}).content.decode()
    assert "Somebody else has changed the notes meanwhile, to: “Written meanwhile.”" in page
    assert "New.</textarea>" in page
    assert Segment.objects.get(pk=cluster.segment_id).notes == "Written meanwhile."
    analyst_client.post(address, {"notes": "New.", "seen_notes": "Written meanwhile."})
    assert Segment.objects.get(pk=cluster.segment_id).notes == "New."


@pytest.fixture
def beside(wait_until):
    """Let `act` wait for a lock on another connection, which does `meanwhile` before releasing it."""

    def do(lock, act, meanwhile):
        def close_after():
            try:
                return act()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                lock()
                acting = pool.submit(close_after)
                wait_until(somebody_waits)
                meanwhile()
            return acting.result(30)

    return do


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0


def lock_segmentation(segment):
    Segmentation.objects.select_for_update().get(pk=segment.segmentation_id)


@pytest.mark.parametrize("address_of", [edit_address, rename_address])
def test_what_a_run_decides_while_somebody_edits_stays(analyst_client, cluster, address_of, beside):
    segment = cluster.segment
    address = address_of(cluster if address_of is rename_address else segment)
    answer = beside(
        lock=lambda: lock_segmentation(segment),
        act=lambda: analyst_client.post(address, {"name": "Young savers"}),
        meanwhile=lambda: Segment.objects.filter(pk=segment.pk).update(retired_at=Now(), colour=40),
    )
    assert answer.status_code == 302
    changed = Segment.objects.get(pk=segment.pk)
    assert (changed.name, changed.colour) == ("Young savers", 40)
    assert changed.retired_at is not None


@pytest.mark.parametrize("address_of", [edit_address, rename_address])
def test_a_name_that_is_taken_at_the_very_moment_gives_a_sentence(
    analyst_client, cluster, other, address_of, beside
):
    address = address_of(cluster if address_of is rename_address else cluster.segment)
    answer = beside(
        lock=lambda: lock_segmentation(other),
        act=lambda: analyst_client.post(address, {"name": "Regulars"}),
        meanwhile=lambda: Segment.objects.filter(pk=other.pk).update(name="Regulars"),
    )
    assert "Another segment here is already called “Regulars”." in answer.content.decode()
    assert Segment.objects.get(pk=cluster.segment_id).name == cluster.segment.name


def test_a_segment_that_is_deleted_at_the_very_moment_is_not_found(analyst_client, run, segment, beside):
    def delete():
        run.clusters.filter(segment=segment).delete()
        Segment.objects.filter(pk=segment.pk).delete()

    answer = beside(
        lock=lambda: lock_segmentation(segment),
        act=lambda: analyst_client.post(edit_address(segment), {"name": "Late"}),
        meanwhile=delete,
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("address_of", [edit_address, rename_address])
def test_one_of_six_renames_at_once_is_saved_and_five_are_told_what_it_is_called(
    analyst, cluster, address_of, together
):
    address = address_of(cluster if address_of is rename_address else cluster.segment)
    answers = together(*[partial(log_in(analyst).post, address, {"name": f"Name {n}"}) for n in range(6)])
    now = Segment.objects.get(pk=cluster.segment_id).name
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [302]
    for number, answer in enumerate(answers):
        if answer.status_code == 200:
            page = answer.content.decode()
            assert f"Somebody else has changed the name to “{now}” meanwhile." in page
            assert f'value="Name {number}"' in page
            assert f'name="seen_name" value="{now}"' in page
    assert AuditEvent.objects.filter(action="changed a segment").count() == 1


def test_saving_once_more_replaces_what_somebody_else_wrote(analyst_client, segment):
    Segment.objects.filter(pk=segment.pk).update(name="Theirs")
    mine = {"name": "Mine", "seen_name": segment.name}
    page = analyst_client.post(edit_address(segment), mine)
    seen = page.context["form"].initial["name"]
    analyst_client.post(edit_address(segment), mine | {"seen_name": seen})
    assert Segment.objects.get(pk=segment.pk).name == "Mine"


def test_one_of_six_renames_of_a_segmentation_at_once_is_saved(analyst, run, together):
    address = reverse("segmentation:segmentation-rename", args=[run.segmentation_id])
    answers = together(*[partial(log_in(analyst).post, address, {"name": f"Name {n}"}) for n in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [302]
    assert AuditEvent.objects.filter(action="renamed a segmentation").count() == 1


def test_only_what_is_given_is_written(segment):
    stale = Segment.objects.get(pk=segment.pk)
    Segment.objects.filter(pk=segment.pk).update(retired_at=Now())
    assert edit_segment(stale, name="Young savers") == {"name": segment.name}
    assert Segment.objects.get(pk=segment.pk).retired_at is not None


# ---- Segmentations -----------------------------------------------------------------------------------------


def test_a_segmentation_is_renamed(analyst_client, run):
    address = reverse("segmentation:segmentation-rename", args=[run.segmentation_id])
    page = analyst_client.get(address).content.decode()
    assert "Income" in page
    assert "At most 200 characters." in page
    analyst_client.post(address, {"name": "Spring  campaign"})
    run.segmentation.refresh_from_db()
    assert run.segmentation.name == "Spring campaign"
    assert AuditEvent.objects.get(action="renamed a segmentation").details == {"before": "Income × Score"}


def test_two_segmentations_of_a_dataset_never_share_a_name(analyst_client, run, shop, execute_a_run):
    other = execute_a_run(shop, k=2, features=["Income"]).segmentation
    address = reverse("segmentation:segmentation-rename", args=[run.segmentation_id])
    page = analyst_client.post(address, {"name": other.name}).content.decode()
    assert "is already called “Income”" in page
    assert "Rename Income × Score" in page


def test_a_name_that_a_new_segmentation_takes_at_the_very_moment_gives_a_sentence(
    analyst_client, run, shop, beside
):
    recipe = {"dataset": shop, "features": [shop.attributes.first().pk]}
    answer = beside(
        lock=lambda: type(shop).objects.select_for_update(no_key=True).get(pk=shop.pk),
        act=lambda: analyst_client.post(
            reverse("segmentation:segmentation-rename", args=[run.segmentation_id]), {"name": "Spring"}
        ),
        meanwhile=lambda: Segmentation.objects.create(name="Spring", **recipe),
    )
    assert "is already called “Spring”" in answer.content.decode()
