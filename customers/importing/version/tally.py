"""Counts over the rows of a file, and the rejected rows, kept beside until the import is published."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import connection

from customers.importing.files.rows import Reject
from customers.importing.files.second_tables import SecondTable
from customers.importing.version.ascending import AscendingIds
from customers.models import CustomerImport, RejectedRow

# Of a file none of whose rows came in, this many reasons are kept: enough to see what is wrong.
REASONS_KEPT = 1_000


@dataclass
class Tally:
    """Counts over the rows of the file, and the rejects in a file beside."""

    spool: IO[str]
    accepted: int = 0
    rejected: int = 0
    blank: int = 0
    ascending: AscendingIds = field(default_factory=AscendingIds)
    second_table: SecondTable = field(default_factory=SecondTable)

    def keep(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            cells = list(reject.cells) if reject.cells is not None else None
            self.spool.write(
                json.dumps([reject.line, reject.column, reject.value, reject.reason, cells]) + "\n"
            )

    def kept(self) -> Iterator[list[Any]]:
        self.spool.seek(0)
        for line in self.spool:
            yield json.loads(line)

    def copy_rejects(self, customer_import: CustomerImport) -> None:
        table = RejectedRow._meta.db_table
        with connection.cursor() as cursor:
            statement = f'COPY {table} (customer_import_id, line, "column", value, reason, cells) FROM STDIN'
            with cursor.copy(statement) as copy:
                for reject in self.kept():
                    copy.write_row([customer_import.pk, *reject])

    def keep_reasons(self, customer_import: CustomerImport) -> None:
        """Keep the first reasons of a file that was refused whole, so that its page can show them."""
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
            for (line, column, value, reason, cells), _ in zip(self.kept(), range(REASONS_KEPT), strict=False)
        )
