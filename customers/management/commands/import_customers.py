"""Import a file of customers in the foreground, through the same pipeline as the page."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.conflicts import ConflictError
from customers.importing.columns.dates.parsing import ORDERS
from customers.importing.columns.mapping import USES, ColumnMapping
from customers.importing.errors import ImportRefusedError
from customers.importing.options import ImportOptions
from customers.importing.pipeline import create_dataset, forget_import, import_now
from customers.models import CustomerImport, Dataset
from customers.overview import count_missing_overviews
from jobs.models import Job

REFUSED = 2
INTERRUPTED = 130
DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "space": " "}
REJECTS_SHOWN = 10


class Command(BaseCommand):
    help = "Import customers from a file into a dataset, which is created if it does not exist."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV file, a workbook or a Parquet file")
        parser.add_argument("--dataset", required=True, metavar="NAME", help="the dataset's name")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar='"HEADER=id|number|text|date|skip[:NAME]"',
            help="a column's use, and optionally the name of its attribute; may be repeated",
        )
        parser.add_argument(
            "--encoding", default="", help="for example utf-8 or cp1252; detected if not given"
        )
        parser.add_argument(
            "--delimiter", default="", help="one character or its name; detected if not given"
        )
        parser.add_argument("--sheet", default="", help="the sheet to read, if the workbook has several")
        _add_answers(parser)
        parser.add_argument(
            "--clear-missing", action="store_true", help="empty cells delete the existing value"
        )
        parser.add_argument(
            "--bad-cells",
            default="reject",
            choices=["reject", "empty"],
            help="a row with a cell that cannot be read is rejected, or comes in without that cell",
        )
        parser.add_argument(
            "--keep-rows", action="store_true", help="import totals, notes, headers again too"
        )
        parser.add_argument("--replace", action="store_true", help="remove customers who are not in the file")
        parser.add_argument("--json", action="store_true", help="print a single JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            said = _read_options(options)
            done = self._import(options["file"], options["dataset"], said)
        except ImportRefusedError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted: nothing was imported.", returncode=INTERRUPTED) from error
        seconds = time.perf_counter() - started
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(done, seconds)))
        else:
            self._tell(done, seconds)
        count_missing_overviews()  # as a worker does after an import

    def _import(self, path: Path, name: str, said: ImportOptions) -> CustomerImport:
        dataset, is_new = Dataset.objects.filter(name=name).first(), False
        try:
            with path.open("rb") as file:
                if dataset is None:
                    dataset, is_new = _create_dataset(name)
                done = import_now(dataset, file, path.name, options=said, watch=_Progress().show)
        except OSError as error:
            raise ImportRefusedError(f"{path} cannot be read: {error.strerror}.") from error
        finally:
            if is_new and dataset is not None and not dataset.imports.exists():
                dataset.delete()
        assert done.job is not None  # noqa: S101  # a foreground import has one
        if done.job.state == Job.State.SUCCEEDED:
            return done
        reason = done.job.error or "The import was cancelled."
        forget_import(done)
        if is_new and not dataset.imports.exists():
            dataset.delete()
        raise ImportRefusedError(reason)

    def _tell(self, done: CustomerImport, seconds: float) -> None:
        self.stdout.write(
            f"{done.dataset}: {done.read_count} read, {done.created_count} created, {done.updated_count} "
            f"updated, {done.unchanged_count} unchanged, {done.rejected_count} rejected in {seconds:.1f} s."
        )
        if done.emptied_count:
            self.stdout.write(f"{done.emptied_count} cells could not be read and were left empty.")
        if done.removed_count:
            self.stdout.write(f"{done.removed_count} customers who are not in the file were removed.")
        for warning in done.warnings:
            self.stdout.write(warning)
        for rejected in done.rejected_rows.all()[:REJECTS_SHOWN]:
            where = f", {rejected.column} “{rejected.value[:60]}”" if rejected.column else ""
            outcome = " The cell was left empty." if rejected.is_kept else ""
            self.stdout.write(f"line {rejected.line}{where}: {rejected.reason}{outcome}")
        if done.rejected_count + done.emptied_count > REJECTS_SHOWN:
            self.stdout.write("… and more; the import's page lists them all.")


def _create_dataset(name: str) -> tuple[Dataset, bool]:
    """A dataset of this name, and whether it is new: somebody else may make it at the same moment."""
    try:
        return create_dataset(name), True
    except ConflictError:
        return Dataset.objects.get(name=name), False


def _as_json(done: CustomerImport, seconds: float) -> dict[str, Any]:
    return {
        "import": done.pk,
        "dataset": done.dataset.name,
        "read": done.read_count,
        "created": done.created_count,
        "updated": done.updated_count,
        "unchanged": done.unchanged_count,
        "rejected": done.rejected_count,
        "emptied": done.emptied_count,
        "warnings": done.warnings,
        "seconds": round(seconds, 3),
    }


def _read_options(options: dict[str, Any]) -> ImportOptions:
    delimiter = DELIMITERS.get(options["delimiter"], options["delimiter"])
    if len(delimiter) > 1:
        raise ImportRefusedError("--delimiter takes one character, or one of " + ", ".join(DELIMITERS) + ".")
    if options["encoding"]:
        _check_encoding(options["encoding"])
    signs = dict(_read_answer("--decimal", text, (".", ",", "")) for text in options["decimal"])
    orders = dict(_read_answer("--dates", text, ORDERS) for text in options["dates"])
    return ImportOptions(
        encoding=options["encoding"],
        delimiter=delimiter,
        sheet=options["sheet"],
        decimal=signs.pop("", ""),
        order=orders.pop("", ""),
        decimals=signs,
        orders=orders,
        missing=None if options["missing"] is None else tuple(options["missing"]),
        columns=tuple(map(_read_column, options["map"])),
        clears_missing=options["clear_missing"],
        empties_bad_cells=options["bad_cells"] == "empty",
        keeps_rows=options["keep_rows"],
        replaces=options["replace"],
        confirmed=tuple(options["confirm"]),
    )


def _check_encoding(name: str) -> None:
    try:
        b"a".decode(name)
    except (LookupError, UnicodeError) as error:
        raise ImportRefusedError(f"--encoding {name}: there is no such encoding.") from error


def _read_answer(option: str, text: str, allowed: Collection[str]) -> tuple[str, str]:
    """A header, or nothing for all columns, and what is said about it."""
    header, _, said = text.rpartition("=")
    if said not in allowed:
        listed = " or ".join(filter(None, allowed))
        raise ImportRefusedError(f'{option} takes {listed}, perhaps with "HEADER=" before it, not "{text}".')
    return header, said


def _read_column(text: str) -> ColumnMapping:
    header, _, rest = text.rpartition("=")
    use, _, name = rest.partition(":")
    if not header or use not in USES:
        uses = "|".join(USES)
        raise ImportRefusedError(f'--map takes "HEADER={uses}[:NAME]", not "{text}".')
    return ColumnMapping(header, use, name.strip())


def _add_answers(parser: CommandParser) -> None:
    """The options that answer questions about how values are written."""
    parser.add_argument(
        "--decimal",
        action="append",
        default=[],
        metavar="[HEADER=]. or [HEADER=],",
        help="the decimal separator, of all columns or of one; may be repeated",
    )
    parser.add_argument(
        "--dates",
        action="append",
        default=[],
        metavar="[HEADER=]day-first|month-first|year-first|…",
        help="the order of day, month and year, of all columns or of one; may be repeated",
    )
    parser.add_argument(
        "--missing",
        action="append",
        metavar="MARKER",
        help="a marker for missing values in number columns; may be repeated",
    )
    parser.add_argument(
        "--confirm",
        action="append",
        default=[],
        choices=["ids", "units", "factor"],
        help="what an import asked about the customers that are there is right; may be repeated",
    )


class _Progress:
    """One line on a terminal: progress, rate and time left."""

    def __init__(self) -> None:
        self.stage, self.since, self.shown = "", time.monotonic(), 0.0

    def show(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if not sys.stderr.isatty() or (stage == self.stage and now - self.shown < 0.2):
            return
        if stage != self.stage:
            self.stage, self.since = stage, now
        self.shown = now
        text = stage
        if total and done and now > self.since:
            rate = done / (now - self.since)
            text += f": {done:,} of {total:,}, {rate:,.0f} a second, {(total - done) / rate:.0f} s left"
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
