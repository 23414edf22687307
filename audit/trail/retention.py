"""Dropping months whose time is over, if there is a retention at all."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import connection, transaction
from django.db.utils import OperationalError
from psycopg import sql

from audit.recording import record
from audit.trail import chain, months
from audit.trail.months import Month, execute
from audit.trail.spans import Span

DROPPED = "dropped old events"

logger = logging.getLogger(__name__)


def drop_old_months() -> int:
    """Drop each month that ended more than `AUDIT_RETENTION_MONTHS` months ago; return how many."""
    if not settings.AUDIT_RETENTION_MONTHS:
        return 0
    first_kept = Month.now().plus(-settings.AUDIT_RETENTION_MONTHS)
    dropped = 0
    for month in [each for each in months.kept_months() if each < first_kept]:
        chain.seal_events()
        try:
            dropped += _drop(month)
        except OperationalError as error:  # somebody holds a lock for long: the next round tries again
            logger.info("the events of %s are still in use: %s", month, error)
    return dropped


def _drop(month: Month) -> bool:
    """Drop a month and say so in the trail, with the positions that will be missing from the chain.

    They are counted before anybody is locked out. `False` if an event has come since.
    """
    runs, names = _positions(month), {"month": sql.Identifier(month.table)}
    count, last = sum(end - begin + 1 for begin, end in runs), max((end for _, end in runs), default=0)
    with transaction.atomic(), months.brief_locks():
        chain.lock_chain()  # first, as everybody does who seals
        execute("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
        newer = "SELECT 1 FROM {month} WHERE position IS NULL OR position > {last} LIMIT 1"
        if execute(newer, **names, last=sql.Literal(last)):
            return False
        if count:
            # Sealed in the same transaction: the chain must not end with the month that goes.
            now = Month.now()
            record(None, DROPPED, f"events of {month}", events=count, positions=runs)
            chain.seal_within(Span(now.begin, now.plus(2).begin))
        execute("DROP TABLE {month}", **names)
    months.forget(month)
    return True


def _positions(month: Month) -> list[list[int]]:
    """The month's positions in the chain, as first and last of each run without a gap."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT min(position), max(position) FROM (SELECT position,"
                " position - row_number() OVER (ORDER BY position) AS run FROM {}) AS each"
                " WHERE position IS NOT NULL GROUP BY run ORDER BY 1"
            ).format(sql.Identifier(month.table))
        )
        return [list(row) for row in cursor.fetchall()]
