"""A claim: the right of one process to work on a job and to publish what comes out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from jobs import lifecycle
from jobs.errors import JobCancelled, JobSuperseded


@dataclass(frozen=True)
class Progress:
    """How far a job is: a stage in plain words, and `done` of `total` things in it."""

    stage: str = ""
    done: int = 0
    total: int | None = None


@dataclass
class Claim:
    """What the work holds of its job; the heartbeat tells it when to end.

    Attributes
    ----------
    progress
        What the work said last.
    is_cancelled, is_superseded
        Somebody asked for an end; another attempt owns the job by now.
    is_over
        Set when nobody may interrupt the work any more.
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
        """Say how far the work is, and stop it if it should: cheap enough to call for every chunk.

        Raises
        ------
        JobCancelled, JobSuperseded
            The work must end here; let it pass.
        """
        self.progress = Progress(stage, done, total)
        self.check()

    def check(self) -> None:
        """Raise `JobCancelled` or `JobSuperseded` when the work must end here."""
        if self.is_superseded:
            raise JobSuperseded
        if self.is_cancelled:
            raise JobCancelled

    def succeed(self) -> None:
        """Finish the job, inside the transaction that publishes its work.

        From here on that transaction decides: it holds the row, and nobody may interrupt it any more.
        """
        lifecycle.succeed(self.job_id, self.attempt)
        self.is_over.set()
