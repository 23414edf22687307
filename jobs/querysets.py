"""Querysets for jobs and processes, for pages and for recovery."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Now

if TYPE_CHECKING:
    from jobs.models import Job, Process  # noqa: F401 - used in string annotations

# Used as the condition of indexes and in the queries that rely on them.
ACTIVE = Q(state__in=["queued", "running"])
IS_OVERDUE = Q(state="running", deadline_at__lt=Now())


def _is_stale() -> Q:
    """Jobs that a process is working on, or a command is waiting with, and that have gone silent."""
    owned = Q(state="running") | Q(state="queued", in_foreground=True)
    return owned & Q(heard_at__lt=Now() - timedelta(seconds=settings.JOB_STALE_SECONDS))


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> JobQuerySet:
        return self.filter(ACTIVE)

    def to_send(self) -> JobQuerySet:
        """Queued jobs for the workers, not for the command that created them."""
        return self.filter(state="queued", in_foreground=False)

    def stale(self) -> JobQuerySet:
        """Active jobs whose process has gone silent, by the database's clock."""
        return self._heard().filter(_is_stale())

    def overdue(self) -> JobQuerySet:
        """Running jobs past their time limit, by the database's clock."""
        return self.filter(IS_OVERDUE)

    def lost(self) -> JobQuerySet:
        """Jobs whose current attempt should be given up."""
        return self._heard().filter(_is_stale() | IS_OVERDUE)

    def _heard(self) -> JobQuerySet:
        return self.alias(heard_at=Coalesce("heartbeat_at", "created_at"))

    def with_clock(self) -> JobQuerySet:
        """Annotate the database's time, which pages need for durations and the time left."""
        return self.annotate(now=Now())

    def with_holders(self) -> JobQuerySet:
        """Fetch each job's holder (an import, a run) in the same query."""
        holders = [kind["holder"] for kind in settings.JOB_KINDS.values() if kind["holder"]]
        return self.select_related("created_by", *holders)

    def counts(self) -> dict[str, int]:
        """Number of jobs in each state; stalled ones count as stalled, not as running."""
        found = dict(self.order_by().values_list("state").annotate(Count("pk")))
        stalled = self.stale().filter(state="running").count()
        return {**found, "running": found.get("running", 0) - stalled, "stalled": stalled}


class ProcessQuerySet(models.QuerySet["Process"]):
    def alive(self) -> ProcessQuerySet:
        """Processes that reported recently, by the database's clock."""
        return self.filter(seen_at__gte=Now() - timedelta(seconds=settings.JOB_STALE_SECONDS))

    def with_clock(self) -> ProcessQuerySet:
        return self.annotate(now=Now())
