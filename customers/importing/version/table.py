"""The table of a version, from its making to its counts: what every way to build one shares."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from customers.models import Customer
from customers.storage import partitions

# Every customer's id in the system comes from here.
SEQUENCE = "customers_customer_id_seq"


@dataclass(frozen=True)
class Counts:
    """What became of the rows that were accepted."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    customers: int = 0  # in the version
    digests: bytes = b""  # of the version's blocks, where they were made

    @property
    def changes_anything(self) -> bool:
        return bool(self.created or self.updated or self.removed)


class DuplicateIdsError(Exception):
    """A customer id stands on more than one line: the rows must be staged."""


def create_version_table(version: int) -> str:
    """Make the table of a version; its customers get ids of their own unless they have some."""
    table = partitions.create_partition(Customer, version)
    # Nothing is planned by statistics of the arrays, and ANALYZE takes most of its time for them.
    partitions.execute(
        "ALTER TABLE {} ALTER COLUMN id SET DEFAULT nextval({}), ALTER COLUMN numbers SET STATISTICS 0,"
        " ALTER COLUMN texts SET STATISTICS 0",
        sql.Identifier(table),
        sql.Literal(SEQUENCE),
    )
    return table
