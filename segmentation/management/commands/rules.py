"""Write the rule by which a run's customers are in its segments."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.analysis.rules.sql import DIALECTS
from segmentation.management.files import write_file
from segmentation.models import SegmentationRun
from segmentation.segments.readable import write_rules_in_words
from segmentation.segments.rules import (
    ID_COLUMN,
    TABLE,
    NoRuleError,
    write_rule_as_json,
    write_rule_as_sql,
    write_rule_as_workbook,
)


class Command(BaseCommand):
    help = "Write a run's segments as a rule that another tool can follow: who is in which, exactly."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, metavar="RUN", help="number of the run")
        parser.add_argument("--format", choices=["sql", "spreadsheet", "json", "words"], default="sql")
        parser.add_argument("--dialect", choices=list(DIALECTS), default="postgresql", help="of the SQL")
        parser.add_argument("--table", default=TABLE, help=f"the SQL reads from it (default: {TABLE})")
        parser.add_argument(
            "--id-column", default=ID_COLUMN, help=f"what tells customers apart in it (default: {ID_COLUMN})"
        )
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, run: int, output: Path | None, format: str, **options: Any) -> None:  # noqa: A002
        found = SegmentationRun.objects.succeeded().filter(pk=run).first()
        if found is None:
            raise CommandError(f"There is no finished run {run}.", returncode=2)
        if output is None and format == "spreadsheet":
            raise CommandError("A workbook needs a file: add --output FILE.", returncode=2)
        try:
            content = self._write(found, format, **options)
        except NoRuleError as error:
            raise CommandError(str(error), returncode=2) from error
        if output is None:
            self.stdout.write(content.decode())
        else:
            write_file(output, [content])

    def _write(
        self,
        run: SegmentationRun,
        format: str,  # noqa: A002
        *,
        dialect: str,
        table: str,
        id_column: str,
        **_: Any,
    ) -> bytes:
        if format == "spreadsheet":
            return write_rule_as_workbook(run)
        if format == "words":
            return write_rules_in_words(run).encode()
        if format == "json":
            return write_rule_as_json(run).encode()
        return write_rule_as_sql(run, dialect=dialect, table=table, id_column=id_column).encode()
