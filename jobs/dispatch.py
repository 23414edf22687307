"""Telling the workers that a job is waiting. The row stays queued whether or not the message arrives."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from jobs.models import Job
from jobs.querysets import JobQuerySet

logger = logging.getLogger(__name__)

# Somebody may be waiting for the page: give up on a broker that does not answer within this time.
BROKER_TIMEOUT_SECONDS = 1.0
# How many messages one round sends again, oldest first, so that a long queue does not fill the broker with
# repeated messages.
RESEND_LIMIT = 20


def send_message(task: str, job_id: int) -> bool:
    """Send a message with the job's id; return whether the broker accepted it."""
    transport_options = {
        "max_retries": 0,
        "socket_timeout": BROKER_TIMEOUT_SECONDS,
        "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
    }
    try:
        with current_app.connection_for_write(transport_options=transport_options) as connection:
            current_app.send_task(task, args=[job_id], connection=connection, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("the broker did not accept job %s; it will be sent again: %s", job_id, error)
        return False
    return True


def send(job_id: int) -> bool:
    """Send the message for a queued job. If the broker is down, the job simply stays queued."""
    return _send(Job.objects.to_send(), job_id)


def send_next(lane: str) -> None:
    """Send the message for the next job in the lane."""
    waiting = Job.objects.to_send().filter(lane=lane).order_by("pk")
    next_id = waiting.values_list("pk", flat=True).first() if lane else None
    if next_id is not None:
        send(next_id)


def resend_queued() -> int:
    """Send new messages for jobs that nobody has picked up for a while. Return how many were sent."""
    overlooked = Job.objects.to_send().filter(
        Q(sent_at=None, queued_at__lt=Now() - timedelta(seconds=1))
        | Q(sent_at__lt=Now() - timedelta(seconds=settings.JOB_RESEND_SECONDS))
    )
    oldest_first = overlooked.order_by(F("sent_at").asc(nulls_first=True), "pk")
    sent = 0
    for job_id in list(oldest_first.values_list("pk", flat=True)[:RESEND_LIMIT]):
        if not _send(overlooked, job_id):
            break
        sent += 1
    return sent


def _send(due: JobQuerySet, job_id: int) -> bool:
    """Send the message for a job that is still due; `False` if the broker did not accept it."""
    kind = due.filter(pk=job_id).values_list("kind", flat=True).first()
    # Several processes may get here at once: the one that updates the row sends.
    if kind is None or not due.filter(pk=job_id).update(sent_at=Now()):
        return True
    if send_message(settings.JOB_KINDS[kind]["task"], job_id):
        return True
    Job.objects.to_send().filter(pk=job_id).update(sent_at=None)
    return False
