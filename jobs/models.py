"""Durable background jobs: the row is the truth, a broker's message is only a doorbell."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, models
from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.failures import Reason

# A rate measured over less than this says little.
RATE_AFTER_SECONDS = 3
# How often a page looks again: every 2 s for a job's first half minute, and ever more rarely. The last one
# and JOB_STALE_SECONDS are the time within which people see that a job has stalled.
LOOK_AGAIN = ((30, 2), (120, 5))
LOOK_AGAIN_AT_LAST = 10


# As a condition of indexes, and of queries that shall use them.
ACTIVE = Q(state__in=["queued", "running"])
IS_OVERDUE = Q(state="running", deadline_at__lt=Now())


def usual_attempts() -> int:
    return int(settings.JOB_MAX_ATTEMPTS)


def _is_stale() -> Q:
    """A process works on these, or a command waits with them for its turn, and fell silent."""
    owned = Q(state="running") | Q(state="queued", in_foreground=True)
    return owned & Q(heard_at__lt=Now() - timedelta(seconds=settings.JOB_STALE_SECONDS))


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> JobQuerySet:
        return self.filter(ACTIVE)

    def to_send(self) -> JobQuerySet:
        """Jobs that wait for a worker, and not for the command that made them."""
        return self.filter(state=Job.State.QUEUED, in_foreground=False)

    def stale(self) -> JobQuerySet:
        """Active jobs whose process has not been heard of, by the database's clock."""
        return self._heard().filter(_is_stale())

    def overdue(self) -> JobQuerySet:
        """Running jobs that are past their time limit, by the database's clock."""
        return self.filter(IS_OVERDUE)

    def lost(self) -> JobQuerySet:
        """Jobs on whose present attempt it is time to give up."""
        return self._heard().filter(_is_stale() | IS_OVERDUE)

    def _heard(self) -> JobQuerySet:
        return self.alias(heard_at=Coalesce("heartbeat_at", "created_at"))

    def with_clock(self) -> JobQuerySet:
        """Fetch the database's time along: what a page says about silence, age and time left needs it."""
        return self.annotate(now=Now())

    def with_holders(self) -> JobQuerySet:
        """Fetch what each job works for (an import, a run) in the same query."""
        holders = [kind["holder"] for kind in settings.JOB_KINDS.values() if kind["holder"]]
        return self.select_related("created_by", *holders)

    def counts(self) -> dict[str, int]:
        """How many there are in each state; those that have stalled count as stalled, not as running."""
        found = dict(self.order_by().values_list("state").annotate(Count("pk")))
        stalled = self.stale().filter(state=Job.State.RUNNING).count()
        return {**found, "running": found.get("running", 0) - stalled, "stalled": stalled}


class Job(models.Model):
    """One piece of background work: who asked, how far it is, and how it ended."""

    class State(models.TextChoices):
        QUEUED = "queued", gettext_lazy("queued")
        RUNNING = "running", gettext_lazy("running")
        SUCCEEDED = "succeeded", gettext_lazy("succeeded")
        FAILED = "failed", gettext_lazy("failed")
        CANCELLED = "cancelled", gettext_lazy("cancelled")

    kind = models.CharField(max_length=20)
    # For lists: they need not fetch what the job works for, which may be gone.
    title = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    # Of the active jobs only one has a key: the same work is not asked for twice.
    key = models.CharField(max_length=200, blank=True)
    # Of the jobs in a lane one runs at a time, the oldest first.
    lane = models.CharField(max_length=100, blank=True)
    # A command does the work itself: no worker is told of it, and nobody else may take it over.
    in_foreground = models.BooleanField(default=False)
    # Each claim increments it; a worker writes only while the row still bears its own attempt.
    attempt = models.PositiveIntegerField(default=0)
    # The last attempt that is made by itself; somebody who tries again raises it.
    attempt_limit = models.PositiveIntegerField(default=usual_attempts)
    stage = models.CharField(max_length=80, blank=True)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    failure = models.CharField(max_length=10, choices=Reason, blank=True)
    error = models.TextField(blank=True)
    worker = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    # Since when it waits: a lost or failed attempt puts it into the queue anew.
    queued_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    # Of the latest attempt.
    started_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    stage_started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The few that are active among ever so many finished ones. No column that a heartbeat changes
            # is in an index: then PostgreSQL writes it without touching any.
            models.Index(fields=["state", "id"], name="job_active", condition=ACTIVE),
            models.Index(fields=["created_by"], name="job_active_of_user", condition=ACTIVE),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=ACTIVE & ~Q(key=""), name="job_one_active_of_key"
            ),
            models.UniqueConstraint(
                fields=["lane"], condition=Q(state="running") & ~Q(lane=""), name="job_one_running_in_lane"
            ),
            models.CheckConstraint(
                name="job_finished_at_when_finished",
                condition=Q(state__in=["queued", "running"], finished_at__isnull=True)
                | Q(state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="job_running_has_heartbeat",
                condition=~Q(state="running") | Q(heartbeat_at__isnull=False, attempt__gt=0),
            ),
            models.CheckConstraint(
                name="job_queued_is_wanted",
                condition=~Q(state="queued") | Q(cancel_requested_at=None),
            ),
            models.CheckConstraint(
                name="job_failed_has_reason",
                condition=Q(state="failed") & ~Q(failure="") & ~Q(error="")
                | ~Q(state="failed") & Q(failure="", error=""),
            ),
        ]

    def __str__(self) -> str:
        return self.title or _("%(kind)s job %(job)s") % {"kind": self.kind, "job": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("jobs:job-detail", args=[self.pk])

    @property
    def holder(self) -> Any:
        """What the job works for: the import or run that holds it; `None` if that is gone."""
        name = settings.JOB_KINDS[self.kind]["holder"]
        try:
            return getattr(self, name) if name else None
        except ObjectDoesNotExist:
            return None

    # ---- State -------------------------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_cancelling(self) -> bool:
        return self.is_active and self.cancel_requested_at is not None

    @property
    def can_retry(self) -> bool:
        """Whether another try may end better: what was refused would be refused again."""
        return self.state == self.State.FAILED and self.failure != Reason.REFUSED

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

    @cached_property
    def is_behind(self) -> bool:
        """Whether it waits for another job of its lane."""
        before = Job.objects.active().filter(lane=self.lane).exclude(pk=self.pk)
        first = Q(state=self.State.RUNNING) | Q(pk__lt=self.pk)
        return bool(self.lane) and before.filter(first).exists()

    # ---- Time and progress ---------------------------------------------------------------------------------

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


class ProcessQuerySet(models.QuerySet["Process"]):
    def alive(self) -> ProcessQuerySet:
        """Those heard of lately, by the database's clock."""
        return self.filter(seen_at__gte=Now() - timedelta(seconds=settings.JOB_STALE_SECONDS))

    def with_clock(self) -> ProcessQuerySet:
        return self.annotate(now=Now())


class Process(models.Model):
    """A worker or beat process, and when it was last heard of."""

    class Role(models.TextChoices):
        WORKER = "worker", gettext_lazy("worker")
        BEAT = "beat", gettext_lazy("scheduler")

    role = models.CharField(max_length=10, choices=Role)
    # Host and process id.
    name = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    objects = ProcessQuerySet.as_manager()
    # The database's time, fetched by `with_clock`.
    now: datetime

    class Meta:
        ordering = ["role", "name"]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.name}"

    @property
    def is_alive(self) -> bool:
        return self.silent_seconds <= settings.JOB_STALE_SECONDS

    @property
    def silent_seconds(self) -> float:
        return (self.now - self.seen_at).total_seconds()

    @property
    def up_seconds(self) -> float:
        return (self.now - self.started_at).total_seconds()
