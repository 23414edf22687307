"""What can keep a job from beginning, or end it early."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.models import Job


class JobRefusedError(Exception):
    """A job cannot be asked for just now; the text is one sentence for the person who asked."""


class JobAlreadyActive(Exception):
    """The very same work is waiting or going on already: show that instead.

    Attributes
    ----------
    job
        The job that does it; what it works for is committed and can be read.
    """

    def __init__(self, job: Job) -> None:
        super().__init__(f"job {job.pk} does this already")
        self.job = job


class JobError(Exception):
    """A job cannot go on; its text is one sentence for the person who started it."""


class JobCancelled(Exception):
    """Somebody asked for the job to be cancelled."""


class JobSuperseded(Exception):
    """Another attempt owns the job by now: this one may write nothing more."""
