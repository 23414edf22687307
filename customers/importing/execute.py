"""The work of one import's job: look, decide, bring in, publish."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.importing.columns.layout import Layout, lay_out
from customers.importing.columns.mapping import ColumnMapping, check_mapping, named
from customers.importing.columns.proposal import look, propose
from customers.importing.columns.validation import Accepted, Validator
from customers.importing.errors import ImportRefusedError
from customers.importing.files.reading import read_batches
from customers.importing.files.rows import Batch, Reject
from customers.importing.files.second_tables import SecondTable
from customers.importing.files.sniffing import FileLook
from customers.importing.version import loading, merging, staging
from customers.importing.version.ascending import AscendingIds
from customers.importing.version.tally import Tally
from customers.models import CustomerImport
from jobs.worker.execution import Claim
from jobs.worker.execution import execute as execute_job

logger = logging.getLogger(__name__)

ATTEMPTS = 5

COMPOSED = gettext_noop(
    "Some customer ids hold accents typed as characters of their own: "
    "they were composed, so that nobody is two customers."
)

Watch = Callable[[str, int, int | None], None]


class NothingAcceptedError(ImportRefusedError):
    """Not one row of the file could be brought in."""


def execute_import(job_id: int, watch: Watch | None = None) -> None:
    """Do the work of an import's job; return quietly when another has it."""

    def work(claim: Claim) -> None:
        customer_import = CustomerImport.objects.select_related("dataset").get(job_id=job_id)
        _Run(claim, customer_import, watch).run()

    execute_job(job_id, work)


class _Run:
    """One attempt at one import."""

    def __init__(
        self,
        claim: Claim,
        customer_import: CustomerImport,
        watch: Watch | None,
    ) -> None:
        self.claim, self.customer_import, self.watch = claim, customer_import, watch

    def report(self, stage: str, done: int = 0, total: int | None = None) -> None:
        if self.watch:
            self.watch(stage, done, total)
        self.claim.report(stage, done, total)

    def run(self) -> None:
        self.report(gettext_noop("looking at the file"))
        file = look(self.customer_import)
        columns, warnings = self._settle_mapping(file)
        said = [*file.warnings, *warnings, *self._new_columns(columns)]
        self.customer_import.warnings = [*self._same_file_again(), *said]
        self.customer_import.encoding = "" if file.sheet else file.table.encoding
        self.customer_import.delimiter = "" if file.sheet else file.table.delimiter
        self.customer_import.mapping = [column.to_json() for column in columns]
        self.customer_import.save(update_fields=["warnings", "encoding", "delimiter", "mapping"])
        for _attempt in range(ATTEMPTS):
            try:
                self._load(file, columns)
                return
            except loading.BaseMovedError:
                logger.info("import %s: its base was undone, built anew", self.customer_import.pk)
        raise ImportRefusedError(_("The customers were changed again and again meanwhile: please try again."))

    def _same_file_again(self) -> list[str]:
        earlier = self.customer_import.dataset.imports.filter(
            sha256=self.customer_import.sha256, published_at__isnull=False, undone_at=None
        ).first()
        if earlier is None or earlier.published_at is None:
            return []
        text = _("This very file was imported before, on %(day)s.")
        return [text % {"day": date_format(earlier.published_at, "DATE_FORMAT")}]

    def _new_columns(self, columns: Sequence[ColumnMapping]) -> list[str]:
        known = list(self.customer_import.dataset.attributes.all())
        new = [each.name for each in columns if each.is_attribute and named(each.name, known) is None]
        if not known or not new:
            return []
        listed = ", ".join(f"“{name}”" for name in new)
        text = _("Not known before: %(names)s. Customers who are not in this file have no value there.")
        return [text % {"names": listed}]

    def _settle_mapping(self, file: FileLook) -> tuple[tuple[ColumnMapping, ...], tuple[str, ...]]:
        """What people declared, or what all cells of all columns say."""
        if self.customer_import.mapping:
            columns = tuple(map(ColumnMapping.from_json, self.customer_import.mapping))
            if [column.header for column in columns] != list(file.headers):
                raise ImportRefusedError(_("The columns of the file are not those that were mapped."))
            warnings: tuple[str, ...] = ()
        else:
            batches = self._batches(file, gettext_noop("looking at the columns"))
            proposal = propose(self.customer_import, file, batches, rows=file.line_count)
            columns, warnings = proposal.settled(), proposal.warnings
        check_mapping(columns)
        return columns, warnings

    def _batches(self, file: FileLook, stage: str) -> Iterator[Batch]:
        done = 0
        for batch in read_batches(file.path, file.table, file.width, header_line=file.header_line):
            yield batch
            done += len(batch.lines) + len(batch.rejects)
            self.report(stage, min(done, file.line_count), file.line_count)

    def _load(self, file: FileLook, columns: Sequence[ColumnMapping]) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
            tally = Tally(spool)
            try:
                with transaction.atomic():
                    self._load_in_transaction(file, columns, tally)
            except NothingAcceptedError as error:
                tally.keep_reasons(self.customer_import)
                raise ImportRefusedError(str(error)) from None

    def _load_in_transaction(self, file: FileLook, columns: Sequence[ColumnMapping], tally: Tally) -> None:
        dataset = self.customer_import.dataset
        loading.prepare_session()
        loading.wait_for_turn(dataset, self.claim)
        dataset.refresh_from_db()
        base = dataset.current_version
        if base is not None and self._repeats(base):
            self._report_repetition(base)
            self.claim.succeed()
            return
        layout = lay_out(dataset, columns)
        validator = Validator(
            columns, layout.positions, has_nul=file.table.scan.has_nul, is_sheet=bool(file.sheet)
        )
        counts = self._bring_in(base, layout, lambda: self._accepted(file, validator, tally), file, tally)
        tally.second_table.refuse()
        self._refuse_nothing(tally)
        self.report(gettext_noop("publishing"))
        composed = _(COMPOSED)
        if validator.has_composed_ids and composed not in self.customer_import.warnings:
            self.customer_import.warnings.append(composed)
        self._store_report(counts, tally)
        if counts.changes_anything:
            loading.publish(self.customer_import, base, counts)
        else:
            dataset.attributes.filter(pk__in=layout.created).delete()
        self.claim.succeed()

    def _repeats(self, base: CustomerImport) -> bool:
        """Whether the version that people see came of this very file, read and used the same way."""
        same = ("sha256", "encoding", "delimiter", "mapping", "options")
        return all(getattr(base, name) == getattr(self.customer_import, name) for name in same)

    def _report_repetition(self, base: CustomerImport) -> None:
        """Report what reading the file again would: every row that came in is there unchanged."""
        CustomerImport.objects.filter(pk=self.customer_import.pk).update(
            read_count=base.read_count,
            unchanged_count=base.read_count - base.rejected_count,
            rejected_count=base.rejected_count,
            blank_count=base.blank_count,
        )
        columns = 'line, "column", value, reason, cells'
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO customers_rejectedrow (customer_import_id, {columns})"  # noqa: S608  # constants
                f" SELECT %s, {columns} FROM customers_rejectedrow WHERE customer_import_id = %s ORDER BY id",
                [self.customer_import.pk, base.pk],
            )

    def _bring_in(
        self,
        base: CustomerImport | None,
        layout: Layout,
        accepted: Callable[[], Iterator[Accepted]],
        file: FileLook,
        tally: Tally,
    ) -> loading.Counts:
        if base is None:
            try:
                return loading.load_first_version(self.customer_import, layout, accepted())
            except loading.DuplicateIdsError:
                logger.info("import %s: ids stand twice, staged", self.customer_import.pk)
        elif merging.may_align(base, layout, file.line_count):
            try:
                with transaction.atomic():
                    return merging.load_aligned_version(self.customer_import, base, layout, accepted())
            except (merging.NotAlignedError, loading.DuplicateIdsError):
                logger.info(
                    "import %s: the customers stand in another order, staged", self.customer_import.pk
                )
        staged = staging.stage(self.customer_import, layout, accepted())
        self.report(gettext_noop("comparing with the customers known"))
        if not tally.ascending and (duplicates := staging.set_aside_duplicates(staged)):
            tally.accepted -= duplicates
            tally.rejected += duplicates
            self._keep_duplicates(file, staged, tally)
        self._refuse_nothing(tally)
        self.report(gettext_noop("building the new version"))
        counts = loading.load_next_version(self.customer_import, base, layout, staged)
        staged.drop()
        return counts

    def _accepted(self, file: FileLook, validator: Validator, tally: Tally) -> Iterator[Accepted]:
        tally.accepted = tally.rejected = tally.blank = 0
        tally.ascending, tally.second_table = AscendingIds(), SecondTable()
        tally.spool.seek(0)
        tally.spool.truncate()
        for batch in self._batches(file, gettext_noop("bringing in the customers")):
            validated = validator.validate(batch)
            tally.second_table.watch(validated.accepted.lines, batch.rejects)
            tally.accepted += len(validated.accepted.lines)
            tally.rejected += validated.rejected_rows
            tally.blank += validated.blank
            tally.keep(validated.rejects)
            tally.ascending.watch(validated.accepted.ids)
            yield validated.accepted

    def _keep_duplicates(self, file: FileLook, staged: staging.Staging, tally: Tally) -> None:
        """Read the file once more for the cells of the rows whose id stands twice."""
        columns = self.customer_import.mapping
        id_index = next(index for index, column in enumerate(columns) if column["use"] == "id")
        phrases = staging.Phrases()
        for batch in self._batches(file, gettext_noop("looking for customers who stand there twice")):
            if not len(batch.lines):
                continue
            rows = {int(line): row for row, line in enumerate(batch.lines)}
            first, last = int(batch.lines.min()), int(batch.lines.max())
            for duplicate in staging.read_duplicates(staged, first, last):
                if duplicate.line in rows:
                    cells = batch.cells(rows[duplicate.line])
                    header, value = columns[id_index]["header"], cells[id_index]
                    tally.keep([Reject(duplicate.line, duplicate.explain(phrases), header, value, cells)])

    def _refuse_nothing(self, tally: Tally) -> None:
        if not tally.accepted and not tally.rejected:
            raise ImportRefusedError(_("The file has a line of headers and no customers below it."))
        if not tally.accepted:
            line, column, _value, reason, _cells = next(tally.kept())
            place = _("line %(line)s, %(column)s") if column else _("line %(line)s")
            text = _("None of the %(count)s rows can be brought in. The first reason (%(where)s): %(reason)s")
            where = place % {"line": line, "column": column}
            raise NothingAcceptedError(text % {"count": tally.rejected, "where": where, "reason": reason})

    def _store_report(self, counts: loading.Counts, tally: Tally) -> None:
        values = {
            "read_count": tally.accepted + tally.rejected,
            "created_count": counts.created,
            "updated_count": counts.updated,
            "unchanged_count": counts.unchanged,
            "removed_count": counts.removed,
            "rejected_count": tally.rejected,
            "blank_count": tally.blank,
            "warnings": self.customer_import.warnings,
        }
        CustomerImport.objects.filter(pk=self.customer_import.pk).update(**values)
        if tally.rejected:
            tally.copy_rejects(self.customer_import)
