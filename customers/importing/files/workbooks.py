"""Workbooks and Parquet files: a child process with limits converts a sheet to CSV next to the upload."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.importing.errors import AmbiguousFileError, ImportRefusedError

logger = logging.getLogger(__name__)

# Runs a module by itself: without the environment, and with nothing but its arguments.
RUN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)
# The program that reads a file: by the end of its name, and by its first bytes.
HERE = "customers.importing.files"
ZIP, OLD, PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"
READERS = {
    (".xlsx", ZIP): f"{HERE}.workbook_child",
    (".xlsm", ZIP): f"{HERE}.workbook_child",
    (".xls", ZIP): f"{HERE}.workbook_child",
    (".xls", OLD): f"{HERE}.children.xls_child",
    (".ods", ZIP): f"{HERE}.children.ods_child",
    (".parquet", PARQUET): f"{HERE}.children.parquet_child",
}
HEAD_ROWS = 1_000
ALL_ROWS = 2**40
LIMITS = {
    "entries": 2_000,
    "ratio": 150,
    "bytes": 4 * 1024**3,
    "characters": 1024**2,
    "memory": 1536 * 1024**2,
}
SECONDS, HEAD_SECONDS = 600, 20


@dataclass(frozen=True)
class Sheet:
    """A sheet that was written as a CSV file next to the workbook."""

    asked: str  # the name that somebody said; empty for the only one that people see
    head: bool  # whether it is the first rows alone
    name: str
    names: tuple[str, ...]  # of all sheets
    has_merged: bool
    has_macros: bool
    # More than one sheet is possible: this is the first.
    is_guess: bool = False
    # Rows that nobody sees in the spreadsheet: hidden, or left out by a filter.
    hidden: int = 0
    # It shows a pivot table.
    has_pivot: bool = False
    # Indexes of columns whose numbers are numbers in the workbook, and not texts that look like them.
    exact_columns: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Sheet:
        lists = {name: tuple(values.get(name, ())) for name in ("names", "exact_columns")}
        return cls(**{**values, **lists})

    def path(self, workbook: Path) -> Path:
        return _csv_beside(workbook, head=self.head)

    def answers(self, asked: str, *, head: bool, guess: bool) -> bool:
        """Whether it is what is being asked for now."""
        return (self.asked, self.head) == (asked, head) and (guess or not self.is_guess)

    @property
    def question(self) -> str:
        listed = ", ".join(f"“{one}”" for one in self.names)
        text = _("The workbook has several sheets, %(names)s: choose the one with the customers.")
        return text % {"names": listed}

    @property
    def warnings(self) -> tuple[str, ...]:
        warnings = [self.question] if self.is_guess else []
        if self.has_merged:
            warnings.append(_("Some cells are merged: only the first cell of each group has the value."))
        if self.hidden:
            text = ngettext(
                "%(count)s row is hidden or filtered in the workbook; it is read like the others.",
                "%(count)s rows are hidden or filtered in the workbook; they are read like the others.",
                self.hidden,
            )
            warnings.append(text % {"count": self.hidden})
        if self.has_macros:
            warnings.append(_("The workbook contains macros, which were ignored; only its values were read."))
        return tuple(warnings)


def is_workbook(path: Path, name: str) -> bool:
    return bool(_find_reader(path, name))


def _find_reader(path: Path, name: str) -> str:
    """The module that reads such a file; empty if it is no workbook."""
    with path.open("rb") as file:
        return READERS.get((Path(name.lower()).suffix, file.read(4)), "")


def convert_sheet(path: Path, name: str, sheet: str, *, head: bool = False, guess: bool = False) -> Sheet:
    """Write a sheet as CSV, in UTF-8 with commas.

    Parameters
    ----------
    sheet
        Its name; empty for the only visible one.
    head
        Convert only the first rows.
    guess
        Somebody will check: take the first sheet if more than one is possible.

    Raises
    ------
    ImportRefusedError
        The workbook is damaged or malicious.
    AmbiguousFileError
        It has several sheets.
    """
    answer = _ask_child(path, name, sheet, head=head)
    if answer.get("refused"):
        logger.info("a workbook was refused: %s", answer)
        raise ImportRefusedError(_(str(answer["refused"])) % answer.get("values", {}))
    names = tuple(answer["sheets"])
    if answer["sheet"] is None and guess:
        return replace(convert_sheet(path, name, names[0], head=head), asked=sheet, is_guess=True)
    found = Sheet(
        asked=sheet,
        head=head,
        name=answer["sheet"] or "",
        names=names,
        has_merged=bool(answer.get("merged")),
        has_macros=name.lower().endswith(".xlsm"),
        hidden=int(answer.get("hidden", 0)),
        has_pivot=bool(answer.get("pivot")),
        exact_columns=tuple(answer.get("exact", ())),
    )
    if not found.name:
        raise AmbiguousFileError(found.question, "--sheet")
    return found


def _command(reader: str) -> list[str]:
    return [sys.executable, "-I", "-c", RUN, str(settings.BASE_DIR), reader]


def _csv_beside(workbook: Path, *, head: bool) -> Path:
    return workbook.with_name(f"{workbook.name}.{'head' if head else 'sheet'}.csv")


def _ask_child(path: Path, name: str, sheet: str, *, head: bool) -> dict:
    target = _csv_beside(path, head=head)
    seconds = HEAD_SECONDS if head else SECONDS
    limits = {
        **LIMITS,
        "columns": settings.IMPORT_MAX_COLUMNS,
        "rows": HEAD_ROWS if head else ALL_ROWS,
        "seconds": seconds,
    }
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    request = json.dumps({"sheet": sheet, "limits": limits})
    try:
        done = subprocess.run(
            [*_command(_find_reader(path, name)), str(path), str(target), request],
            capture_output=True,
            timeout=4 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImportRefusedError(_("Reading the workbook takes too long: save the sheet as CSV.")) from error
    if done.returncode:
        logger.warning("the workbook reader ended with %s: %s", done.returncode, done.stderr[-500:])
        raise ImportRefusedError(
            _("The workbook takes too much memory or time to read: save the sheet as CSV.")
        )
    answer: dict = json.loads(done.stdout)
    return answer
