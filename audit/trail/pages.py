"""Pages of the trail, the newest event first: span after span is read until a page is full.

A cursor is the time and id of the event at the edge of a page: the next page begins in the right month.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from audit.models import AuditEvent
from audit.trail.spans import LAST, Span, all_time
from common.rounds import for_a_while
from common.table_lists import PAGE_SIZE

# A filter that matches little may have to look through years: the next page goes on after this long.
SECONDS = 2
LARGEST_ID = 2**63 - 1
WRITTEN = re.compile(r"([0-9-]{10}T[0-9:.]{8,15})_([0-9]{1,19})", re.ASCII)


class Cursor(NamedTuple):
    """A place in the trail, beyond which a page begins."""

    at: datetime
    id: int

    @classmethod
    def of(cls, event: AuditEvent) -> Cursor:
        return cls(event.at, event.pk)

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC).replace(tzinfo=None).isoformat()}_{self.id}"


@dataclass(frozen=True)
class Page:
    """Some events, the newest first.

    Attributes
    ----------
    previous, next
        The cursors of the pages with newer and with older events; empty if there are none. A page may have
        fewer events than fit, even none, and still a next one: the time was over.
    """

    events: list[AuditEvent]
    previous: str = ""
    next: str = ""


def read_page(
    events: QuerySet[AuditEvent], *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> Page:
    """Return the page after the cursor `after`, or before the cursor `before`, of these events.

    An invalid cursor gives the first page: anybody can edit a URL.
    """
    if newer_than := _read_cursor(before):
        found, further = _gather(events.order_by("at", "id"), newer_than, size, is_newer=True)
        return Page(found[::-1], further, str(Cursor.of(found[-1])) if found else "")
    edge = _read_cursor(after)
    found, further = _gather(events.order_by("-at", "-id"), edge or Cursor(LAST, 0), size, is_newer=False)
    return Page(found, str(Cursor.of(found[0])) if edge and found else "", further)


def _gather(
    events: QuerySet[AuditEvent], edge: Cursor, size: int, *, is_newer: bool
) -> tuple[list[AuditEvent], str]:
    """Read on from the edge; return the events and the cursor of what comes after them, if anything may."""
    beyond = _beyond(events, edge, is_newer=is_newer)
    found: list[AuditEvent] = []
    spans = iter(_spans_from(edge, is_newer=is_newer))
    for span in for_a_while(spans, SECONDS):
        found += span.of(beyond)[: size + 1 - len(found)]
        if len(found) > size:
            return found[:size], str(Cursor.of(found[size - 1]))
    if (rest := next(spans, None)) is None:
        return found, ""
    # The time is over: the next page begins with the rest.
    just_before = rest.begin if is_newer else rest.end - timedelta(microseconds=1)
    return found, str(Cursor(just_before, 0 if is_newer else LARGEST_ID))


def _beyond(events: QuerySet[AuditEvent], edge: Cursor, *, is_newer: bool) -> QuerySet[AuditEvent]:
    """The events newer, or older, than the edge; of the same moment, by their ids."""
    if is_newer:
        return events.filter(at__gte=edge.at).exclude(at=edge.at, id__lte=edge.id)
    return events.filter(at__lte=edge.at).exclude(at=edge.at, id__gte=edge.id)


def _spans_from(edge: Cursor, *, is_newer: bool) -> Sequence[Span]:
    if is_newer:
        return [span for span in all_time() if span.end > edge.at]
    return [span for span in reversed(all_time()) if span.begin <= edge.at]


def _read_cursor(text: str) -> Cursor | None:
    written = WRITTEN.fullmatch(text)
    if written is None:
        return None
    try:
        return Cursor(datetime.fromisoformat(written[1]).replace(tzinfo=UTC), int(written[2]))
    except ValueError:  # there is no such day
        return None
