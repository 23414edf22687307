"""Write the rule by which a run's customers are in its segments."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.analysis.rules.sql import DIALECTS
from segmentation.models import SegmentationRun
from segmentation.segments.rules import NoRuleError, rule_as_json, write_rule_as_sql


class Command(BaseCommand):
    help = "Write a run's segments as a rule that another tool can follow: who is in which, exactly."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, metavar="RUN", help="number of the run")
        parser.add_argument("--format", choices=["sql", "json"], default="sql")
        parser.add_argument("--dialect", choices=list(DIALECTS), default="postgresql", help="of the SQL")
        parser.add_argument("--table", default="customers", help="the SQL reads from it (default: customers)")
        parser.add_argument(
            "--id-column", default="id", help="what tells customers apart in it (default: id)"
        )

    def handle(self, run: int, format: str, dialect: str, table: str, id_column: str, **_: Any) -> None:  # noqa: A002
        found = SegmentationRun.objects.succeeded().filter(pk=run).first()
        if found is None:
            raise CommandError(f"There is no finished run {run}.", returncode=2)
        try:
            if format == "json":
                self.stdout.write(json.dumps(rule_as_json(found), ensure_ascii=False, indent=2))
            else:
                query = write_rule_as_sql(found, dialect=dialect, table=table, id_column=id_column)
                self.stdout.write(query, ending="")
        except NoRuleError as error:
            raise CommandError(str(error), returncode=2) from error
