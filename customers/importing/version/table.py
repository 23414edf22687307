"""The table of a version and its counts: shared by every way of building one."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from customers.models import Customer
from customers.storage import partitions

# Every customer's id in the system comes from here.
SEQUENCE = "customers_customer_id_seq"


@dataclass(frozen=True)
class Counts:
    """What became of the accepted rows."""

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
    """A customer id appears on more than one line, so the rows must be staged."""


def create_version_table(version: int) -> str:
    """Create a version's table; customers without an id get a new one."""
    table = partitions.create_partition(Customer, version)
    # No query plan needs statistics on the arrays, and ANALYZE would spend most of its time on them.
    partitions.execute(
        "ALTER TABLE {} ALTER COLUMN id SET DEFAULT nextval({}), ALTER COLUMN numbers SET STATISTICS 0,"
        " ALTER COLUMN texts SET STATISTICS 0",
        sql.Identifier(table),
        sql.Literal(SEQUENCE),
    )
    return table
