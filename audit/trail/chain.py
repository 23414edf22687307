"""The chain of digests: each event carries the SHA-256 of (digest of the event before + this event).

An event that is changed, removed or put in later no longer fits the digests around it. Who rewrites a whole
chain changes its last digest: keep that elsewhere now and then (the log has it, and the last line of every
exported file), and give it to `manage.py verify_audit --expect`.

**Writers do not wait for the chain.** A lock held from the event to the end of its transaction would let one
long transaction block everybody who does anything. Events are written without digest, and *sealed* soon after
they are committed: every minute by a periodic task, and before each export and check. One sealer at a time
(the row of `Chain` is locked) takes the events of a few months that it sees without a position, gives them
the next positions in the order of their ids, and fills in the digests. An event that is committed late, with
a lower id than those sealed already, comes next time with a higher position: the chain follows positions, not
ids, so nothing can be overlooked and no fork can arise. The guard of the table allows this one change of a
row, once.

What the chain cannot show: an event removed before it was sealed, within about a minute.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from audit.models import AuditEvent, Chain
from audit.trail.spans import Span, all_time

BATCH = 5_000
# The first event of all follows this.
NOTHING = ""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """The last event of the chain: its position, 0 if there is none, and its digest."""

    position: int = 0
    digest: str = NOTHING


def content_of(event: AuditEvent) -> dict[str, Any]:
    """What of an event is sealed, as JSON has it: everything but its place in the chain."""
    return {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "action": event.action,
        "subject": event.subject,
        "details": event.details,
        "address": event.address,
    }


def digest_after(previous: str, content: dict[str, Any]) -> str:
    """The digest of an event: SHA-256 of the digest before it, followed by the event as canonical JSON.

    Canonical is UTF-8 with sorted keys, no spaces and no escapes but those that JSON needs.
    """
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((previous + canonical).encode()).hexdigest()


def read_head() -> Head:
    return Head(*Chain.objects.values_list("position", "digest").get())


def lock_chain() -> Chain:
    """Be the only sealer until the end of this transaction."""
    return Chain.objects.select_for_update().get()


def seal_events() -> Head:
    """Seal every event that is committed and not sealed yet; return the last of the chain."""
    before = read_head()
    for span in all_time():
        seal_within(span)
    head = read_head()
    if head != before:
        logger.info("the audit trail is sealed up to event %d: %s", head.position, head.digest)
    return head


def seal_within(span: Span) -> None:
    """Seal the events of this time, some thousands a transaction."""
    unsealed = span.of(AuditEvent.objects.filter(position=None))
    while unsealed.exists():
        _seal_batch(unsealed)


@transaction.atomic
def _seal_batch(unsealed: QuerySet[AuditEvent]) -> None:
    chain = lock_chain()
    events = list(unsealed.order_by("id")[:BATCH])
    if not events:  # somebody else was faster
        return
    for event in events:
        event.position, event.previous = chain.position + 1, chain.digest
        event.digest = digest_after(chain.digest, content_of(event))
        chain.position, chain.digest = event.position, event.digest
    _write(events)
    chain.actions = sorted({*chain.actions, *(event.action for event in events)})
    chain.save()


def _write(events: Sequence[AuditEvent]) -> None:
    columns = zip(*((e.pk, e.at, e.position, e.previous, e.digest) for e in events), strict=True)
    ids, ats, positions, previous, digests = map(list, columns)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE audit_auditevent AS event
               SET position = link.position, previous = link.previous, digest = link.digest
              FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::text[], %s::text[])
                   AS link (id, at, position, previous, digest)
             WHERE event.id = link.id AND event.at = link.at AND event.at BETWEEN %s AND %s
            """,
            [ids, ats, positions, previous, digests, min(ats), max(ats)],
        )
