"""How far a job is, and what pages say of it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# A rate measured over less than this says little.
RATE_AFTER_SECONDS = 3
# How often a page looks again: every 2 s for a job's first half minute, and ever more rarely. The last one
# and JOB_STALE_SECONDS are the time within which people see that a job has stalled.
LOOK_AGAIN = ((30, 2), (120, 5))
LOOK_AGAIN_AT_LAST = 10


class JobState(models.TextChoices):
    QUEUED = "queued", gettext_lazy("queued")
    RUNNING = "running", gettext_lazy("running")
    SUCCEEDED = "succeeded", gettext_lazy("succeeded")
    FAILED = "failed", gettext_lazy("failed")
    CANCELLED = "cancelled", gettext_lazy("cancelled")


class JobProgress(models.Model):
    """A job's state, stage and times, all by the database's clock."""

    State = JobState

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    stage = models.CharField(max_length=80, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    # Since when it waits: a lost or failed attempt puts it into the queue anew.
    queued_at = models.DateTimeField(db_default=Now())
    # Of the latest attempt.
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
        """Whether its worker fell silent: pages say so at once, before anybody does anything about it."""
        return self.state == self.State.RUNNING and self.silent_seconds > settings.JOB_STALE_SECONDS

    @property
    def silent_seconds(self) -> float:
        """How long nothing was heard of it."""
        return (self.now - (self.heartbeat_at or self.created_at)).total_seconds()

    @property
    def stage_in_words(self) -> str:
        """The present stage in the reader's language; rows keep it as the worker wrote it."""
        return _(self.stage) if self.stage else _("starting")

    @property
    def percent(self) -> int | None:
        """Share of the present stage that is done, 0 to 100; `None` when nobody can know."""
        return min(100, 100 * self.done // self.total) if self.total else None

    @property
    def waited_seconds(self) -> float:
        """How long a queued job has waited for an attempt to begin."""
        return (self.now - self.queued_at).total_seconds()

    @property
    def worked_seconds(self) -> float | None:
        """How long its latest attempt has taken; `None` before the first."""
        if self.started_at is None or self.state == self.State.QUEUED:
            return None
        return ((self.finished_at or self.now) - self.started_at).total_seconds()

    @property
    def rate(self) -> float | None:
        """Things done a second in the present stage; `None` while that cannot be said."""
        if self.state != self.State.RUNNING or self.stage_started_at is None or self.heartbeat_at is None:
            return None
        seconds = (self.heartbeat_at - self.stage_started_at).total_seconds()
        return self.done / seconds if self.done and seconds >= RATE_AFTER_SECONDS else None

    @property
    def seconds_left(self) -> float | None:
        """How long the present stage will take at this rate; `None` while that cannot be said."""
        if not self.rate or not self.total or self.is_stalled or self.is_cancelling:
            return None
        return max(0.0, (self.total - self.done) / self.rate)

    @property
    def refresh_seconds(self) -> int:
        """When to look again: soon for what was asked for just now, ever more rarely later."""
        return next((pause for until, pause in LOOK_AGAIN if self.waited_seconds < until), LOOK_AGAIN_AT_LAST)

    @property
    def announcement(self) -> str:
        """What a screen reader says: it changes with the stage and with every tenth of it, not more often."""
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
