"""Messages may be lost, repeated or late: the rows make sure that they are sent."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import dispatch, lifecycle
from jobs.models import Job

pytestmark = pytest.mark.django_db

LONG = timedelta(minutes=5)


def make_job(**values: object) -> Job:
    return Job.objects.create(kind="run", **values)


def test_an_unclaimed_job_is_sent_again_after_a_while(sent):
    job = make_job(sent_at=Now())
    assert dispatch.resend_queued() == 0
    Job.objects.filter(pk=job.pk).update(sent_at=Now() - LONG)
    assert dispatch.resend_queued() == 1
    assert sent == [job.pk]
    assert dispatch.resend_queued() == 0


def test_jobs_that_were_never_sent_come_first_and_the_queue_is_not_flooded(sent, monkeypatch):
    monkeypatch.setattr(dispatch, "RESEND_LIMIT", 2)
    old, older, never = (
        make_job(queued_at=Now() - LONG, sent_at=sent_at)
        for sent_at in (Now() - LONG, Now() - 2 * LONG, None)
    )
    assert dispatch.resend_queued() == 2
    assert sent == [never.pk, older.pk]
    assert dispatch.resend_queued() == 1
    assert sent[-1] == old.pk


def test_only_queued_jobs_for_workers_are_sent(sent):
    cancelled, in_foreground = make_job(), lifecycle.create_foreground_job("run")
    lifecycle.request_cancel(cancelled.pk)
    Job.objects.update(queued_at=Now() - LONG)
    assert dispatch.resend_queued() == 0
    dispatch.send(cancelled.pk)
    dispatch.send(in_foreground.pk)
    assert sent == []


def test_a_broker_that_is_down_loses_no_job(settings, monkeypatch, django_capture_on_commit_callbacks):
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis+socket:///nowhere/valkey.sock")
    with django_capture_on_commit_callbacks(execute=True):
        job = lifecycle.create_job("run")
    job.refresh_from_db()
    assert (job.state, job.sent_at) == (Job.State.QUEUED, None)


def test_a_broker_that_is_down_is_tried_once_per_round(monkeypatch):
    asked = []
    monkeypatch.setattr(dispatch, "send_message", lambda task, job_id: asked.append(job_id) or False)
    for _ in range(3):
        make_job(queued_at=Now() - LONG)
    assert dispatch.resend_queued() == 0
    assert len(asked) == 1
