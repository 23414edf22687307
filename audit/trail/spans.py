"""Reading the trail a few months at a time.

PostgreSQL opens, and locks, every partition that it cannot rule out while it plans a statement. With ten
years of months that would be hundreds of locks, so every statement names a span of time as literals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from django.db.models import QuerySet

from audit.models import AuditEvent
from audit.trail.months import kept_months

# Partitions that one statement opens, three locks each with the indexes; the DEFAULT one may come with them.
MONTHS = 3
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Span:
    """The time from `begin` until before `end`."""

    begin: datetime
    end: datetime

    def of(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return events.filter(at__gte=self.begin, at__lt=self.end)


def all_time() -> list[Span]:
    """Spans that follow one another, the oldest first. No event lies outside, with a partition or without."""
    begins = [month.begin for month in kept_months()[::MONTHS]]
    return [Span(begin, end) for begin, end in pairwise([FIRST, *begins, LAST])]
