"""A job's state transitions. Each is one conditional UPDATE: whoever changes no row has lost and stops.

    queued → running → succeeded | failed | cancelled
       ↑________|  a lost attempt is queued again until the attempt limit is reached

All times come from the database: workers' clocks are not trusted. docs/jobs.md has the diagram.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from jobs.dispatch import send, send_next
from jobs.errors import JobAlreadyActive, JobCancelled, JobRefusedError, JobSuperseded
from jobs.failures import Failure, Reason, database_gone
from jobs.models import Job
from jobs.progress import JobState as State
from jobs.querysets import JobQuerySet

Result = TypeVar("Result")
Requester = AbstractBaseUser | AnonymousUser | None

CLAIM = """
    UPDATE jobs_job AS job
       SET state = 'running', attempt = attempt + 1, worker = %(worker)s,
           started_at = statement_timestamp(), heartbeat_at = statement_timestamp(),
           deadline_at = CASE WHEN in_foreground THEN NULL
                              ELSE statement_timestamp() + make_interval(secs => %(seconds)s) END,
           stage = '', stage_started_at = NULL, done = 0, total = NULL
     WHERE id = %(id)s AND state = 'queued'
       AND NOT EXISTS (
           SELECT 1
             FROM jobs_job AS other
            WHERE job.lane <> '' AND other.lane = job.lane
              AND (other.state = 'running' OR other.state = 'queued' AND other.id < job.id))
 RETURNING attempt
"""

# ---- Requesting --------------------------------------------------------------------------------------------


def create_job(
    kind: str, created_by: Requester = None, *, title: str = "", key: str = "", lane: str = ""
) -> Job:
    """Create a queued job; its message is sent when the surrounding transaction commits.

    Parameters
    ----------
    kind
        One of `JOB_KINDS`.
    created_by
        Who requests it; the number of active jobs per user is limited.
    title
        Its name in lists.
    key
        Identifies the work: only one active job can have this key.
    lane
        Jobs in the same lane run one at a time, oldest first.

    Raises
    ------
    JobAlreadyActive
        An active job has the key. Let it leave the transaction, then show that job instead.
    JobRefusedError
        The user already has as many active jobs as allowed.
    """
    return _create(created_by, kind=kind, title=title[:200], key=key, lane=lane)


def create_foreground_job(kind: str, *, title: str = "", key: str = "", lane: str = "") -> Job:
    """Create a job that this process executes itself: no worker is told of it or may take it over.

    Raises
    ------
    JobAlreadyActive
        An active job has the key.
    """
    return _create(None, kind=kind, title=title[:200], key=key, lane=lane, in_foreground=True)


def _create(requester: Requester, *, kind: str, key: str, **values: Any) -> Job:
    user = _authenticated(requester)

    def create() -> Job:
        _refuse_too_many(user)
        job = Job.objects.create(kind=kind, key=key, created_by=user, **values)  # type: ignore[misc]
        transaction.on_commit(partial(send, job.pk), robust=True)
        return job

    return _unless_active(key, create)


def retry(job_id: int, asked_by: Requester = None, *, although_refused: bool = False) -> bool:
    """Queue a failed job again with a fresh set of attempts; `False` if it cannot be retried.

    What a job refused stays refused, unless somebody has changed what it was asked for.

    Raises
    ------
    JobAlreadyActive, JobRefusedError
        As for a new job.
    """
    failed = Job.objects.filter(pk=job_id, state=State.FAILED)
    if not although_refused:
        failed = failed.exclude(failure=Reason.REFUSED)
    user = _authenticated(asked_by)

    def queue() -> int:
        _refuse_too_many(user)
        transaction.on_commit(partial(send, job_id), robust=True)
        return failed.update(
            state=State.QUEUED,
            queued_at=Now(),
            in_foreground=False,
            attempt_limit=F("attempt") + settings.JOB_MAX_ATTEMPTS,
            **dict.fromkeys(["failure", "error"], ""),
            **dict.fromkeys(["sent_at", "heartbeat_at", "cancel_requested_at", "finished_at"]),
            created_by=user,
        )

    return bool(_unless_active(failed.values_list("key", flat=True).first() or "", queue))


def _unless_active(key: str, act: Callable[[], Result]) -> Result:
    """Call `act` in a transaction unless an active job has the key; the database settles races."""
    for last in (False, False, True):
        job = Job.objects.active().filter(key=key).first() if key else None
        if job is not None:
            raise JobAlreadyActive(job)
        try:
            with transaction.atomic():
                return act()
        except IntegrityError:  # somebody else has just created one: check again
            if last or not key:
                raise
    raise AssertionError


def _authenticated(requester: Requester) -> AbstractBaseUser | None:
    return requester if isinstance(requester, AbstractBaseUser) and requester.is_authenticated else None


def _refuse_too_many(user: AbstractBaseUser | None) -> None:
    if user is None:
        return
    # One request per user at a time: parallel ones would all count the same jobs.
    get_user_model()._default_manager.select_for_update(no_key=True).get(pk=user.pk)
    limit = settings.JOB_MAX_ACTIVE_PER_USER
    if Job.objects.active().filter(created_by=user.pk).count() >= limit:
        raise JobRefusedError(
            _(
                "You already have %(limit)s imports, runs and exports queued or running, which is the most "
                "allowed: wait until one has finished, or cancel one."
            )
            % {"limit": limit}
        )


# ---- Working -----------------------------------------------------------------------------------------------


def claim(job_id: int) -> int | None:
    """Claim a queued job for this process; return the attempt's number, `None` if it cannot be claimed."""
    values = {
        "id": job_id,
        "worker": f"{socket.gethostname()}:{os.getpid()}"[-100:],
        "seconds": settings.JOB_TIME_LIMIT_SECONDS + settings.JOB_TIME_GRACE_SECONDS,
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CLAIM, values)
            row = cursor.fetchone()
    except IntegrityError:  # an older job, not visible until now, has just taken the lane
        return None
    return row[0] if row else None


def wait_for_turn(job_id: int) -> bool:
    """Record that a command is still waiting for its job's turn; `False` if there is nothing to wait for."""
    mine = Job.objects.filter(pk=job_id, state=State.QUEUED, in_foreground=True)
    return bool(mine.update(heartbeat_at=Now()))


def succeed(job_id: int, attempt: int) -> None:
    """Finish an attempt; call it inside the transaction that publishes the work.

    Raises
    ------
    JobSuperseded, JobCancelled
        The job no longer belongs to this attempt, or somebody has cancelled it: roll back.
    """
    mine = _attempt(job_id, attempt)
    if not end(mine.filter(cancel_requested_at=None), job_id, State.SUCCEEDED, stage=""):
        raise JobCancelled if mine.exists() else JobSuperseded


def fail(job_id: int, attempt: int, failure: Failure) -> bool:
    """Fail the job for good, with the reason."""
    return end_failed(_attempt(job_id, attempt), job_id, failure)


def finish_cancelled(job_id: int, attempt: int) -> bool:
    """End a running attempt that somebody asked to cancel."""
    return end(_attempt(job_id, attempt), job_id, State.CANCELLED)


def give_back(job_id: int, attempt: int) -> bool:
    """Requeue the job because the connection was lost; fail it if this was the last attempt."""
    return requeue(_attempt(job_id, attempt), job_id) or fail(job_id, attempt, database_gone())


def requeue(lost: JobQuerySet, job_id: int) -> bool:
    """Queue a running job again if it has attempts left; cancel it if somebody asked for that."""
    wanted = Q(cancel_requested_at=None)
    left = lost.filter(~wanted | Q(attempt__lt=F("attempt_limit"), in_foreground=False))
    changed = left.update(
        state=Case(When(wanted, then=Value(State.QUEUED)), default=Value(State.CANCELLED)),
        finished_at=Case(When(wanted, then=None), default=Now()),
        queued_at=Now(),
        sent_at=None,
        heartbeat_at=None,
    )
    if changed:
        _call_next(job_id)
        transaction.on_commit(partial(send, job_id), robust=True)
    return bool(changed)


def request_cancel(job_id: int) -> bool:
    """Cancel a queued job at once; ask a running one to stop at its next check.

    One statement, because a job could change state between two.
    """
    queued = Q(state=State.QUEUED)
    changed = (
        Job.objects.active()
        .filter(pk=job_id)
        .update(
            cancel_requested_at=Coalesce("cancel_requested_at", Now()),
            state=Case(When(queued, then=Value(State.CANCELLED)), default=F("state")),
            finished_at=Case(When(queued, then=Now()), default=None),
        )
    )
    if changed:
        _call_next(job_id)
    return bool(changed)


def _attempt(job_id: int, attempt: int) -> JobQuerySet:
    return Job.objects.filter(pk=job_id, attempt=attempt, state=State.RUNNING)


def end(jobs: JobQuerySet, job_id: int, state: State, **values: object) -> bool:
    """End the job if it is still in this queryset."""
    ended = jobs.update(state=state, finished_at=Now(), **values)
    if ended:
        _call_next(job_id)
    return bool(ended)


def end_failed(jobs: JobQuerySet, job_id: int, failure: Failure) -> bool:
    """Fail the job if it is still in this queryset."""
    return end(jobs, job_id, State.FAILED, failure=failure.reason, error=failure.sentence)


def _call_next(job_id: int) -> None:
    """Send the message for the next job in the lane once this transaction commits."""
    lane = Job.objects.values_list("lane", flat=True).get(pk=job_id)
    if lane:
        transaction.on_commit(partial(send_next, lane), robust=True)
