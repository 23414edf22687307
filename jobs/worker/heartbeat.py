"""A claim's heartbeat: reports that the work is alive and its progress, and learns when it must stop.

It has its own thread and connection: the work's may be in a long transaction, where progress would be
invisible, or in a library call that does not return for a while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from jobs.worker.claim import Claim, Progress
from jobs.worker.recovery import CANCEL_STATEMENT, session_name

logger = logging.getLogger(__name__)

# How often the thread checks: progress is written, and a cancellation seen, within this time.
CHECK_SECONDS = 1.0
# How many checks the work gets to stop by itself before its current statement is cancelled.
GRACE_CHECKS = 1

BEAT = """
    UPDATE jobs_job
       SET heartbeat_at = clock_timestamp(),
           stage_started_at = CASE WHEN stage = %(stage)s AND stage_started_at IS NOT NULL
                                   THEN stage_started_at ELSE clock_timestamp() END,
           stage = %(stage)s, done = %(done)s, total = %(total)s
     WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
 RETURNING cancel_requested_at IS NOT NULL
"""
CHECK = """
    SELECT cancel_requested_at IS NOT NULL
      FROM jobs_job
     WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""


@contextmanager
def kept_alive(claim: Claim) -> Iterator[None]:
    """Send heartbeats until the block or the job ends."""
    parameters = connection.get_connection_params()
    thread = threading.Thread(target=_beat, args=[claim, parameters], daemon=True)
    thread.start()
    try:
        yield
    finally:
        claim.is_over.set()
        thread.join(timeout=10)


def _beat(claim: Claim, parameters: dict[str, Any]) -> None:
    while not claim.is_over.is_set():
        try:
            with _connect(parameters) as beating:
                _beat_on(claim, beating)
        except Exception as error:  # noqa: BLE001 - whatever it is, a silent attempt would be given up
            logger.warning("job %s: no heartbeat for the moment: %s", claim.job_id, error)
            claim.is_over.wait(CHECK_SECONDS)


def _beat_on(claim: Claim, beating: psycopg.Connection) -> None:
    pause = min(CHECK_SECONDS, settings.JOB_HEARTBEAT_SECONDS)
    written, written_at, ignored = None, 0.0, 0
    while not claim.is_over.is_set():
        progress, now = claim.progress, time.monotonic()
        due = progress != written or now - written_at >= settings.JOB_HEARTBEAT_SECONDS
        row = beating.execute(BEAT if due else CHECK, beat_row(claim, progress)).fetchone()
        if due:
            written, written_at = progress, now
        claim.is_superseded = row is None
        claim.is_cancelled = bool(row and row[0])
        if claim.is_superseded or claim.is_cancelled:
            ignored += 1
        if ignored > GRACE_CHECKS:
            beating.execute(CANCEL_STATEMENT, [session_name(*claim.key)])
        claim.is_over.wait(pause)


def beat_row(claim: Claim, progress: Progress) -> dict[str, Any]:
    """The parameters of `BEAT` and `CHECK`."""
    values = {"stage": progress.stage[:80], "done": progress.done, "total": progress.total}
    return {"id": claim.job_id, "attempt": claim.attempt, **values}


def _connect(parameters: dict[str, Any]) -> psycopg.Connection:
    """A separate connection with Django's parameters: no pool, autocommit."""
    django_only = {"cursor_factory", "context", "pool"}
    ours = {key: value for key, value in parameters.items() if key not in django_only}
    beating = psycopg.connect(**ours, autocommit=True, connect_timeout=5, tcp_user_timeout=10_000)
    beating.execute("SET statement_timeout = '10s'")
    return beating
