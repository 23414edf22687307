"""How many partitions there are, and how many PostgreSQL has room for: a backup locks all of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from audit.models import AuditEvent

# Of the room for locks: from here on people are told what to do.
NEAR = 0.5
# What is advised leaves as much room again twice over, and is a multiple of PostgreSQL's own default.
AMPLE, STEP = 4, 64


@dataclass(frozen=True)
class Capacity:
    """Partitions, and locks that fit into PostgreSQL's lock table.

    Attributes
    ----------
    partitions
        One for each finished run and each kept version.
    locks_each
        `max_locks_per_transaction`: the room for each of the transactions that may be open at a time.
    transactions
        How many these are.
    """

    partitions: int
    locks_each: int
    transactions: int

    @property
    def room(self) -> int:
        return self.locks_each * self.transactions

    @property
    def is_nearly_full(self) -> bool:
        return self.partitions >= NEAR * self.room

    @property
    def advised(self) -> int:
        """The `max_locks_per_transaction` with which there is room enough."""
        steps = -(-AMPLE * self.partitions // (self.transactions * STEP))
        return max(STEP * steps, 2 * self.locks_each)


def read_capacity() -> Capacity:
    """Count the partitions, and ask PostgreSQL for its limits."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT count(*) FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
                     WHERE relispartition AND relkind = 'r' AND inhparent <> %s::regclass),
                   current_setting('max_locks_per_transaction')::bigint,
                   current_setting('max_connections')::bigint
                   + current_setting('max_prepared_transactions')::bigint
            """,
            [AuditEvent._meta.db_table],  # a few months, however many runs there are
        )
        return Capacity(*cursor.fetchone())
