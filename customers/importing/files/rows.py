"""Rows of text as read, collected in batches, and rejected rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class Reject:
    """Why a row, or one cell of it, is not imported."""

    line: int
    reason: str
    column: str = ""
    value: str = ""
    # The row as it is in the file; only with its first reason.
    cells: tuple[str, ...] | None = None
    # The row was imported all the same, with this one cell left empty.
    is_kept: bool = False


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows as read: one string array per column, and each row's first line."""

    columns: tuple[pa.StringArray, ...]
    lines: npt.NDArray[np.int64]
    rejects: tuple[Reject, ...] = ()
    blank: int = 0

    def cells(self, row: int) -> tuple[str, ...]:
        return tuple(column[row].as_py() for column in self.columns)


@dataclass(eq=False)
class Rows:
    """Rows collected one by one."""

    width: int
    rows: list[Sequence[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    blank: int = 0
    # Reasons for rejection, by the number of cells.
    count_reasons: dict[int, str] = field(default_factory=dict)

    def add(self, cells: Sequence[str], line: int) -> None:
        """Add a row if it has as many cells as the header, or only empty ones beyond."""
        if len(cells) != self.width:
            if not any(cell.strip() for cell in cells):
                self.blank += 1
                return
            if len(cells) < self.width or any(cell.strip() for cell in cells[self.width :]):
                self.reject(cells, line, self._count_reason(len(cells)))
                return
            cells = cells[: self.width]
        self.rows.append(cells)
        self.lines.append(line)

    def reject(self, cells: Sequence[str], line: int, reason: str) -> None:
        self.rejects.append(Reject(line, reason, cells=tuple(map(readable, cells))))

    def _count_reason(self, found: int) -> str:
        if found not in self.count_reasons:
            text = ngettext(
                "The row has %(found)s cell, but the header has %(expected)s.",
                "The row has %(found)s cells, but the header has %(expected)s.",
                found,
            )
            self.count_reasons[found] = text % {"found": found, "expected": self.width}
        return self.count_reasons[found]

    def batch(self) -> Batch:
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * self.width
        try:
            arrays = tuple(pa.array(column, pa.string()) for column in columns)
        except UnicodeEncodeError:
            self._reject_damaged()
            return self.batch()
        return Batch(arrays, np.array(self.lines, np.int64), tuple(self.rejects), self.blank)

    def _reject_damaged(self) -> None:
        """Move rows with invalid bytes to the rejects."""
        rows, lines, self.rows, self.lines = self.rows, self.lines, [], []
        reason = _("The row contains damaged characters.")
        for cells, line in zip(rows, lines, strict=True):
            if all(map(_is_text, cells)):
                self.rows.append(cells)
                self.lines.append(line)
            else:
                self.reject(cells, line, reason)


def joined(first: Batch, second: Batch) -> Batch:
    """Join two batches into one."""
    return Batch(
        tuple(pa.concat_arrays(pair) for pair in zip(first.columns, second.columns, strict=True)),
        np.concatenate([first.lines, second.lines]),
        first.rejects + second.rejects,
        first.blank + second.blank,
    )


def readable(cell: str) -> str:
    """The cell with characters the database cannot store replaced."""
    return cell.replace("\0", "␀").encode("utf-8", "replace").decode() if not _is_text(cell) else cell


def _is_text(cell: str) -> bool:
    if cell.isascii():
        return "\0" not in cell
    return "\0" not in cell and not any("\ud800" <= character <= "\udfff" for character in cell)
