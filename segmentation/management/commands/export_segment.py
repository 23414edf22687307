"""Write a segment's customers to a file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers.exports.customer_list import ListRefusedError
from segmentation.exports.contents import WRITERS, Exportable, stream_export
from segmentation.management.files import write_file
from segmentation.models import Cluster


class Command(BaseCommand):
    help = "Write the customers of a run's segment, with today's values, to a file or to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, metavar="RUN", help="number of the run")
        parser.add_argument("number", type=int, metavar="NUMBER", help="number of the segment in the run")
        parser.add_argument("--format", choices=list(WRITERS), default="csv")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, run: int, number: int, output: Path | None, format: str, **options: Any) -> None:  # noqa: A002
        cluster = Cluster.objects.with_owners().filter(run=run, number=number).first()
        if cluster is None:
            raise CommandError(f"There is no segment {number} in run {run}.", returncode=2)
        if output is None and format != "csv":
            raise CommandError("A workbook needs a file: add --output FILE.", returncode=2)
        blocks = stream_export(Exportable.today(cluster.run.segmentation.dataset, cluster), format)
        try:
            self._write(output, blocks)
        except ListRefusedError as error:
            raise CommandError(str(error), returncode=2) from error
        if output is not None:
            self.stderr.write(f"“{cluster.segment}” is in {output}.")

    def _write(self, output: Path | None, blocks: Iterable[bytes]) -> None:
        if output is not None:
            write_file(output, blocks)
            return
        for block in blocks:
            self.stdout.write(block.decode(), ending="")
