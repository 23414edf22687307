"""Rejected rows: kept in a file beside until the import is published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.db import connection

from customers.importing.files.rows import Reject
from customers.models import CustomerImport, RejectedRow

# Of a file none of whose rows came in, this many reasons are kept: enough to see what is wrong.
REASONS_KEPT = 1_000
TABLE = RejectedRow._meta.db_table
COLUMNS = 'line, "column", value, reason, cells'


class Rejects:
    """The rejected rows of a file: line, column, value, reason and cells of each."""

    def __init__(self, spool: IO[str]) -> None:
        self.spool = spool

    def clear(self) -> None:
        self.spool.seek(0)
        self.spool.truncate()

    def keep(self, rejects: Iterable[Reject]) -> None:
        for reject in rejects:
            cells = list(reject.cells) if reject.cells is not None else None
            self.spool.write(
                json.dumps([reject.line, reject.column, reject.value, reject.reason, cells]) + "\n"
            )

    def __iter__(self) -> Iterator[list[Any]]:
        self.spool.seek(0)
        for line in self.spool:
            yield json.loads(line)

    def store(self, customer_import: CustomerImport) -> None:
        statement = f"COPY {TABLE} (customer_import_id, {COLUMNS}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for reject in self:
                copy.write_row([customer_import.pk, *reject])

    def store_first(self, customer_import: CustomerImport) -> None:
        """Store the first reasons of a file that was refused whole, so that its page can show them."""
        RejectedRow.objects.filter(customer_import=customer_import).delete()
        RejectedRow.objects.bulk_create(
            RejectedRow(
                customer_import=customer_import,
                line=line,
                column=column,
                value=value,
                reason=reason,
                cells=cells,
            )
            for (line, column, value, reason, cells), _ in zip(self, range(REASONS_KEPT), strict=False)
        )


def repeat_rejects(base: CustomerImport, customer_import: CustomerImport) -> None:
    """Store for an import what an earlier one of the same file rejected."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (customer_import_id, {COLUMNS})"  # noqa: S608  # constants
            f" SELECT %s, {COLUMNS} FROM {TABLE} WHERE customer_import_id = %s ORDER BY id",
            [customer_import.pk, base.pk],
        )
