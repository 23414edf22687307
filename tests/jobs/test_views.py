"""The jobs page, the progress partial, cancelling and retrying, and the banner."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from jobs import failures, lifecycle
from jobs.models import Job, Process
from jobs.templatetags.jobs import duration
from tests.fixtures.people import log_in

pytestmark = pytest.mark.django_db

LIST = reverse("jobs:job-list")


@pytest.fixture
def failed(claimed):
    job, attempt = claimed
    lifecycle.fail(job.pk, attempt, failures.out_of_memory())
    job.refresh_from_db()
    return job


def make_job(**values: object) -> Job:
    return Job.objects.create(kind="run", **values)


def recorded() -> list[tuple[object, ...]]:
    return list(AuditEvent.objects.values_list("action", "actor_name", "subject", "details"))


def test_the_page_shows_who_how_long_and_why(analyst_client, analyst, failed):
    Job.objects.filter(pk=failed.pk).update(created_by=analyst, title="Income × Score")
    page = analyst_client.get(LIST).content.decode()
    assert "Income × Score" in page
    assert "analyst" in page
    assert "Out of memory." in page
    assert "0 seconds" in page


def test_a_stalled_job_is_shown_and_listed_as_stalled(viewer_client, claimed, let_it_go_silent):
    let_it_go_silent(claimed[0])
    for state in ("", "stalled"):
        page = viewer_client.get(LIST, {"state": state}).content.decode()
        assert "It has not responded for 5 minutes" in page
    assert list(viewer_client.get(LIST, {"state": "running"}).context["page"]) == []


def test_the_page_filters_by_state_and_counts_each(viewer_client, failed):
    make_job()
    response = viewer_client.get(LIST, {"state": "failed"})
    assert list(response.context["page"]) == [failed]
    counts = {name: count for name, _, count in response.context["filters"]}
    assert (counts["queued"], counts["failed"]) == (1, 1)


def test_the_number_of_queries_does_not_grow_with_the_jobs(viewer_client):
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            viewer_client.get(LIST)
        return len(asked)

    make_job()
    viewer_client.get(LIST)
    for_one = questions()
    for number in range(30):
        make_job(title=f"run {number}", lane="shop", created_by=None)
    assert questions() == for_one


def test_recently_seen_workers_are_listed(viewer_client):
    Process.objects.create(role="worker", name="here:1")
    Process.objects.create(role="worker", name="gone:2", seen_at=Now() - timedelta(minutes=3))
    page = viewer_client.get(LIST).content.decode()
    assert "here:1" in page
    assert "3 minutes ago" in page
    assert page.count("not responding</span>") == 1


def test_only_people_with_permission_retry_a_failed_job(analyst_client, analyst, viewer_client, failed, sent):
    address = reverse("jobs:job-retry", args=[failed.pk])
    assert viewer_client.post(address).status_code == 403
    analyst_client.post(address)
    failed.refresh_from_db()
    assert (failed.state, failed.created_by) == (Job.State.QUEUED, analyst)
    analyst_client.post(address)  # there is nothing to retry any more
    assert recorded() == [("retried a job", "analyst", str(failed), {"job": failed.pk, "kind": failed.kind})]


def test_a_job_that_cannot_be_retried_has_no_button(analyst_client, failed):
    button = reverse("jobs:job-retry", args=[failed.pk])
    assert button in analyst_client.get(LIST).content.decode()
    Job.objects.update(failure="refused")
    assert button not in analyst_client.get(LIST).content.decode()


def test_only_people_with_permission_cancel_a_job(analyst_client, viewer_client, job, state_of):
    address = reverse("jobs:job-cancel", args=[job.pk])
    assert viewer_client.post(address).status_code == 403
    response = analyst_client.post(address, follow=True)
    assert state_of(job) == Job.State.CANCELLED
    assert "is being cancelled" in response.content.decode()
    analyst_client.post(address)  # it has ended
    assert recorded() == [("cancelled a job", "analyst", str(job), {"job": job.pk, "kind": job.kind})]


def test_a_job_whose_work_was_deleted_still_has_a_page(viewer_client, failed):
    page = viewer_client.get(failed.get_absolute_url())
    assert page.status_code == 200
    assert "has since been deleted" in page.content.decode()
    assert "out of memory" in page.content.decode()


def test_a_retried_job_has_waited_only_since_the_retry(failed, sent):
    Job.objects.filter(pk=failed.pk).update(created_at=Now() - timedelta(hours=2))
    lifecycle.retry(failed.pk)
    assert Job.objects.with_clock().get(pk=failed.pk).waited_seconds < 60


# ---- Progress ----------------------------------------------------------------------------------------------


def render_progress(job: Job) -> str:
    fetched = Job.objects.with_clock().get(pk=job.pk)
    return Template('{% include "jobs/_progress.html" %}').render(Context({"job": fetched}))


def test_progress_shows_stage_rate_and_time_left(claimed):
    job, _ = claimed
    Job.objects.filter(pk=job.pk).update(
        stage="bringing in",
        done=30_000,
        total=120_000,
        stage_started_at=Now() - timedelta(seconds=10),
        heartbeat_at=Now(),
    )
    text = render_progress(job)
    assert "Bringing in …" in text
    assert "30,000 of 120,000, 3,000 a second, about 30 seconds left" in text
    assert "bringing in: 20 percent" in text


def test_time_left_is_not_shown_before_it_is_known(claimed):
    job, _ = claimed
    Job.objects.filter(pk=job.pk).update(stage="x", done=1, total=100, stage_started_at=Now())
    assert "left" not in render_progress(job)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"sent_at": Now()}, "Waiting for a worker"),
        ({"sent_at": None}, "waiting for the queue"),
        ({"in_foreground": True}, "Waiting for a worker"),
    ],
)
def test_a_queued_job_says_what_it_waits_for(values, expected):
    assert expected in render_progress(make_job(**values))


def test_a_job_of_a_busy_lane_waits_for_its_turn():
    make_job(lane="shop")
    assert "Waiting for its turn" in render_progress(make_job(lane="shop", sent_at=Now()))


@pytest.mark.parametrize(("age", "pause"), [(0, 2), (60, 5), (3600, 10)])
def test_the_page_refreshes_less_and_less_often(job, age, pause):
    Job.objects.filter(pk=job.pk).update(queued_at=Now() - timedelta(seconds=age))
    assert Job.objects.with_clock().get(pk=job.pk).refresh_seconds == pause
    assert f"delay:{pause}s" in render_progress(job)


def test_the_partial_announces_only_what_is_new(viewer_client, job):
    address = reverse("jobs:job-progress", args=[job.pk])
    first = viewer_client.get(address, {"said": ""})
    again = viewer_client.get(address, {"said": "Waiting for a worker"})
    assert "hx-swap-oob" in first.content.decode()
    assert "hx-swap-oob" not in again.content.decode()
    assert "HX-Refresh" not in first.headers


def test_the_partial_reloads_the_page_when_the_job_ends(viewer_client, failed):
    response = viewer_client.get(reverse("jobs:job-progress", args=[failed.pk]))
    assert response.headers["HX-Refresh"] == "true"


# ---- The banner --------------------------------------------------------------------------------------------


def render_banner() -> str:
    return Template("{% load jobs %}{% workers_banner %}").render(Context())


def test_everybody_is_told_when_no_worker_is_alive():
    assert "No worker is running" in render_banner()
    worker = Process.objects.create(role="worker", name="here:1")
    assert "No worker" not in render_banner()
    Process.objects.filter(pk=worker.pk).update(seen_at=Now() - timedelta(minutes=1))
    assert "No worker is running" in render_banner()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 seconds"),
        (1, "1 second"),
        (89, "89 seconds"),
        (150, "2 minutes"),
        (7500, "2 h 5 min"),
        (260_000, "3 days"),
    ],
)
def test_durations_are_written_in_words(seconds, words):
    assert duration(seconds) == words


def test_of_two_who_retry_a_job_one_is_told_that_it_is_queued_already(analyst, together):
    job = Job.objects.create(
        kind="run", state="failed", failure="unexpected", error="No.", finished_at=Now(), attempt=1
    )
    retry = reverse("jobs:job-retry", args=[job.pk])
    clients = [log_in(analyst) for _ in range(2)]
    together(*[partial(client.post, retry) for client in clients])
    pages = [client.get(reverse("jobs:job-list")).content.decode() for client in clients]
    assert sum("has been queued again" in page for page in pages) == 1
    assert sum("Somebody else has already queued this job again" in page for page in pages) == 1
