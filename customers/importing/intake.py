"""The rows of a file during an import: read, checked and counted, with the rejected ones kept aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import IO, Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from customers.importing.columns.ids import notes_of
from customers.importing.columns.mapping import ColumnMapping
from customers.importing.columns.validation import Accepted, Validator
from customers.importing.doubts import RowSample
from customers.importing.errors import ImportRefusedError
from customers.importing.files.rows import Reject
from customers.importing.files.shapes.orders import find_orders
from customers.importing.files.shapes.second_tables import SecondTable
from customers.importing.files.sniffing import FileLook
from customers.importing.options import ImportOptions
from customers.importing.preparation import Report
from customers.importing.version.staging import Duplicate, Phrases
from customers.models import CustomerImport, RejectedRow

# If no row of a file is accepted, this many reasons are kept: enough to see what is wrong.
REASONS_KEPT = 1_000
TABLE = RejectedRow._meta.db_table
COLUMNS = 'line, "column", value, reason, cells, is_kept'


class NothingAcceptedError(ImportRefusedError):
    """Not one row of the file was accepted."""


class Rejects:
    """Rejected rows, spooled to a file until the import is published, as lists of `COLUMNS`."""

    def __init__(self, spool: IO[str]) -> None:
        self.spool = spool

    def clear(self) -> None:
        self.spool.seek(0)
        self.spool.truncate()

    def keep(self, rejects: Iterable[Reject]) -> None:
        for reject in rejects:
            cells = list(reject.cells) if reject.cells is not None else None
            told = [reject.line, reject.column, reject.value, reject.reason, cells, reject.is_kept]
            self.spool.write(json.dumps(told) + "\n")

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
        """Store the first reasons of a file that was refused as a whole, for the import's page."""
        RejectedRow.objects.filter(customer_import=customer_import).delete()
        RejectedRow.objects.bulk_create(
            RejectedRow(
                customer_import=customer_import,
                line=line,
                column=column,
                value=value,
                reason=reason,
                cells=cells,
                is_kept=is_kept,
            )
            for (line, column, value, reason, cells, is_kept), _ in zip(
                self, range(REASONS_KEPT), strict=False
            )
        )


def repeat_rejects(base: CustomerImport, customer_import: CustomerImport) -> None:
    """Copy the rejected rows of an earlier import of the same file."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (customer_import_id, {COLUMNS})"  # noqa: S608  # constants
            f" SELECT %s, {COLUMNS} FROM {TABLE} WHERE customer_import_id = %s ORDER BY id",
            [customer_import.pk, base.pk],
        )


class Intake:
    """The accepted rows of a file, in the form `version.building` expects, and counts of all rows."""

    def __init__(
        self,
        file: FileLook,
        columns: Sequence[ColumnMapping],
        positions: dict[str, int],
        rejects: Rejects,
        report: Report,
        *,
        options: ImportOptions,
    ) -> None:
        self.file, self.rejects, self.report = file, rejects, report
        self.validator = Validator.for_file(
            file,
            columns,
            positions,
            empties_bad_cells=options.empties_bad_cells,
            keeps_rows=options.keeps_rows,
        )
        self.second_table = SecondTable()
        self.sample = RowSample()
        self.accepted = self.rejected = self.emptied = self.blank = self.conflicting = 0

    @property
    def line_count(self) -> int:
        return self.file.line_count

    def __iter__(self) -> Iterator[Accepted]:
        self.second_table = SecondTable()
        self.accepted = self.rejected = self.emptied = self.blank = self.conflicting = 0
        self.rejects.clear()
        self.sample = RowSample()
        self.validator.restart()
        for batch in self.file.read(partial(self.report, gettext_noop("importing customers"))):
            validated = self.validator.validate(batch)
            self.second_table.watch(validated.accepted.lines, batch.rejects)
            self.accepted += len(validated.accepted.lines)
            self.rejected += validated.rejected_rows
            self.emptied += validated.emptied_cells
            self.blank += validated.blank
            self.rejects.keep(validated.rejects)
            self.sample.add(validated.accepted)
            yield validated.accepted

    def reject_duplicates(self, count: int, find: Callable[[int, int], list[Duplicate]]) -> None:
        """Read the file once more for the cells of rows with a duplicate id."""
        self.accepted -= count
        self.rejected += count
        index, header, phrases = self.validator.id_index, self.validator.id_header, Phrases()
        stage = gettext_noop("looking for duplicate customers")
        for batch in self.file.read(partial(self.report, stage)):
            if not len(batch.lines):
                continue
            rows = {int(line): row for row, line in enumerate(batch.lines)}
            for duplicate in find(min(rows), max(rows)):
                if duplicate.line in rows:
                    self.conflicting += not duplicate.is_same
                    cells = batch.cells(rows[duplicate.line])
                    reason = duplicate.explain(phrases)
                    self.rejects.keep([Reject(duplicate.line, reason, header, cells[index], cells)])

    def check_file(self) -> None:
        """Raise if the file as a whole cannot be imported, once all of it has been read.

        Raises
        ------
        ImportRefusedError
            It contains two tables, orders, or no customers.
        NothingAcceptedError
            No row was accepted.
        """
        self.second_table.refuse()
        if orders := find_orders(self.conflicting, self.accepted + self.rejected, self.file.headers):
            raise ImportRefusedError(orders)
        if self.accepted:
            return
        if not self.rejected:
            raise ImportRefusedError(_("The file has a header row but no customers below it."))
        line, column, _value, reason, *_rest = next(iter(self.rejects))
        place = _("line %(line)s, %(column)s") if column else _("line %(line)s")
        text = _("None of the %(count)s rows could be imported. The first reason (%(where)s): %(reason)s")
        where = place % {"line": line, "column": column}
        raise NothingAcceptedError(text % {"count": self.rejected, "where": where, "reason": reason})

    @property
    def warnings(self) -> list[str]:
        warnings = notes_of(self.validator.cleaned_ids)
        if self.validator.left_out:
            text = ngettext(
                "%(count)s row looks like a total, a note or a header and was left out. If it is a customer, "
                "import the file again and keep such rows.",
                "%(count)s rows look like totals, notes or headers and were left out. If they are customers, "
                "import the file again and keep such rows.",
                self.validator.left_out,
            )
            warnings.append(text % {"count": self.validator.left_out})
        return warnings
