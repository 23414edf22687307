"""Executing a job: its heartbeat, its progress and every way it can end."""

import errno
import threading
from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.db.utils import InterfaceError

from jobs import lifecycle
from jobs.errors import JobError
from jobs.failures import Reason
from jobs.models import Job
from jobs.worker.claim import Claim
from jobs.worker.execution import execute

# The heartbeat has a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def test_work_that_publishes_succeeds(job):
    execute(job.pk, Claim.succeed)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED


def test_work_is_done_once(job):
    times = []
    for _ in range(2):
        execute(job.pk, lambda claim: (times.append(1), claim.succeed()))
    assert times == [1]


def test_a_refusal_ends_the_job_with_its_sentence(job):
    def work(claim: Claim) -> None:
        raise JobError("“Age” is the same for everybody.")

    execute(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, "“Age” is the same for everybody.")


def test_an_unexpected_error_gives_a_general_sentence_and_is_raised_again(job):
    with pytest.raises(ZeroDivisionError):
        execute(job.pk, lambda claim: 1 // 0)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "went wrong on our side" in job.error
    assert "division" not in job.error


def test_progress_is_seen_while_the_work_goes_on(job, wait_until):
    def work(claim: Claim) -> None:
        claim.report("Elbow sweep", 3, 10)
        wait_until(lambda: Job.objects.get(pk=job.pk).stage == "Elbow sweep", seconds=10)
        seen.append(Job.objects.get(pk=job.pk).percent)
        claim.succeed()

    seen: list[int | None] = []
    execute(job.pk, work)
    assert seen == [30]


def test_a_cancellation_reaches_the_work(job, wait_until):
    def work(claim: Claim) -> None:
        lifecycle.request_cancel(job.pk)
        wait_until(claim.check, seconds=10)

    execute(job.pk, work)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_work_that_was_superseded_stops_and_writes_nothing(job, wait_until):
    def work(claim: Claim) -> None:
        Job.objects.filter(pk=job.pk).update(attempt=claim.attempt + 1)
        wait_until(claim.check, seconds=10)

    execute(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.RUNNING, 2)


def test_the_heartbeat_survives_a_lost_connection(job, settings, wait_until):
    settings.JOB_HEARTBEAT_SECONDS = 0.1

    def work(claim: Claim) -> None:
        before = Job.objects.get(pk=job.pk).heartbeat_at
        end_sessions("%jobs_job%")
        wait_until(lambda: Job.objects.get(pk=job.pk).heartbeat_at > before, seconds=20)
        claim.succeed()

    execute(job.pk, work)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED


def end_sessions(query: str) -> None:
    """Close all other connections to the test database whose last statement was like this."""
    statement = """
        SELECT pg_terminate_backend(pid)
          FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND datname = current_database() AND query LIKE %s
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [query])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), Reason.OUT_OF_MEMORY),
        (SoftTimeLimitExceeded(), Reason.TIMED_OUT),
        (OSError(errno.ENOSPC, "No space left on device"), Reason.DISK_FULL),
    ],
)
def test_known_errors_are_explained(job, error, reason):
    def work(claim: Claim) -> None:
        raise error

    execute(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, reason)
    assert "Nothing was changed." in job.error


@pytest.mark.parametrize("size", [3 * 1024**3, 1024**4])
def test_a_matrix_beyond_the_memory_limit_ends_the_job_and_not_the_process(job, settings, size):
    settings.JOB_MEMORY_BYTES = 2 * 1024**3
    execute(job.pk, lambda claim: np.empty(size, dtype=np.uint8))
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, Reason.OUT_OF_MEMORY)
    assert "the limit is 2 GB" in job.error
    assert len(np.empty(3 * 1024**3, dtype=np.uint8))  # afterwards it is this process's own affair again


def test_a_lost_connection_requeues_the_job(job, sent):
    def work(claim: Claim) -> None:
        connection.close()
        connection.ensure_connection()
        connection.connection.close()
        Job.objects.count()

    execute(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.QUEUED, 1)
    assert sent == [job.pk]


@pytest.mark.parametrize(
    ("error", "state", "failure"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), Job.State.QUEUED, ""),
        (psycopg.errors.DiskFull("could not extend file"), Job.State.FAILED, Reason.DISK_FULL),
    ],
)
def test_errors_raised_by_the_driver_are_understood(job, sent, error, state, failure):
    def work(claim: Claim) -> None:
        raise error

    execute(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.failure) == (state, failure)


def test_cancelling_a_job_cancels_its_long_copy(job):
    def work(claim: Claim) -> None:
        lifecycle.request_cancel(job.pk)
        with connection.cursor() as cursor, cursor.copy("COPY (SELECT pg_sleep(60)) TO STDOUT") as copy:
            copy.read()

    execute(job.pk, work)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_work_that_fails_while_reading_a_copy_fails_at_once(job):
    def rows() -> Iterator[bytes]:
        statement = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 100000)) TO STDOUT"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            yield from map(bytes, copy)

    def work(claim: Claim) -> None:
        for _ in rows():
            raise OSError(errno.ENOSPC, "No space left on device")

    execute(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, Reason.DISK_FULL)


def test_published_work_is_not_interrupted(job, settings):
    def work(claim: Claim) -> None:
        claim.succeed()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(4)")
        tidied.append(True)

    tidied: list[bool] = []
    execute(job.pk, work)
    assert tidied


def test_if_the_database_stays_away_recovery_handles_the_job(job, settings, monkeypatch):
    settings.JOB_STALE_SECONDS = 0.1

    def gone(job_id: int, attempt: int) -> bool:
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(lifecycle, "give_back", gone)

    def work(claim: Claim) -> None:
        raise InterfaceError("connection already closed")

    with pytest.raises(InterfaceError):
        execute(job.pk, work)
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING


def test_cancelling_a_job_cancels_its_long_statement(job):
    def work(claim: Claim) -> None:
        lifecycle.request_cancel(job.pk)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    execute(job.pk, work)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert (job.finished_at - job.cancel_requested_at).total_seconds() < 10


def test_an_interrupted_command_leaves_a_cancelled_job():
    job = lifecycle.create_foreground_job("run")

    def work(claim: Claim) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(job.pk, work)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_a_command_interrupted_while_it_waits_for_its_turn_leaves_a_cancelled_job(monkeypatch, state_of):
    Job.objects.create(kind="run", lane="shop")
    second = lifecycle.create_foreground_job("run", lane="shop")

    def interrupt(job_id: int) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(lifecycle, "wait_for_turn", interrupt)
    with pytest.raises(KeyboardInterrupt):
        execute(second.pk, Claim.succeed)
    assert state_of(second) == Job.State.CANCELLED


def test_a_waiting_command_recovers_a_lost_job_without_a_worker(let_it_go_silent, state_of):
    lost = lifecycle.create_foreground_job("run", lane="shop")
    lifecycle.claim(lost.pk)
    let_it_go_silent(lost)
    second = lifecycle.create_foreground_job("run", lane="shop")
    execute(second.pk, Claim.succeed)
    assert (state_of(lost), state_of(second)) == (Job.State.FAILED, Job.State.SUCCEEDED)


def test_a_command_waits_for_its_turn():
    first = Job.objects.create(kind="run", lane="shop")
    second = lifecycle.create_foreground_job("run", lane="shop")
    threading.Timer(0.5, lambda: (lifecycle.request_cancel(first.pk), connection.close())).start()
    execute(second.pk, Claim.succeed)
    second.refresh_from_db()
    assert second.state == Job.State.SUCCEEDED
