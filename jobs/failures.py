"""Why a job failed, in plain words."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import psycopg
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import models
from django.db.utils import InterfaceError, OperationalError
from django.utils.translation import gettext_lazy as _

from jobs.errors import JobError


class Reason(models.TextChoices):
    REFUSED = "refused", _("it was asked for something impossible")
    OUT_OF_MEMORY = "memory", _("out of memory")
    TIMED_OUT = "time", _("timed out")
    WORKER_LOST = "lost", _("the worker was lost")
    DATABASE_GONE = "database", _("the database was gone")
    DISK_FULL = "disk", _("no space left")
    UNEXPECTED = "unexpected", _("something unexpected")


@dataclass(frozen=True)
class Failure:
    """What a failed job says: the kind of reason, and one or two sentences for the person who asked."""

    reason: Reason
    sentence: str


NOTHING_CHANGED = "Nothing was changed."
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explain(error: BaseException, job_id: int) -> Failure:
    """Say why work that ended with this error has failed."""
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
    return Failure(
        Reason.OUT_OF_MEMORY,
        f"The work ran out of memory: it may use {settings.JOB_MEMORY_BYTES / 1024**3:.3g} GB. "
        f"{NOTHING_CHANGED} Try it with fewer customers or features, "
        "or ask your administrator for a higher limit.",
    )


def timed_out() -> Failure:
    return Failure(
        Reason.TIMED_OUT,
        f"The work timed out: it may take {in_words(settings.JOB_TIME_LIMIT_SECONDS)}. {NOTHING_CHANGED} "
        "Try it with fewer customers or features, or ask your administrator for a higher limit.",
    )


def worker_lost(attempts: int) -> Failure:
    times = "once" if attempts == 1 else f"{attempts} times"
    return Failure(
        Reason.WORKER_LOST,
        f"The worker was lost {times} in the middle of it, which usually means that the machine ran out of "
        f"memory. {NOTHING_CHANGED} Ask your administrator before you try again.",
    )


def command_lost() -> Failure:
    return Failure(
        Reason.WORKER_LOST,
        f"The command that did this work was stopped before it was done. {NOTHING_CHANGED} Start it again.",
    )


def database_gone() -> Failure:
    return Failure(
        Reason.DATABASE_GONE,
        f"The database went away in the middle of it, and again when it was tried anew. {NOTHING_CHANGED} "
        "Please try again in a few minutes.",
    )


def disk_full() -> Failure:
    return Failure(
        Reason.DISK_FULL,
        f"There is no space left on the disk. {NOTHING_CHANGED} Ask your administrator to make room, "
        "then try again.",
    )


def unexpected(job_id: int) -> Failure:
    return Failure(
        Reason.UNEXPECTED,
        f"Something went wrong that is not your doing. {NOTHING_CHANGED} Please try again; "
        f"if it fails again, ask your administrator to look into the log for job {job_id}.",
    )


def _is_full(error: BaseException) -> bool:
    is_disk = isinstance(error, OSError) and error.errno in FULL
    return is_disk or isinstance(error.__cause__, psycopg.errors.DiskFull)


def in_words(seconds: float) -> str:
    """A length of time as a sentence has it: “2 hours”."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or seconds == length:
            count = round(seconds / length)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds:.3g} seconds"
