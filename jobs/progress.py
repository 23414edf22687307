"""A job's progress, and how pages describe it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# A rate measured over a shorter time is unreliable.
RATE_AFTER_SECONDS = 3
# How often a page refreshes: every 2 s for a job's first half minute, then less and less often. The slowest
# interval plus JOB_STALE_SECONDS is how long it may take until people see that a job has stalled.
REFRESH_INTERVALS = ((30, 2), (120, 5))
SLOWEST_REFRESH = 10


class JobState(models.TextChoices):
    QUEUED = "queued", gettext_lazy("queued")
    RUNNING = "running", gettext_lazy("running")
    SUCCEEDED = "succeeded", gettext_lazy("succeeded")
    FAILED = "failed", gettext_lazy("failed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


class JobProgress(models.Model):
    """A job's state, stage and times; all times are the database's."""

    State = JobState

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    stage = models.CharField(max_length=80, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    # Start of the current wait: a lost or retried attempt is queued again.
    queued_at = models.DateTimeField(db_default=Now())
    # For the latest attempt.
    started_at = models.DateTimeField(null=True)
    stage_started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_cancelling(self) -> bool:
        return self.is_active and self.cancel_requested_at is not None

    @cached_property
    def now(self) -> datetime:
        """The database's time when the row was read (`with_clock`), or now."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp()")
            found: datetime = cursor.fetchone()[0]
        return found

    @property
    def is_stalled(self) -> bool:
        """Whether its worker has gone silent: pages show it before recovery steps in."""
        return self.state == self.State.RUNNING and self.silent_seconds > settings.JOB_STALE_SECONDS

    @property
    def silent_seconds(self) -> float:
        """Seconds since its last sign of life."""
        return (self.now - (self.heartbeat_at or self.created_at)).total_seconds()

    @property
    def stage_in_words(self) -> str:
        """The current stage in the reader's language; the row holds it as the worker wrote it."""
        return _(self.stage) if self.stage else _("starting")

    @property
    def percent(self) -> int | None:
        """How much of the current stage is done, 0 to 100; `None` if unknown."""
        return min(100, 100 * self.done // self.total) if self.total else None

    @property
    def waited_seconds(self) -> float:
        """How long a queued job has been waiting for an attempt to start."""
        return (self.now - self.queued_at).total_seconds()

    @property
    def worked_seconds(self) -> float | None:
        """How long its latest attempt has been running, or ran; `None` before the first."""
        if self.started_at is None or self.state == self.State.QUEUED:
            return None
        return ((self.finished_at or self.now) - self.started_at).total_seconds()

    @property
    def rate(self) -> float | None:
        """Items per second in the current stage; `None` if it cannot be told yet."""
        if self.state != self.State.RUNNING or self.stage_started_at is None or self.heartbeat_at is None:
            return None
        seconds = (self.heartbeat_at - self.stage_started_at).total_seconds()
        return self.done / seconds if self.done and seconds >= RATE_AFTER_SECONDS else None

    @property
    def seconds_left(self) -> float | None:
        """How long the current stage will still take at this rate; `None` if it cannot be told yet."""
        if not self.rate or not self.total or self.is_stalled or self.is_cancelling:
            return None
        return max(0.0, (self.total - self.done) / self.rate)

    @property
    def refresh_seconds(self) -> int:
        """Seconds until the page refreshes: often for new jobs, less often for older ones."""
        return next(
            (pause for until, pause in REFRESH_INTERVALS if self.waited_seconds < until), SLOWEST_REFRESH
        )

    @property
    def announcement(self) -> str:
        """What a screen reader announces: changes with the stage and every ten per cent, no more often."""
        if self.is_cancelling:
            return _("Being cancelled")
        if self.state != self.State.RUNNING:
            return _("Waiting for a worker") if self.is_active else self.get_state_display().capitalize()
        if self.is_stalled:
            return _("Stalled")
        if self.percent is None:
            return self.stage_in_words
        tenth = self.percent // 10 * 10
        return _("%(stage)s: %(percent)d percent") % {"stage": self.stage_in_words, "percent": tenth}
