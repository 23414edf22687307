"""Why a job failed, in plain English."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import psycopg
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import models
from django.db.utils import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.errors import JobError


class Reason(models.TextChoices):
    REFUSED = "refused", gettext_lazy("it was asked for something impossible")
    OUT_OF_MEMORY = "memory", gettext_lazy("out of memory")
    TIMED_OUT = "time", gettext_lazy("timed out")
    WORKER_LOST = "lost", gettext_lazy("the worker was lost")
    DATABASE_GONE = "database", gettext_lazy("the database was gone")
    DISK_FULL = "disk", gettext_lazy("no space left")
    UNEXPECTED = "unexpected", gettext_lazy("something unexpected")


@dataclass(frozen=True)
class Failure:
    """Why a job failed: the kind of reason, and a sentence or two for the person who asked."""

    reason: Reason
    sentence: str


DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explain(error: BaseException, job_id: int) -> Failure:
    """Explain why work that raised this error failed."""
    if isinstance(error, JobError):
        return Failure(Reason.REFUSED, str(error))
    if isinstance(error, MemoryError):
        return out_of_memory()
    if isinstance(error, SoftTimeLimitExceeded):
        return timed_out()
    if _is_full(error):
        return disk_full()
    if isinstance(error, (OperationalError, InterfaceError)):
        return database_gone()
    return unexpected(job_id)


def out_of_memory() -> Failure:
    text = _(
        "The job ran out of memory: the limit is %(limit)s GB. Nothing was changed. "
        "Try again with fewer customers or features, or ask your administrator for a higher limit."
    )
    return Failure(Reason.OUT_OF_MEMORY, text % {"limit": f"{settings.JOB_MEMORY_BYTES / 1024**3:.3g}"})


def timed_out() -> Failure:
    text = _(
        "The job timed out: the limit is %(limit)s. Nothing was changed. "
        "Try again with fewer customers or features, or ask your administrator for a higher limit."
    )
    return Failure(Reason.TIMED_OUT, text % {"limit": in_words(settings.JOB_TIME_LIMIT_SECONDS)})


def worker_lost(attempts: int) -> Failure:
    text = ngettext(
        "The worker stopped unexpectedly during the job, which usually means that the server ran out of "
        "memory. Nothing was changed. Ask your administrator before you try again.",
        "The worker stopped unexpectedly %(attempts)s times during the job, which usually means that the "
        "server ran out of memory. Nothing was changed. Ask your administrator before you try again.",
        attempts,
    )
    return Failure(Reason.WORKER_LOST, text % {"attempts": attempts})


def command_lost() -> Failure:
    text = _(
        "The command running this job stopped before it had finished. Nothing was changed. Start it again."
    )
    return Failure(Reason.WORKER_LOST, text)


def database_gone() -> Failure:
    text = _(
        "The connection to the database was lost during the job, and again when it was retried. Nothing was "
        "changed. Please try again in a few minutes."
    )
    return Failure(Reason.DATABASE_GONE, text)


def disk_full() -> Failure:
    text = _(
        "There is no space left on the server's disk. Nothing was changed. Ask your administrator to free "
        "some space, then try again."
    )
    return Failure(Reason.DISK_FULL, text)


def unexpected(job_id: int) -> Failure:
    text = _(
        "Something went wrong on our side. Nothing was changed. Please try again; "
        "if it fails again, ask your administrator to check the log for job %(job)s."
    )
    return Failure(Reason.UNEXPECTED, text % {"job": job_id})


def _is_full(error: BaseException) -> bool:
    is_disk = isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS
    return is_disk or isinstance(error.__cause__, psycopg.errors.DiskFull)


def in_words(seconds: float) -> str:
    """A length of time in words: “2 hours”."""
    if _is_whole(seconds, 3600):
        count = round(seconds / 3600)
        return ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}
    if _is_whole(seconds, 60):
        count = round(seconds / 60)
        return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
    return _("%(count)s seconds") % {"count": f"{seconds:.3g}"}


def _is_whole(seconds: float, unit: int) -> bool:
    """Whether to use this unit: for exactly one of it, or two and more."""
    return seconds >= 2 * unit or seconds == unit
