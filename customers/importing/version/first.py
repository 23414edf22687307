"""A dataset's first version: its rows need no comparison, and go straight into their partition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from django.db import IntegrityError
from psycopg import sql

from customers.importing.columns.layout import Layout
from customers.importing.columns.validation import Accepted
from customers.importing.version.copy_format import HEADER, TRAILER, encode_customers
from customers.importing.version.digests import in_blocks
from customers.importing.version.table import (
    Counts,
    DuplicateIdsError,
    attach_version_table,
    create_version_table,
)
from customers.models import CustomerImport
from customers.storage import partitions


def load_first_version(
    customer_import: CustomerImport, layout: Layout, accepted: Iterable[Accepted]
) -> Counts:
    """Write a dataset's first customers straight into a partition, and attach it. Call it within a savepoint.

    Raises
    ------
    DuplicateIdsError
        A customer id stands on more than one line.
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
            attach_version_table(version)
        else:
            partitions.execute("DROP TABLE {}", sql.Identifier(table))
    except IntegrityError as error:
        raise DuplicateIdsError from error
    return Counts(created=rows, customers=rows, digests=b"".join(digests))
