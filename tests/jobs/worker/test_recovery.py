"""Attempts that go silent, hang or take too long are given up, by the database's clock."""

import contextlib
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.errors import JobSuperseded
from jobs.failures import Reason
from jobs.models import Job
from jobs.worker import recovery
from jobs.worker.recovery import recover_stale, session_name

pytestmark = pytest.mark.django_db


def test_a_silent_job_goes_back_to_the_queue_and_its_first_worker_can_write_nothing(
    claimed, let_it_go_silent, sent, django_capture_on_commit_callbacks
):
    job, first = claimed
    let_it_go_silent(job)
    with django_capture_on_commit_callbacks(execute=True):
        assert recover_stale() == 1
    assert sent == [job.pk]
    second = lifecycle.claim(job.pk)
    with pytest.raises(JobSuperseded):
        lifecycle.succeed(job.pk, first)
    lifecycle.succeed(job.pk, second)


def test_a_job_silent_twice_has_failed_with_a_sentence(job, let_it_go_silent):
    for _ in range(2):
        lifecycle.claim(job.pk)
        let_it_go_silent(job)
        recover_stale()
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, Reason.WORKER_LOST)
    assert "out of memory" in job.error


def test_a_silent_job_that_should_stop_is_cancelled(claimed, let_it_go_silent, state_of):
    job, _ = claimed
    lifecycle.request_cancel(job.pk)
    let_it_go_silent(job)
    recover_stale()
    assert state_of(job) == Job.State.CANCELLED


def test_a_job_with_a_heartbeat_is_left_alone(claimed, state_of):
    assert recover_stale() == 0
    assert state_of(claimed[0]) == Job.State.RUNNING


def test_a_job_past_its_time_limit_fails_despite_its_heartbeat(claimed):
    job, _ = claimed
    Job.objects.filter(pk=job.pk).update(deadline_at=Now() - timedelta(seconds=1))
    assert recover_stale() == 1
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, Reason.TIMED_OUT)
    assert "the limit is 2 hours" in job.error


@pytest.mark.parametrize("is_claimed", [True, False])
def test_no_worker_takes_over_a_stopped_command(is_claimed, let_it_go_silent):
    job = lifecycle.create_foreground_job("run")
    if is_claimed:
        lifecycle.claim(job.pk)
    let_it_go_silent(job)
    assert recover_stale() == 1
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "Start it again" in job.error


def test_a_command_that_waits_for_its_turn_is_left_alone(let_it_go_silent, state_of):
    job = lifecycle.create_foreground_job("run")
    let_it_go_silent(job)
    assert lifecycle.wait_for_turn(job.pk)
    assert recover_stale() == 0
    assert state_of(job) == Job.State.QUEUED


@pytest.mark.django_db(transaction=True)
def test_an_attempt_that_has_just_reported_keeps_its_session(claimed, let_it_go_silent, monkeypatch, sent):
    job, attempt = claimed
    let_it_go_silent(job)
    give_up = recovery._give_up

    def hear_first(*arguments: object) -> bool:
        Job.objects.filter(pk=job.pk).update(heartbeat_at=Now())
        return give_up(*arguments)

    monkeypatch.setattr(recovery, "_give_up", hear_first)
    with contextlib.closing(own_session(session_name(job.pk, attempt))) as working:
        assert recover_stale() == 0
        working.execute("SELECT 1")


def own_session(name: str) -> psycopg.Connection:
    parameters = connection.get_connection_params()
    names = {"host", "port", "user", "password", "dbname"} & set(parameters)
    return psycopg.connect(**{key: parameters[key] for key in names}, application_name=name)


@pytest.mark.django_db(transaction=True)
def test_the_session_of_a_stopped_process_is_ended_even_if_it_locks_the_row(
    claimed, let_it_go_silent, state_of, sent
):
    job, attempt = claimed
    let_it_go_silent(job)
    with contextlib.closing(own_session(session_name(job.pk, attempt))) as stopped:
        stopped.execute("UPDATE jobs_job SET stage = 'publishing' WHERE id = %s", [job.pk])
        assert recover_stale() == 0
        assert recover_stale() == 1
        assert state_of(job) == Job.State.QUEUED
        with pytest.raises(psycopg.OperationalError):
            stopped.commit()
