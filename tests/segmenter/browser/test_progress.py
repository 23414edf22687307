"""What people see of a running job: progress, a stall, a cancellation, and never a premature end."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from playwright.sync_api import expect

from jobs import lifecycle
from jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def running(db: None, settings) -> Job:
    """A half-done job whose worker has just reported; the test has time."""
    settings.JOB_STALE_SECONDS = 600
    job = Job.objects.create(kind="run", title="Age × Income", sent_at=Now())
    lifecycle.claim(job.pk)
    tell(job, stage="reading the customers", done=500, total=1000)
    return job


def tell(job: Job, **values: object) -> None:
    Job.objects.filter(pk=job.pk).update(**{"heartbeat_at": Now(), **values})


def test_progress_moves_and_is_announced_and_the_end_shows_by_itself(page, log_in, running):
    log_in(page)
    page.goto(running.get_absolute_url())
    expect(page.get_by_role("heading", name="Reading the customers")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "50")
    assert page.locator("main section").first.bounding_box()["height"] > 100  # the whole page
    tell(running, done=800)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "80")
    expect(page.locator("#progress-announcement")).to_have_text("reading the customers: 80 percent")
    lifecycle.succeed(running.pk, 1)
    expect(page.get_by_text("This job succeeded.")).to_be_visible()


@pytest.mark.parametrize("place", ["", "#progress-stage"])
def test_without_script_the_page_is_loaded_again_wherever_it_was_opened(open_context, log_in, running, place):
    page = open_context(java_script_enabled=False).new_page()
    log_in(page)
    page.goto(f"{running.get_absolute_url()}{place}")
    expect(page.get_by_role("heading", name="Reading the customers")).to_be_visible()
    lifecycle.succeed(running.pk, 1)
    expect(page.get_by_text("This job succeeded.")).to_be_visible(timeout=20_000)


def test_a_stall_appears_by_itself_and_ends_when_the_worker_reports_again(page, log_in, running):
    log_in(page)
    page.goto(running.get_absolute_url())
    tell(running, heartbeat_at=Now() - timedelta(minutes=20))
    expect(page.get_by_role("heading", name="Stalled")).to_be_visible()
    expect(page.get_by_text("Its worker has not responded for 20 minutes")).to_be_visible()
    tell(running)
    expect(page.get_by_role("heading", name="Reading the customers")).to_be_visible()


def test_cancelling_is_shown_until_it_is_done(page, log_in, running):
    log_in(page)
    page.goto(running.get_absolute_url())
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Cancelling")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    lifecycle.finish_cancelled(running.pk, 1)
    expect(page.get_by_text("This job was cancelled.")).to_be_visible()


@pytest.mark.parametrize("accident", ["no answer", "an error"])
def test_the_page_keeps_polling_after_the_server_was_away(browser, live_server, log_in, running, accident):
    page = browser.new_context(base_url=live_server.url).new_page()  # its console may show errors
    log_in(page)
    page.goto(running.get_absolute_url())
    missed = []

    def fail(route) -> None:
        missed.append(route.request.url)
        route.abort() if accident == "no answer" else route.fulfill(status=502)

    page.route("**/progress/**", fail, times=1)
    tell(running, done=900)
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "90")
    assert len(missed) == 1
    page.context.close()


def test_the_list_of_jobs_refreshes_itself(page, log_in, running):
    log_in(page)
    page.goto("/jobs/")
    expect(page.get_by_text("Reading the customers, 50 %")).to_be_visible()
    lifecycle.succeed(running.pk, 1)
    expect(page.locator("table.jobs .state", has_text="succeeded")).to_be_visible()
    expect(page.get_by_role("link", name="Running 0")).to_be_visible()
