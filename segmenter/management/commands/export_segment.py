"""Write a segment's customers to a file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers.exporting import stream_csv
from segmenter.exporting import segment_header, segment_rows
from segmenter.models import Cluster


class Command(BaseCommand):
    help = "Write the customers of a run's segment, with today's values, to a file or to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, metavar="RUN", help="number of the run")
        parser.add_argument("number", type=int, metavar="NUMBER", help="number of the segment in the run")
        parser.add_argument("--format", choices=["csv"], default="csv")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")

    def handle(self, run: int, number: int, output: Path | None, **options: Any) -> None:
        clusters = Cluster.objects.with_owners()
        cluster = clusters.filter(run=run, number=number).first()
        if cluster is None:
            raise CommandError(f"There is no segment {number} in run {run}.", returncode=2)
        blocks = stream_csv(segment_header(cluster), segment_rows(cluster))
        if output is None:
            self._write_out(blocks)
            return
        try:
            _write_file(output, blocks)
        except OSError as error:
            raise CommandError(f"{output} could not be written: {error.strerror}.", returncode=2) from error
        self.stderr.write(f"“{cluster.segment}” is in {output}.")

    def _write_out(self, blocks: Iterable[bytes]) -> None:
        for block in blocks:
            self.stdout.write(block.decode(), ending="")


def _write_file(path: Path, blocks: Iterable[bytes]) -> None:
    """Write beside the file and rename: a list is there whole or not at all."""
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as file:
            file.writelines(blocks)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
