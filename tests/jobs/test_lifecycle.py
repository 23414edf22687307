"""Each transition is one conditional UPDATE: whoever changes no row has lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction

from jobs import failures, lifecycle
from jobs.errors import JobAlreadyActive, JobCancelled, JobRefusedError, JobSuperseded
from jobs.failures import Failure, Reason
from jobs.models import Job

pytestmark = pytest.mark.django_db

EMPTY = Failure(Reason.REFUSED, "The file is empty.")


def make_job(**values: object) -> Job:
    return Job.objects.create(kind="run", **values)


def test_a_job_is_claimed_once(job):
    assert lifecycle.claim(job.pk) == 1
    assert lifecycle.claim(job.pk) is None


def test_a_claim_records_worker_start_and_deadline(job, settings):
    settings.JOB_TIME_LIMIT_SECONDS, settings.JOB_TIME_GRACE_SECONDS = 100, 20
    lifecycle.claim(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert job.worker
    assert job.started_at == job.heartbeat_at
    assert (job.deadline_at - job.started_at).total_seconds() == 120


def test_success_ends_the_job(claimed):
    job, attempt = claimed
    lifecycle.succeed(job.pk, attempt)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert job.finished_at is not None


def test_failure_keeps_the_reason(claimed):
    job, attempt = claimed
    assert lifecycle.fail(job.pk, attempt, EMPTY)
    job.refresh_from_db()
    assert (job.state, job.failure, job.error) == (Job.State.FAILED, "refused", "The file is empty.")


def test_a_finished_job_never_changes_by_itself(claimed, state_of):
    job, attempt = claimed
    lifecycle.succeed(job.pk, attempt)
    assert not lifecycle.fail(job.pk, attempt, EMPTY)
    assert not lifecycle.give_back(job.pk, attempt)
    assert not lifecycle.request_cancel(job.pk)
    assert not lifecycle.retry(job.pk)
    assert lifecycle.claim(job.pk) is None
    assert state_of(job) == Job.State.SUCCEEDED


# ---- Cancelling --------------------------------------------------------------------------------------------


def test_a_queued_job_is_cancelled_at_once(job, state_of):
    assert lifecycle.request_cancel(job.pk)
    assert state_of(job) == Job.State.CANCELLED
    assert lifecycle.claim(job.pk) is None


def test_a_running_job_is_asked_to_stop_and_cannot_succeed(claimed, state_of):
    job, attempt = claimed
    assert lifecycle.request_cancel(job.pk)
    assert state_of(job) == Job.State.RUNNING
    with pytest.raises(JobCancelled):
        lifecycle.succeed(job.pk, attempt)
    assert lifecycle.finish_cancelled(job.pk, attempt)


# ---- Requeueing and retrying -------------------------------------------------------------------------------


def test_a_requeued_job_belongs_only_to_its_next_attempt(claimed):
    job, first = claimed
    assert lifecycle.give_back(job.pk, first)
    second = lifecycle.claim(job.pk)
    assert second == first + 1
    with pytest.raises(JobSuperseded):
        lifecycle.succeed(job.pk, first)
    assert not lifecycle.fail(job.pk, first, EMPTY)
    lifecycle.succeed(job.pk, second)


def test_losing_the_database_on_the_last_attempt_fails_the_job(job, settings):
    for _ in range(settings.JOB_MAX_ATTEMPTS):
        assert lifecycle.give_back(job.pk, lifecycle.claim(job.pk))
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, Reason.DATABASE_GONE)


def test_a_retried_job_gets_a_fresh_set_of_attempts(claimed, settings, analyst, sent):
    job, attempt = claimed
    lifecycle.fail(job.pk, attempt, failures.out_of_memory())
    assert lifecycle.retry(job.pk, analyst)
    job.refresh_from_db()
    assert (job.state, job.error, job.created_by) == (Job.State.QUEUED, "", analyst)
    assert job.attempt_limit == attempt + settings.JOB_MAX_ATTEMPTS
    assert lifecycle.claim(job.pk) == attempt + 1


def test_a_refused_job_cannot_be_retried(claimed, state_of):
    job, attempt = claimed
    lifecycle.fail(job.pk, attempt, EMPTY)
    assert not lifecycle.retry(job.pk)
    assert state_of(job) == Job.State.FAILED


def test_a_failed_job_is_not_retried_while_the_same_work_is_active():
    old = make_job(key="run 1")
    lifecycle.fail(old.pk, lifecycle.claim(old.pk), failures.out_of_memory())
    new = lifecycle.create_job("run", key="run 1")
    with pytest.raises(JobAlreadyActive) as found:
        lifecycle.retry(old.pk)
    assert found.value.job == new


# ---- One per key, one at a time per lane, a limit per person -----------------------------------------------


def test_the_same_work_is_queued_only_once_until_it_ends():
    first = lifecycle.create_job("run", key="run 1")
    with pytest.raises(JobAlreadyActive) as found:
        lifecycle.create_job("run", key="run 1")
    assert found.value.job == first
    lifecycle.request_cancel(first.pk)
    assert lifecycle.create_job("run", key="run 1") != first


def test_jobs_without_a_key_are_all_different():
    assert lifecycle.create_job("run") != lifecycle.create_job("run")


def at_once(times: int, act: Callable[[], object]) -> list[object]:
    """The results of doing something several times at the same moment, each on its own connection."""
    barrier = threading.Barrier(times)

    def do() -> object:
        barrier.wait(30)
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(do) for _ in range(times)]]


@pytest.mark.django_db(transaction=True)
def test_ten_simultaneous_clicks_create_one_job(sent):
    def click() -> int:
        try:
            return lifecycle.create_job("run", key="run 1").pk
        except JobAlreadyActive as active:
            return active.job.pk

    assert set(at_once(10, click)) == {Job.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_ten_simultaneous_requests_stay_within_the_limit_per_person(analyst, settings, sent):
    settings.JOB_MAX_ACTIVE_PER_USER = 3

    def ask() -> bool:
        try:
            return bool(lifecycle.create_job("run", analyst))
        except JobRefusedError:
            return False

    assert at_once(10, ask).count(True) == 3


def test_jobs_in_a_lane_are_claimed_one_at_a_time_oldest_first():
    first, second = make_job(lane="shop"), make_job(lane="shop")
    assert lifecycle.claim(second.pk) is None
    attempt = lifecycle.claim(first.pk)
    assert lifecycle.claim(second.pk) is None
    lifecycle.succeed(first.pk, attempt)
    assert lifecycle.claim(second.pk) == 1


def test_lanes_do_not_wait_for_each_other():
    jobs = make_job(lane="shop"), make_job(lane="other"), make_job(), make_job()
    assert [lifecycle.claim(job.pk) for job in jobs] == [1, 1, 1, 1]


@pytest.mark.parametrize("end", ["succeed", "cancel", "fail"])
def test_the_next_job_in_a_lane_is_sent_when_one_ends(end, sent, django_capture_on_commit_callbacks):
    first, second = make_job(lane="shop"), make_job(lane="shop")
    attempt = lifecycle.claim(first.pk)
    with django_capture_on_commit_callbacks(execute=True):
        if end == "succeed":
            lifecycle.succeed(first.pk, attempt)
        elif end == "fail":
            lifecycle.fail(first.pk, attempt, EMPTY)
        else:
            lifecycle.finish_cancelled(first.pk, attempt)
    assert sent == [second.pk]


def test_active_jobs_per_person_are_limited(analyst, viewer, settings):
    settings.JOB_MAX_ACTIVE_PER_USER = 2
    first, _ = lifecycle.create_job("run", analyst), lifecycle.create_job("run", analyst)
    with pytest.raises(JobRefusedError, match="You already have 2 imports, runs and exports"):
        lifecycle.create_job("run", analyst)
    assert lifecycle.create_job("run", viewer)
    lifecycle.request_cancel(first.pk)
    assert lifecycle.create_job("run", analyst)


def test_jobs_without_a_person_are_not_limited(settings):
    settings.JOB_MAX_ACTIVE_PER_USER = 1
    assert all(lifecycle.create_job("run", user) for user in (None, AnonymousUser(), None))


# ---- The foreground ----------------------------------------------------------------------------------------


def test_no_message_is_sent_for_a_foreground_job(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = lifecycle.create_foreground_job("run")
    assert sent == []
    lifecycle.claim(job.pk)
    job.refresh_from_db()
    assert job.deadline_at is None


def test_the_message_is_sent_when_the_transaction_commits(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        job = lifecycle.create_job("run")
        assert sent == []
    assert sent == [job.pk]
