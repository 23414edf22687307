"""Checking the chain of digests: of the whole trail, or of an exported file of it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from django.db.models import Min, QuerySet
from django.utils.translation import gettext as _

from audit.models import AuditEvent
from audit.trail.chain import Head, content_of, digest_after
from audit.trail.retention import DROPPED
from audit.trail.spans import Span, all_time

MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Link:
    """One sealed event: what happened, and its place in the chain."""

    position: int
    previous: str
    digest: str
    content: dict[str, Any]

    @classmethod
    def of(cls, event: AuditEvent) -> Link:
        return cls(event.position or 0, event.previous, event.digest, content_of(event))


@dataclass
class Check:
    """Follows a chain from event to event and remembers what does not fit.

    Attributes
    ----------
    count
        How many events it has seen.
    last
        The last of them.
    problems
        A sentence for each thing that is wrong; only the first twenty are kept.
    gaps
        Runs of positions that are missing, first and last of each.
    """

    count: int = 0
    last: Head = field(default_factory=Head)
    problems: list[str] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def see(self, link: Link) -> None:
        """Look at the next event, in the order of positions."""
        if digest_after(link.previous, link.content) != link.digest:
            self.complain(_("Event %(position)d was changed after it was sealed."), position=link.position)
        expected = self.last.position + 1
        if link.position < expected:
            self.complain(
                _("Event %(position)d is there more than once, or out of order."), position=link.position
            )
        elif link.position > expected:
            self.gaps.append((expected, link.position - 1))
        elif link.previous != self.last.digest:
            self.complain(_("Event %(position)d does not follow the one before it."), position=link.position)
        self.count += 1
        self.last = Head(link.position, link.digest)

    def complain(self, sentence: str, **values: int) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(sentence % values)

    def seen(self, links: Iterable[Link]) -> Iterator[Link]:
        """The same links, looked at on their way."""
        for link in links:
            self.see(link)
            yield link


def read_links(events: QuerySet[AuditEvent]) -> Iterator[Link]:
    """The sealed ones of these events in the order of the chain, a few thousand at a time.

    Spans follow one another but for events that were sealed late: each is read once the chain has got there.
    """
    in_order = heapq.merge(*(_read_span(span, events) for span in all_time()), key=itemgetter(0))
    return (Link.of(event) for _, event in in_order if event)


def _read_span(span: Span, events: QuerySet[AuditEvent]) -> Iterator[tuple[int, AuditEvent | None]]:
    """The sealed events of a span by position; first its first position alone, before any event is read."""
    first = span.of(AuditEvent.objects.all()).aggregate(first=Min("position"))["first"]
    if first is not None:
        yield first, None
        sealed = span.of(events).exclude(position=None).order_by("position")
        yield from ((event.position or 0, event) for event in sealed.iterator(chunk_size=2_000))


def verify_trail(expected: Iterable[Head] = ()) -> Check:
    """Check the whole trail from the first event that is kept.

    Parameters
    ----------
    expected
        Positions and digests that were noted elsewhere: the chain must still have them.
    """
    check, wanted, dropped = Check(), {each.position: each.digest for each in expected}, set[range]()
    for link in check.seen(read_links(AuditEvent.objects.all())):
        if link.content["action"] == DROPPED:
            dropped |= {range(first, last + 1) for first, last in link.content["details"]["positions"]}
        if wanted.pop(link.position, link.digest) != link.digest:
            check.complain(_("Event %(position)d has another digest than was noted."), position=link.position)
    for first, last in check.gaps:
        if not _is_explained(first, last, dropped):
            check.complain(_("Events %(first)d to %(last)d were removed."), first=first, last=last)
    for position in sorted(wanted):
        if not any(position in each for each in dropped):
            check.complain(_("Event %(position)d, whose digest was noted, is not there."), position=position)
    return check


def _is_explained(first: int, last: int, dropped: set[range]) -> bool:
    """Whether every missing position was dropped when its time was over.

    Of the events before the first one kept, even those that said so may be gone: its neighbour is enough.
    """
    if first == 1:
        return any(last in each for each in dropped)
    position = first
    while position <= last:
        known = next((each for each in dropped if position in each), None)
        if known is None:
            return False
        position = known.stop
    return True
