"""A claim: the right of one process to work on a job, kept alive by a heartbeat.

The heartbeat has a thread and a connection of its own: the work's may sit in a long transaction, whose
progress nobody could see, or in a library that does not return for a while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from jobs import lifecycle
from jobs.errors import JobCancelled, JobSuperseded
from jobs.worker.recovery import CANCEL_STATEMENT, session_name

logger = logging.getLogger(__name__)

# How often the thread looks: progress is written and a wish to cancel is seen within this time.
LOOK_SECONDS = 1.0
# How long the work has to look by itself before the statement it waits for is cancelled.
COURTESY_LOOKS = 1

BEAT = """
    UPDATE jobs_job
       SET heartbeat_at = clock_timestamp(),
           stage_started_at = CASE WHEN stage = %(stage)s AND stage_started_at IS NOT NULL
                                   THEN stage_started_at ELSE clock_timestamp() END,
           stage = %(stage)s, done = %(done)s, total = %(total)s
     WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
 RETURNING cancel_requested_at IS NOT NULL
"""
LOOK = """
    SELECT cancel_requested_at IS NOT NULL
      FROM jobs_job
     WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'
"""


@dataclass(frozen=True)
class Progress:
    """How far a job is: a stage in plain words, and `done` of `total` things in it."""

    stage: str = ""
    done: int = 0
    total: int | None = None


@dataclass
class Claim:
    """The right of one process to work on a job and to publish what comes out."""

    job_id: int
    attempt: int
    is_cancelled: bool = False
    is_superseded: bool = False
    _progress: Progress = field(default_factory=Progress)
    _is_over: threading.Event = field(default_factory=threading.Event)

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
        self._progress = Progress(stage, done, total)
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
        self._is_over.set()

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Beat until the block ends, or the job has."""
        parameters = connection.get_connection_params()
        thread = threading.Thread(target=self._beat, args=[parameters], daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join(timeout=10)

    def _beat(self, parameters: dict[str, Any]) -> None:
        while not self._is_over.is_set():
            try:
                with _connect(parameters) as beating:
                    self._beat_on(beating)
            except Exception as error:  # noqa: BLE001 - whatever it was, a silent attempt would be given up
                logger.warning("job %s: no heartbeat for the moment: %s", self.job_id, error)
                self._is_over.wait(LOOK_SECONDS)

    def _beat_on(self, beating: psycopg.Connection) -> None:
        pause = min(LOOK_SECONDS, settings.JOB_HEARTBEAT_SECONDS)
        written, written_at, ignored = None, 0.0, 0
        while not self._is_over.is_set():
            progress, now = self._progress, time.monotonic()
            due = progress != written or now - written_at >= settings.JOB_HEARTBEAT_SECONDS
            row = beating.execute(BEAT if due else LOOK, self._row(progress)).fetchone()
            if due:
                written, written_at = progress, now
            self.is_superseded = row is None
            self.is_cancelled = bool(row and row[0])
            if self.is_superseded or self.is_cancelled:
                ignored += 1
            if ignored > COURTESY_LOOKS:
                beating.execute(CANCEL_STATEMENT, [session_name(*self.key)])
            self._is_over.wait(pause)

    def _row(self, progress: Progress) -> dict[str, Any]:
        values = {"stage": progress.stage[:80], "done": progress.done, "total": progress.total}
        return {"id": self.job_id, "attempt": self.attempt, **values}


def _connect(parameters: dict[str, Any]) -> psycopg.Connection:
    """A plain connection beside Django's: same server and database, no pool, each statement on its own."""
    django_only = {"cursor_factory", "context", "pool"}
    ours = {key: value for key, value in parameters.items() if key not in django_only}
    beating = psycopg.connect(**ours, autocommit=True, connect_timeout=5, tcp_user_timeout=10_000)
    beating.execute("SET statement_timeout = '10s'")
    return beating
