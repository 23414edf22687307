"""From accepted rows to the dataset's next version.

An import never edits rows that people can see. It builds the next version beside the current one, in one
transaction with the UPDATE of the dataset's pointer that publishes it. A first file goes straight into the
fresh partition; later ones are staged and joined with the current version.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop
from psycopg import sql

from customers.importing.columns.layout import Layout
from customers.importing.columns.validation import Accepted
from customers.importing.version.copy_format import HEADER, TRAILER, encode_customers
from customers.importing.version.digests import in_blocks
from customers.importing.version.staging import SEQUENCE, Staging
from customers.models import Customer, CustomerImport, Dataset
from customers.storage import partitions
from customers.storage.slices import BY_ITSELF, Place, Slices
from jobs.worker.execution import Claim

logger = logging.getLogger(__name__)

# First key of the advisory locks by which the imports of one dataset take turns; the second is the dataset.
TURN_LOCK = 7_305_119
# Sorting and joining a million customers takes this much; the default of 4 MB would go through the disk.
WORK_MEMORY = "192MB"


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


class BaseMovedError(Exception):
    """Somebody undid the version that the next one was built upon."""


def wait_for_turn(dataset: Dataset, claim: Claim) -> None:
    """Wait until no other import of the dataset is loading; it is our turn until the transaction ends."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [TURN_LOCK, dataset.pk % 2**31])
            if cursor.fetchone()[0]:
                return
        claim.report(gettext_noop("waiting for another import of this dataset"))
        time.sleep(0.3)


def prepare_session() -> None:
    """Give this transaction the memory that large joins and indexes want."""
    for setting in ("work_mem", "maintenance_work_mem"):
        partitions.execute("SELECT set_config({}, {}, true)", sql.Literal(setting), sql.Literal(WORK_MEMORY))


# ---- A first version -------------------------------------------------------------------------------------


def load_first_version(
    customer_import: CustomerImport, layout: Layout, accepted: Iterable[Accepted]
) -> Counts:
    """Write a dataset's first customers straight into a partition of their own, and attach it.

    Raises
    ------
    DuplicateIdsError
        Nothing was written.
    """
    version, digests = customer_import.pk, list[bytes]()

    def encoded() -> Iterator[bytes | memoryview]:
        yield HEADER
        for block in in_blocks(accepted):
            digests.append(block.digest())
            for rows in block.pieces:
                first = np.full(len(rows.lines), version, np.int64)
                yield encode_customers(
                    first, rows, number_count=layout.number_count, text_count=layout.text_count
                )
        yield TRAILER

    try:
        with transaction.atomic():
            table = create_version_table(version)
            columns = ["version_id", "customer_id", "numbers", "texts"]
            rows = partitions.copy_rows(table, columns, encoded(), options="FORMAT binary, FREEZE")
            if rows:
                partitions.attach_partition(Customer, version, partition_by="version_id")
            else:
                partitions.execute("DROP TABLE {}", sql.Identifier(table))
    except IntegrityError as error:
        raise DuplicateIdsError from error
    return Counts(created=rows, customers=rows, digests=b"".join(digests))


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


# ---- A next version --------------------------------------------------------------------------------------


def load_next_version(
    customer_import: CustomerImport, base: CustomerImport | None, layout: Layout, staging: Staging
) -> Counts:
    """Build the next version from the current one and the staged rows; none if nothing changes.

    The import's options say whether an empty cell clears a value, and whether customers who are not in the
    file leave.
    """
    join = _Join(customer_import, base, layout, staging)
    counts = join.count()
    if counts.changes_anything:
        table = create_version_table(customer_import.pk)
        join.build(table)
        partitions.attach_partition(Customer, customer_import.pk, partition_by="version_id")
    return counts


class _Join:
    """The staged rows `s` beside the customers of the current version `c`."""

    def __init__(
        self, customer_import: CustomerImport, base: CustomerImport | None, layout: Layout, staging: Staging
    ) -> None:
        self.version, self.base = customer_import.pk, base
        self.replaces = bool(customer_import.options.get("replaces"))
        clears = bool(customer_import.options.get("clears_missing"))
        current = sql.Identifier(partitions.partition_name(Customer, base.pk)) if base else None
        self.parts = {
            "staging": staging.table,
            "current": current or sql.SQL("(SELECT * FROM customers_customer WHERE false)"),
            "numbers": _merged("numbers", "float8", layout.number_count, layout.filled_numbers, clears),
            "texts": _merged("texts", "text", layout.text_count, layout.filled_texts, clears),
            "version": sql.Literal(self.version),
            "join": sql.SQL("LEFT JOIN" if self.replaces else "FULL JOIN"),
        }

    def count(self) -> Counts:
        statement = sql.SQL(
            """
            SELECT count(*) FILTER (WHERE c.id IS NULL),
                   count(*) FILTER (
                       WHERE c.id IS NOT NULL AND (({numbers}) <> c.numbers OR ({texts}) <> c.texts)
                   ),
                   count(*)
              FROM {staging} s LEFT JOIN {current} c ON c.customer_id = s.customer_id
            """
        ).format(**self.parts)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            created, updated, staged = cursor.fetchone()
        before = self.base.customer_count if self.base else 0
        removed = before - (staged - created) if self.replaces else 0
        return Counts(created, updated, staged - created - updated, removed, before + created - removed)

    def build(self, table: str) -> None:
        partitions.execute(
            """
            INSERT INTO {table} (version_id, id, customer_id, numbers, texts)
            SELECT {version}, coalesce(c.id, s.id), coalesce(c.customer_id, s.customer_id),
                   CASE WHEN s.line IS NULL THEN c.numbers ELSE {numbers} END,
                   CASE WHEN s.line IS NULL THEN c.texts ELSE {texts} END
              FROM {staging} s {join} {current} c ON c.customer_id = s.customer_id
            """,
            table=sql.Identifier(table),
            **self.parts,
        )


def _merged(column: str, kind: str, count: int, filled: frozenset[int], clears: bool) -> sql.Composed:
    """The SQL for a customer's next array: what the file says over what was known, no NULL at its end."""
    staged = sql.Identifier("s", column)
    if not count or (clears and len(filled) == count):
        return sql.Composed([staged])
    places = [(Place(("s", column), position), Place(("c", column), position)) for position in range(count)]
    slices = Slices(chain.from_iterable(places))
    elements = [
        (slices[said] if clears else sql.SQL("coalesce({}, {})").format(slices[said], slices[known]))
        if said.position in filled
        else slices[known]
        for said, known in places
    ]
    # Both subqueries are evaluated by themselves: an array that is put where its name stands is made anew for
    # every element of it.
    return sql.SQL(
        """
        CASE WHEN c.id IS NULL OR (cardinality({staged}) = {count} AND array_position({staged}, NULL) IS NULL)
             THEN {staged}
             ELSE (SELECT CASE WHEN m[{count}] IS NOT NULL THEN m
                               ELSE coalesce(m[1:(SELECT max(i) FROM unnest(m) WITH ORDINALITY AS e(value, i)
                                                   WHERE value IS NOT NULL)], {empty}::{kind}[])
                          END
                     FROM (SELECT ARRAY[{elements}]::{kind}[] AS m
                             FROM (SELECT {slices} {by_itself}) AS cut
                                  {by_itself}) AS merged)
        END
        """
    ).format(
        staged=staged,
        count=sql.Literal(count),
        elements=sql.SQL(", ").join(elements),
        slices=sql.SQL(", ").join(slices.columns),
        by_itself=BY_ITSELF,
        kind=sql.SQL(kind),  # one of two constants
        empty=sql.Literal("{}"),
    )


# ---- Publishing ------------------------------------------------------------------------------------------


def publish(customer_import: CustomerImport, base: CustomerImport | None, counts: Counts) -> None:
    """Make the new version the one that people see, if the base still is.

    Raises
    ------
    BaseMovedError
        Somebody undid the base meanwhile.
    """
    unmoved = Dataset.objects.filter(pk=customer_import.dataset_id, current_version=base)
    if not unmoved.update(current_version=customer_import):
        raise BaseMovedError
    CustomerImport.objects.filter(pk=customer_import.pk).update(
        base_version=base,
        published_at=Now(),
        customer_count=counts.customers,
        block_digests=counts.digests,
    )
