"""A claim: one process's right to work on a job and publish its result."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from jobs import lifecycle
from jobs.errors import JobCancelled, JobSuperseded


@dataclass(frozen=True)
class Progress:
    """A job's progress: a stage in plain words, and `done` of `total` items in it."""

    stage: str = ""
    done: int = 0
    total: int | None = None


@dataclass
class Claim:
    """An attempt's hold on its job; the heartbeat tells it when to stop.

    Attributes
    ----------
    progress
        The latest progress reported.
    is_cancelled, is_superseded
        Somebody has cancelled the job; another attempt has taken it over.
    is_over
        Set once the work must no longer be interrupted.
    """

    job_id: int
    attempt: int
    is_cancelled: bool = False
    is_superseded: bool = False
    progress: Progress = field(default_factory=Progress)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def key(self) -> tuple[int, int]:
        return self.job_id, self.attempt

    def report(self, stage: str, done: int = 0, total: int | None = None) -> None:
        """Report progress, and stop the work if it should stop: cheap enough to call for every chunk.

        Raises
        ------
        JobCancelled, JobSuperseded
            The work must stop here; do not catch it.
        """
        self.progress = Progress(stage, done, total)
        self.check()

    def check(self) -> None:
        """Raise `JobCancelled` or `JobSuperseded` if the work must stop."""
        if self.is_superseded:
            raise JobSuperseded
        if self.is_cancelled:
            raise JobCancelled

    def succeed(self) -> None:
        """Finish the job, inside the transaction that publishes its result.

        From here on that transaction decides: it locks the row, and the work is no longer interrupted.
        """
        lifecycle.succeed(self.job_id, self.attempt)
        self.is_over.set()
