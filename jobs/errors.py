"""Reasons why a job cannot start, or ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.models import Job


class JobRefusedError(Exception):
    """The job cannot be requested right now; the text is one sentence for the person who asked."""


class JobAlreadyActive(Exception):
    """The same work is already queued or running: show that instead.

    Attributes
    ----------
    job
        The job that does it; its holder is committed and can be read.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.pk} is already doing this")
        self.job = job


class JobError(Exception):
    """The job cannot continue; the text is one sentence for the person who started it."""


class JobCancelled(Exception):
    """Somebody asked for the job to be cancelled."""


class JobSuperseded(Exception):
    """Another attempt has taken over the job: this one must not write anything more."""
