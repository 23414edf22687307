"""Giving up attempts whose process has died, hangs or is past its time limit."""

from __future__ import annotations

import logging

from django.db import connection, transaction
from django.db.utils import OperationalError

from jobs.failures import command_lost, timed_out, worker_lost
from jobs.lifecycle import end, end_failed, requeue
from jobs.models import Job
from jobs.querysets import JobQuerySet

logger = logging.getLogger(__name__)

# An attempt that stopped while publishing still locks its row: do not wait for it.
LOCK_TIMEOUT = "1s"
# Locks held by a dead process's session would block the next attempt.
END_SESSIONS = """
    SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
     WHERE application_name = %s AND datname = current_database() AND pid <> pg_backend_pid()
"""
CANCEL_STATEMENT = END_SESSIONS.replace("pg_terminate_backend", "pg_cancel_backend")


def session_name(job_id: int, attempt: int) -> str:
    """The application name of an attempt's database session."""
    return f"job {job_id} attempt {attempt}"


def recover_stale() -> int:
    """Give up lost attempts: cancel, queue again or fail them. Return how many.

    Safe to call from several processes at once, as often as they like.
    """
    lost = list(Job.objects.lost().values_list("pk", "attempt"))
    return sum(_recover(job_id, attempt) for job_id, attempt in lost)


def _recover(job_id: int, attempt: int) -> bool:
    mine = Job.objects.filter(pk=job_id, attempt=attempt)
    try:
        with transaction.atomic():
            _execute("SELECT set_config('lock_timeout', %s, true)", LOCK_TIMEOUT)
            recovered = _give_up(mine, job_id, attempt)
    except OperationalError as error:
        logger.warning("job %s: attempt %s still locks its row: %s", job_id, attempt, error)
        recovered = False
    # Never end the session of an attempt that has just reported again.
    if recovered or mine.lost().exists():
        _execute(END_SESSIONS, session_name(job_id, attempt))
    return recovered


def _give_up(mine: JobQuerySet, job_id: int, attempt: int) -> bool:
    """Each step checks again that the attempt is lost: it may have reported meanwhile."""
    stale = mine.stale()
    steps = (
        lambda: end(mine.lost().filter(cancel_requested_at__isnull=False), job_id, Job.State.CANCELLED),
        lambda: end_failed(mine.overdue(), job_id, timed_out()),
        lambda: end_failed(stale.filter(in_foreground=True), job_id, command_lost()),
        lambda: requeue(stale, job_id),
        lambda: end_failed(stale, job_id, worker_lost(attempt)),
    )
    given_up = any(step() for step in steps)
    if given_up:
        logger.warning("job %s: attempt %s was lost", job_id, attempt)
    return given_up


def _execute(statement: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
