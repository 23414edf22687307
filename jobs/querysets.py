"""Queries for jobs and processes: for pages, and for those who keep jobs going."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Now

if TYPE_CHECKING:
    from jobs.models import Job, Process  # noqa: F401 - ruff does not see them in strings

# Both as a condition of indexes and in the queries that use them.
ACTIVE = Q(state__in=["queued", "running"])
IS_OVERDUE = Q(state="running", deadline_at__lt=Now())


def _is_stale() -> Q:
    """A process works on these, or a command waits with them for its turn, and fell silent."""
    owned = Q(state="running") | Q(state="queued", in_foreground=True)
    return owned & Q(heard_at__lt=Now() - timedelta(seconds=settings.JOB_STALE_SECONDS))


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> JobQuerySet:
        return self.filter(ACTIVE)

    def to_send(self) -> JobQuerySet:
        """Jobs that wait for a worker, and not for the command that made them."""
        return self.filter(state="queued", in_foreground=False)

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
        stalled = self.stale().filter(state="running").count()
        return {**found, "running": found.get("running", 0) - stalled, "stalled": stalled}


class ProcessQuerySet(models.QuerySet["Process"]):
    def alive(self) -> ProcessQuerySet:
        """Those heard of lately, by the database's clock."""
        return self.filter(seen_at__gte=Now() - timedelta(seconds=settings.JOB_STALE_SECONDS))

    def with_clock(self) -> ProcessQuerySet:
        return self.annotate(now=Now())
