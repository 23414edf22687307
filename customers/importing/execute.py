"""The work of one import's job: look, decide, bring in, publish."""

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
from customers.importing.errors import ImportRefusedError
from customers.importing.files.sniffing import FileLook
from customers.importing.intake import Intake, NothingAcceptedError, Rejects, repeat_rejects
from customers.importing.preparation import Report, look, settle
from customers.importing.version import building
from customers.models import CustomerImport
from jobs.worker.claim import Claim
from jobs.worker.execution import execute as execute_job

logger = logging.getLogger(__name__)

ATTEMPTS = 5

Watch = Callable[[str, int, int | None], None]


def execute_import(job_id: int, watch: Watch | None = None) -> None:
    """Do the work of an import's job; return quietly when another has it."""

    def work(claim: Claim) -> None:
        def report(stage: str, done: int = 0, total: int | None = None) -> None:
            if watch:
                watch(stage, done, total)
            claim.report(stage, done, total)

        report(gettext_noop("looking at the file"))
        customer_import = CustomerImport.objects.select_related("dataset").get(job_id=job_id)
        file = look(customer_import)
        columns = settle(customer_import, file, report)
        _Load(customer_import, file, columns, claim, report).run()

    execute_job(job_id, work)


@dataclass(frozen=True)
class _Load:
    """Bringing the rows of a file in, each try in a transaction of its own."""

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
                logger.info("import %s: its base was undone, built anew", self.customer_import.pk)
        raise ImportRefusedError(_("The customers were changed again and again meanwhile: please try again."))

    def _try(self) -> None:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
            rejects = Rejects(spool)
            try:
                with transaction.atomic():
                    self._bring_in(rejects)
            except NothingAcceptedError as error:
                rejects.store_first(self.customer_import)
                raise ImportRefusedError(str(error)) from None

    def _bring_in(self, rejects: Rejects) -> None:
        dataset = self.customer_import.dataset
        building.wait_for_turn(dataset, self.claim.report)
        dataset.refresh_from_db()
        base = dataset.current_version
        if base is not None and self._repeats(base) and not settings.IMPORT_PLAINLY:
            self._report_repetition(base)
            self.claim.succeed()
            return
        layout = lay_out(dataset, self.columns)
        intake = Intake(self.file, self.columns, layout.positions, rejects, self.report)
        counts = building.build_version(self.customer_import, base, layout, intake, self.report)
        intake.refuse_unfit()
        self.report(gettext_noop("publishing"))
        self._store_report(counts, intake)
        if counts.changes_anything:
            building.publish(self.customer_import, base, counts)
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
            blank_count=intake.blank,
            warnings=[*warnings, *(each for each in intake.warnings if each not in warnings)],
        )
        if intake.rejected:
            intake.rejects.store(self.customer_import)
