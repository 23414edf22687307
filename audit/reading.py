"""Reading customers in bulk, page by page: recorded, and limited for those who may not export.

Counted are customers shown in lists and files, not pages. The counters are in the cache, so that a page costs
no write to the database. If the cache does not respond, people go on working: nothing is counted or limited,
and the log says so.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time

import redis
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from audit.recording import record

HOUR, QUARTER = 3600, 900
# From this many customers of a list in a quarter of an hour on it is recorded, and again whenever the number
# has doubled: 1,000, 2,000, 4,000 …
RECORDED_FROM = 1_000

logger = logging.getLogger(__name__)


class TooMuchRead(Exception):
    """A person has been shown as many customers in this hour as a person who may not export may see."""

    def __init__(self, limit: int, seconds: int) -> None:
        super().__init__(limit, seconds)
        self.limit = limit
        self.seconds = seconds


def count_shown(request: HttpRequest, subject: object, customers: int) -> None:
    """Count customers that are about to be shown; call it before the answer is made.

    Parameters
    ----------
    request
        Who is to see them. A HEAD request shows nothing and is not counted.
    subject
        The list, by the name people know it by; without filters and pages.
    customers
        How many of them the answer shows.

    Raises
    ------
    TooMuchRead
        Show nothing: the person has reached the limit of this hour and may not export.
    """
    if not customers or request.method == "HEAD":
        return
    try:
        limited = _count_hour(request, subject, customers)
        total = _add(f"{request.user.pk}:{_digest(subject)}", customers, QUARTER)
    except redis.exceptions.RedisError as error:
        logger.warning("the cache does not respond, customers shown are not counted: %s", error)
        return
    if limited is not None:
        raise limited
    if _crosses_a_mark(total - customers, total):
        record(request, "was shown many customers", subject, customers=total, within="15 minutes")


def _count_hour(request: HttpRequest, subject: object, customers: int) -> TooMuchRead | None:
    """Count for the limit of the hour; return the refusal if it is passed, recorded once an hour."""
    limit = settings.BULK_READ_LIMIT
    if not limit or request.user.has_perm(settings.BULK_READ_PERMISSION):
        return None
    shown = _add(str(request.user.pk), customers, HOUR)
    if shown <= limit:
        return None
    if shown - customers <= limit:
        record(request, "was refused more customers", subject, limit=limit, within="an hour")
    return TooMuchRead(limit, HOUR - _now() % HOUR)


def _add(name: str, customers: int, seconds: int) -> int:
    """Add to the counter of this hour, or quarter of an hour, in one step; return what it is then."""
    key = f"shown:{seconds}:{_now() // seconds}:{name}"
    cache.add(key, 0, timeout=2 * seconds)
    try:
        return int(cache.incr(key, customers))
    except ValueError:  # it was forgotten in between
        return customers


def _now() -> int:
    return int(time.time())


def _crosses_a_mark(before: int, after: int) -> bool:
    """Whether 1,000, 2,000, 4,000 … lies above the one number and not above the other."""
    return after >= RECORDED_FROM and _mark(before) < _mark(after)


def _mark(number: int) -> int:
    return int(math.log2(number / RECORDED_FROM)) + 1 if number >= RECORDED_FROM else 0


def _digest(subject: object) -> str:
    return hashlib.sha256(str(subject).encode()).hexdigest()[:32]
