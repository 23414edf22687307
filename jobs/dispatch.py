"""Telling the workers that there is something to do: the row waits, whether or not they hear it."""

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

# A person may be waiting for the page: a broker that does not answer within this time is left alone.
PATIENCE_SECONDS = 1.0
# Sent again in one round; those that were sent longest ago come first. However long the queue, the broker
# holds few messages that say the same.
AT_ONCE = 20


def send_message(task: str, job_id: int) -> bool:
    """Send one message that carries the job's id; return whether the broker took it."""
    patience = {
        "max_retries": 0,
        "socket_timeout": PATIENCE_SECONDS,
        "socket_connect_timeout": PATIENCE_SECONDS,
    }
    try:
        with current_app.connection_for_write(transport_options=patience) as connection:
            current_app.send_task(task, args=[job_id], connection=connection, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("the broker did not take job %s; it will be sent again: %s", job_id, error)
        return False
    return True


def send(job_id: int) -> bool:
    """Send the message of a queued job. A broker that is down costs nothing: the row waits."""
    return _send(Job.objects.to_send(), job_id)


def send_next(lane: str) -> None:
    """Send the message of the job whose turn in the lane has come."""
    waiting = Job.objects.to_send().filter(lane=lane).order_by("pk")
    following = waiting.values_list("pk", flat=True).first() if lane else None
    if following is not None:
        send(following)


def resend_queued() -> int:
    """Send again for jobs that nobody has picked up for a while. Return for how many."""
    overlooked = Job.objects.to_send().filter(
        Q(sent_at=None, queued_at__lt=Now() - timedelta(seconds=1))
        | Q(sent_at__lt=Now() - timedelta(seconds=settings.JOB_RESEND_SECONDS))
    )
    oldest_first = overlooked.order_by(F("sent_at").asc(nulls_first=True), "pk")
    sent = 0
    for job_id in list(oldest_first.values_list("pk", flat=True)[:AT_ONCE]):
        if not _send(overlooked, job_id):
            break
        sent += 1
    return sent


def _send(due: JobQuerySet, job_id: int) -> bool:
    """Send the message of a job that is still due; `False` if the broker does not hear."""
    kind = due.filter(pk=job_id).values_list("kind", flat=True).first()
    # Several may look at the same moment: the one who changes the row sends.
    if kind is None or not due.filter(pk=job_id).update(sent_at=Now()):
        return True
    if send_message(settings.JOB_KINDS[kind]["task"], job_id):
        return True
    Job.objects.to_send().filter(pk=job_id).update(sent_at=None)
    return False
