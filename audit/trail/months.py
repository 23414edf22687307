"""The trail's table, one partition a month: made ahead, and dropped whole when the retention is over.

An event goes into its month's partition; where there is none, into the DEFAULT partition, so that none is
lost. Making the month's partition later moves the events there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection, transaction
from django.db.utils import OperationalError
from psycopg import sql

TABLE = "audit_auditevent"
DEFAULT = f"{TABLE}_default"
# Partitions of this many coming months are there ahead of time.
AHEAD = 3
# Nobody who records an event waits longer than this for the table's keeping.
LOCK_TIMEOUT = "2s"

logger = logging.getLogger(__name__)

# Months that this process knows to have a partition.
_known: set[Month] = set()


@dataclass(frozen=True, order=True)
class Month:
    """A month of UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: date) -> Month:
        return cls(moment.year, moment.month)

    @classmethod
    def now(cls) -> Month:
        return cls.of(datetime.now(UTC))

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    def plus(self, months: int) -> Month:
        """The month so many months later; earlier, if negative."""
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    @property
    def table(self) -> str:
        return f"{TABLE}_{self.year}_{self.number:02}"

    @property
    def begin(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)


def execute(statement: str, **names: sql.Composable) -> list[tuple[object, ...]]:
    """Run one statement composed with `psycopg.sql`; return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(table=sql.Identifier(TABLE), **names))
        return cursor.fetchall() if cursor.description else []


def kept_months() -> list[Month]:
    """The months that have a partition, the oldest first."""
    found = execute(
        "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
        " WHERE inhparent = {name}::regclass AND child.relname <> {default}",
        name=sql.Literal(TABLE),
        default=sql.Literal(DEFAULT),
    )
    return sorted(Month(*map(int, str(name)[len(TABLE) + 1 :].split("_"))) for (name,) in found)


# ---- Making them -------------------------------------------------------------------------------------------


def provide_month() -> None:
    """Make this month's partition if there is none; the event about to be written must not wait for it.

    If a lock is in the way, the event goes into the DEFAULT partition and is moved within the hour. Costs one
    query a month and process.
    """
    month = Month.now()
    if month in _known:
        return
    try:
        make_month(month)
    except OperationalError as error:
        logger.warning("the audit trail has no partition for %s yet: %s", month, error)


def provide_months() -> None:
    """Make the partitions of this and the coming months, and of months with events in the DEFAULT one."""
    strays = execute("SELECT DISTINCT date_trunc('month', at, 'UTC') FROM {default}", default=_id(DEFAULT))
    now = Month.now()
    wanted = {Month.of(begin) for (begin,) in strays if isinstance(begin, datetime)}
    for month in sorted(wanted | {now.plus(number) for number in range(AHEAD + 1)}):
        make_month(month)


def make_month(month: Month) -> None:
    """Make a month's partition unless it is there; move its events out of the DEFAULT one.

    Attaching locks neither writers nor readers of other partitions out, unlike `CREATE TABLE … PARTITION OF`.

    Raises
    ------
    OperationalError
        Somebody held a lock for too long. Nothing was changed: try again later.
    """
    if _is_there(month):
        _known.add(month)
        return
    with transaction.atomic(), brief_locks():
        execute("SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))", name=sql.Literal(TABLE))
        if not _is_there(month):
            _make(month)
    _known.add(month)


def _make(month: Month) -> None:
    names = {
        "month": _id(month.table),
        "default": _id(DEFAULT),
        "begin": sql.Literal(month.begin.isoformat()),
        "end": sql.Literal(month.plus(1).begin.isoformat()),
    }
    execute("CREATE TABLE {month} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)", **names)
    if execute("SELECT 1 FROM {default} WHERE at >= {begin} AND at < {end} LIMIT 1", **names):
        execute("ALTER TABLE {default} DISABLE TRIGGER audit_refuse_changes", **names)
        execute(
            "WITH moved AS (DELETE FROM {default} WHERE at >= {begin} AND at < {end} RETURNING *)"
            " INSERT INTO {month} SELECT * FROM moved",
            **names,
        )
        execute("ALTER TABLE {default} ENABLE TRIGGER audit_refuse_changes", **names)
    execute("ALTER TABLE {table} ATTACH PARTITION {month} FOR VALUES FROM ({begin}) TO ({end})", **names)
    guard_against_emptying(month.table)


def guard_against_emptying(table: str) -> None:
    """Refuse TRUNCATE: unlike the guard of rows, this one is not passed on to partitions."""
    execute(
        "CREATE TRIGGER audit_refuse_emptying BEFORE TRUNCATE ON {partition}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_changes()",
        partition=_id(table),
    )


def forget(month: Month) -> None:
    """Know no longer that a month has a partition."""
    _known.discard(month)


# ---- Helpers -----------------------------------------------------------------------------------------------


@contextmanager
def brief_locks() -> Iterator[None]:
    """Give up after two seconds where somebody holds a lock; leave the surrounding transaction as it was."""
    ((before,),) = execute("SELECT current_setting('lock_timeout')")
    execute("SELECT set_config('lock_timeout', {value}, true)", value=sql.Literal(LOCK_TIMEOUT))
    yield
    # After an error the savepoint takes it back by itself.
    execute("SELECT set_config('lock_timeout', {value}, true)", value=sql.Literal(before))


def _is_there(month: Month) -> bool:
    ((found,),) = execute("SELECT to_regclass({name}) IS NOT NULL", name=sql.Literal(month.table))
    return bool(found)


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)
