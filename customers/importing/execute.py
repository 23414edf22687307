"""Executing an import's job: inspect the file, settle the mapping, load, publish."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.importing.columns.layout import lay_out
from customers.importing.columns.mapping import ColumnMapping
from customers.importing.doubts import DoubtError, doubt
from customers.importing.errors import ImportRefusedError
from customers.importing.files.sniffing import FileLook
from customers.importing.intake import Intake, NothingAcceptedError, Rejects, repeat_rejects
from customers.importing.options import ImportOptions
from customers.importing.preparation import Report, find_file, look, resolve_mapping
from customers.importing.version import building
from customers.models import CustomerImport
from jobs.worker.claim import Claim
from jobs.worker.execution import execute as execute_job

logger = logging.getLogger(__name__)

ATTEMPTS = 5

Watch = Callable[[str, int, int | None], None]


def execute_import(job_id: int, watch: Watch | None = None) -> None:
    """Execute an import's job; return quietly if another process has it."""

    def work(claim: Claim) -> None:
        def report(stage: str, done: int = 0, total: int | None = None) -> None:
            if watch:
                watch(stage, done, total)
            claim.report(stage, done, total)

        report(gettext_noop("reading the file"))
        customer_import = CustomerImport.objects.select_related("dataset").get(job_id=job_id)
        try:
            file = look(customer_import)
            columns = resolve_mapping(customer_import, file, report)
            _Load(customer_import, file, columns, claim, report).run()
        except FileNotFoundError:
            find_file(customer_import)  # if it was deleted meanwhile, a sentence says so
            raise

    execute_job(job_id, work)


@dataclass(frozen=True)
class _Load:
    """Loading the rows of a file, each attempt in its own transaction."""

    customer_import: CustomerImport
    file: FileLook
    columns: Sequence[ColumnMapping]
    claim: Claim
    report: Report

    def run(self) -> None:
        for _attempt in range(ATTEMPTS):
            try:
                self._try()
                return
            except building.BaseMovedError:
                logger.info(
                    "import %s: its base version was undone; building it again", self.customer_import.pk
                )
        raise ImportRefusedError(_("The dataset kept changing during the import: please try again."))

    def _try(self) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
            rejects = Rejects(spool)
            try:
                with transaction.atomic():
                    self._import_rows(rejects)
            except NothingAcceptedError as error:
                rejects.store_first(self.customer_import)
                raise ImportRefusedError(str(error)) from None
            except DoubtError as error:
                options = {**self.customer_import.options, "doubted": error.kind}
                CustomerImport.objects.filter(pk=self.customer_import.pk).update(options=options)
                raise

    def _import_rows(self, rejects: Rejects) -> None:
        dataset = self.customer_import.dataset
        building.wait_for_turn(dataset, self.claim.report)
        dataset.refresh_from_db()
        base = dataset.current_version
        if base is not None and self._repeats(base) and not settings.IMPORT_PLAINLY:
            self._report_repeated_file(base)
            self.claim.succeed()
            return
        layout = lay_out(dataset, self.columns)
        options = ImportOptions.from_json(self.customer_import.options)
        intake = Intake(
            self.file,
            self.columns,
            layout.positions,
            rejects,
            self.report,
            options=options,
        )
        counts = building.build_version(self.customer_import, base, layout, intake, self.report)
        intake.check_file()
        if base is not None and counts.changes_anything:
            attributes = list(dataset.attributes.all())
            doubt(base, self.columns, attributes, intake.sample, options.confirmed)
        self.report(gettext_noop("publishing"))
        self._store_report(counts, intake)
        if counts.changes_anything:
            building.publish(self.customer_import, base, counts)
        else:
            dataset.attributes.filter(pk__in=layout.created).delete()
        self.claim.succeed()

    def _repeats(self, base: CustomerImport) -> bool:
        """Whether the current version was made from this same file, read and mapped in the same way."""
        same = ("sha256", "encoding", "delimiter", "mapping", "options")
        return all(getattr(base, name) == getattr(self.customer_import, name) for name in same)

    def _report_repeated_file(self, base: CustomerImport) -> None:
        """Report what reading the file again would: every accepted row is unchanged."""
        CustomerImport.objects.filter(pk=self.customer_import.pk).update(
            read_count=base.read_count,
            unchanged_count=base.read_count - base.rejected_count,
            rejected_count=base.rejected_count,
            emptied_count=base.emptied_count,
            blank_count=base.blank_count,
        )
        repeat_rejects(base, self.customer_import)

    def _store_report(self, counts: building.Counts, intake: Intake) -> None:
        warnings = self.customer_import.warnings
        CustomerImport.objects.filter(pk=self.customer_import.pk).update(
            read_count=intake.accepted + intake.rejected,
            created_count=counts.created,
            updated_count=counts.updated,
            unchanged_count=counts.unchanged,
            removed_count=counts.removed,
            rejected_count=intake.rejected,
            emptied_count=intake.emptied,
            blank_count=intake.blank,
            warnings=[*warnings, *(each for each in intake.warnings if each not in warnings)],
        )
        if intake.rejected or intake.emptied:
            intake.rejects.store(self.customer_import)
