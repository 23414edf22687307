"""Executing a job: one attempt, however it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from jobs import lifecycle
from jobs.errors import JobCancelled, JobSuperseded
from jobs.failures import Reason, explain
from jobs.worker.claim import Claim
from jobs.worker.heartbeat import CHECK_SECONDS, kept_alive
from jobs.worker.memory_limit import memory_limited
from jobs.worker.recovery import recover_stale, session_name

logger = logging.getLogger(__name__)


def execute(job_id: int, work: Callable[[Claim], None]) -> None:
    """Claim the job and do its work; return quietly if another process has it.

    `work` receives the claim, reports progress to it and calls `claim.succeed()` inside the transaction that
    publishes. An exception fails the job with a reason in plain words; unexpected ones are logged with their
    traceback and raised again. A foreground job waits here for its turn.
    """
    attempt = _claim_in_turn(job_id)
    if attempt is None:
        logger.info("job %s cannot be claimed", job_id)
        return
    claim = Claim(job_id, attempt)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [session_name(*claim.key)])
        # COPY raises the driver's own errors, which Django does not wrap by itself.
        with kept_alive(claim), memory_limited(), connection.wrap_database_errors:
            work(claim)
    except KeyboardInterrupt:
        _persist(lambda: lifecycle.finish_cancelled(*claim.key))
        raise
    except Exception as error:
        if _handle_error(claim, error) is Reason.UNEXPECTED:
            raise


def _claim_in_turn(job_id: int) -> int | None:
    try:
        attempt = lifecycle.claim(job_id)
        while attempt is None and lifecycle.wait_for_turn(job_id):
            time.sleep(CHECK_SECONDS)
            recover_stale()  # the job it waits for may be lost, with no worker there to notice
            attempt = lifecycle.claim(job_id)
    except KeyboardInterrupt:
        lifecycle.request_cancel(job_id)
        raise
    return attempt


def _handle_error(claim: Claim, error: Exception) -> Reason | None:
    """End an attempt that raised; return why it failed, `None` if it was cancelled or superseded."""
    interrupted = isinstance(error, DatabaseError)
    if isinstance(error, JobSuperseded) or (interrupted and claim.is_superseded):
        logger.warning("job %s: attempt %s was superseded and wrote nothing", *claim.key)
        return None
    if isinstance(error, JobCancelled) or (interrupted and claim.is_cancelled):
        _persist(lambda: lifecycle.finish_cancelled(*claim.key))
        return None
    failure = explain(error, claim.job_id)
    log = logger.info if failure.reason is Reason.REFUSED else logger.exception
    log("job %s: attempt %s failed (%s): %s", *claim.key, failure.reason.label, error)
    if failure.reason is Reason.DATABASE_GONE:
        _persist(lambda: lifecycle.give_back(*claim.key))
    else:
        _persist(lambda: lifecycle.fail(*claim.key, failure))
    return failure.reason


def _persist(transition: Callable[[], bool]) -> None:
    """Record how an attempt ended, on a new connection: its own may be broken, or in the middle of a COPY.

    The database may be away for a while. Give up after JOB_STALE_SECONDS: by then another process has
    noticed that the attempt is lost.
    """
    give_up_at = time.monotonic() + settings.JOB_STALE_SECONDS
    while True:
        if not connection.in_atomic_block:
            connection.close()
        try:
            transition()
            return
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > give_up_at:
                raise
            time.sleep(CHECK_SECONDS)
