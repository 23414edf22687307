"""Durable background jobs: the row holds the state, the broker's message is only a doorbell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jobs.failures import Reason
from jobs.progress import JobProgress
from jobs.querysets import ACTIVE, JobQuerySet, ProcessQuerySet


def usual_attempts() -> int:
    return int(settings.JOB_MAX_ATTEMPTS)


class Job(JobProgress):
    """A background job: who requested it, what it is and how it ended."""

    kind = models.CharField(max_length=20)
    # For lists, so that they need not fetch the job's holder, which may have been deleted.
    title = models.CharField(max_length=200, blank=True)
    # Only one active job can have a given key: the same work is not requested twice.
    key = models.CharField(max_length=200, blank=True)
    # Jobs in the same lane run one at a time, oldest first.
    lane = models.CharField(max_length=100, blank=True)
    # A command does the work itself: no worker is told of it or may take it over.
    in_foreground = models.BooleanField(default=False)
    # Incremented by each claim; a worker writes only while the row still has its attempt number.
    attempt = models.PositiveIntegerField(default=0)
    # The last automatic attempt; a manual retry raises it.
    attempt_limit = models.PositiveIntegerField(default=usual_attempts)
    failure = models.CharField(max_length=10, choices=Reason, blank=True)
    error = models.TextField(blank=True)
    worker = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    sent_at = models.DateTimeField(null=True)
    # For the latest attempt.
    deadline_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Few jobs are active among many finished ones. Columns that heartbeats update stay out of the
            # indexes, so that PostgreSQL can update rows without touching any index.
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
        """The import, run or export the job belongs to; `None` if it has been deleted.

        One that is deleted and not yet cleared away has a `deleted_at`.
        """
        name = settings.JOB_KINDS[self.kind]["holder"]
        try:
            holder = getattr(self, name) if name else None
        except ObjectDoesNotExist:
            return None
        return None if getattr(holder, "deleted_at", None) else holder

    @property
    def can_retry(self) -> bool:
        """Whether a retry could succeed: what was refused would be refused again."""
        return self.state == self.State.FAILED and self.failure != Reason.REFUSED

    @cached_property
    def is_behind(self) -> bool:
        """Whether it is waiting for another job in its lane."""
        before = Job.objects.active().filter(lane=self.lane).exclude(pk=self.pk)
        first = Q(state=self.State.RUNNING) | Q(pk__lt=self.pk)
        return bool(self.lane) and before.filter(first).exists()


class Process(models.Model):
    """A worker or beat process, and when it last reported."""

    class Role(models.TextChoices):
        WORKER = "worker", gettext_lazy("worker")
        BEAT = "beat", gettext_lazy("scheduler")

    role = models.CharField(max_length=10, choices=Role)
    # Host and process id.
    name = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    objects = ProcessQuerySet.as_manager()
    # The database's time, annotated by `with_clock`.
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
