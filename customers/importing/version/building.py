"""The entry point of this package: from accepted rows to the published version.

An import never edits rows that people can see. It builds the next version alongside the current one, in the
same transaction as the UPDATE of the dataset's pointer that publishes it.

The plain way stages the rows (`staging`) and joins them with the current version (`joining`); it handles any
file. The fast ways give the same version and the same counts where they apply, and leave nothing behind where
they do not: a first file goes straight into its partition, and a file that lists the customers in the known
order is merged (`merging`, which uses `digests` to skip unchanged blocks). `copy_format` encodes rows for
PostgreSQL by whole columns, and `ascending` avoids the search for duplicates. The setting `IMPORT_PLAINLY`
turns them all off.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

import numpy as np
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop
from psycopg import sql

from customers.importing.columns.layout import Layout
from customers.importing.columns.validation import Accepted
from customers.importing.version.copy_format import HEADER, TRAILER, encode_customers
from customers.importing.version.digests import in_blocks
from customers.importing.version.joining import join_version
from customers.importing.version.merging import NotAlignedError, load_aligned_version, may_align
from customers.importing.version.staging import Duplicate, read_duplicates, set_aside_duplicates, stage
from customers.importing.version.table import Counts, DuplicateIdsError, create_version_table
from customers.models import Customer, CustomerImport, Dataset
from customers.storage import partitions

logger = logging.getLogger(__name__)

# First key of the advisory locks that make imports of one dataset take turns; the second is the dataset.
TURN_LOCK = 7_305_119
# Sorting and joining a million customers takes this much; the default of 4 MB would spill to disk.
WORK_MEMORY = "192MB"


class BaseMovedError(Exception):
    """Somebody undid the version that the next one was built on."""


class AcceptedRows(Protocol):
    """The accepted rows of a file. Each iteration starts again from the first row."""

    @property
    def line_count(self) -> int:
        """Upper limit for the number of rows."""

    def __iter__(self) -> Iterator[Accepted]: ...

    def reject_duplicates(self, count: int, find: Callable[[int, int], list[Duplicate]]) -> None:
        """Count this many rows as rejected; `find` returns those between two lines, both included."""


def wait_for_turn(dataset: Dataset, report: Callable[[str], None]) -> None:
    """Wait until no other import of the dataset is loading; our turn lasts until the transaction ends."""
    # Memory for large joins and index builds, for this transaction only.
    for setting in ("work_mem", "maintenance_work_mem"):
        partitions.execute("SELECT set_config({}, {}, true)", sql.Literal(setting), sql.Literal(WORK_MEMORY))
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [TURN_LOCK, dataset.pk % 2**31])
            if cursor.fetchone()[0]:
                return
        report(gettext_noop("waiting for another import of this dataset"))
        time.sleep(0.3)


def build_version(
    customer_import: CustomerImport,
    base: CustomerImport | None,
    layout: Layout,
    rows: AcceptedRows,
    report: Callable[[str], None],
) -> Counts:
    """Build the version that follows `base` in this transaction, unpublished; none if nothing changes.

    The import's options say whether empty cells delete values, and whether customers who are not in the file
    are removed.
    """
    if not settings.IMPORT_PLAINLY:
        try:
            with transaction.atomic():
                if base is None:
                    return load_first_version(customer_import, layout, rows)
                if may_align(base, layout, rows.line_count):
                    return load_aligned_version(customer_import, base, layout, rows)
        except (NotAlignedError, DuplicateIdsError) as reason:
            logger.info("import %s is staged: %s", customer_import.pk, type(reason).__name__)
    return _stage_and_join(customer_import, base, layout, rows, report)


def load_first_version(
    customer_import: CustomerImport, layout: Layout, accepted: Iterable[Accepted]
) -> Counts:
    """Write a dataset's first customers straight into a partition and attach it. Call it in a savepoint.

    Raises
    ------
    DuplicateIdsError
        A customer id appears on more than one line.
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

    table, columns = create_version_table(version), ["version_id", "customer_id", "numbers", "texts"]
    rows = partitions.copy_rows(table, columns, encoded(), options="FORMAT binary, FREEZE")
    try:
        if rows:
            partitions.attach_partition(Customer, version, partition_by="version_id")
        else:
            partitions.execute("DROP TABLE {}", sql.Identifier(table))
    except IntegrityError as error:
        raise DuplicateIdsError from error
    return Counts(created=rows, customers=rows, digests=b"".join(digests))


def _stage_and_join(
    customer_import: CustomerImport,
    base: CustomerImport | None,
    layout: Layout,
    rows: AcceptedRows,
    report: Callable[[str], None],
) -> Counts:
    staged = stage(customer_import, layout, rows)
    report(gettext_noop("comparing with existing customers"))
    if not staged.is_ascending and (count := set_aside_duplicates(staged)):
        rows.reject_duplicates(count, partial(read_duplicates, staged))
    report(gettext_noop("building the new version"))
    counts = join_version(customer_import, base, layout, staged)
    staged.drop()
    return counts


def publish(customer_import: CustomerImport, base: CustomerImport | None, counts: Counts) -> None:
    """Make the new version the current one, if the base still is.

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
