"""Detecting a second table below the customers: a summary, or the next part of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from customers.importing.errors import ImportRefusedError
from customers.importing.files.rows import Reject


class SecondTable:
    """Watches for rows at the end of a file that share another number of cells, with headers above values.

    A single odd row is a mistake or a row of totals and is just rejected; if customers follow such rows, the
    list continues.
    """

    def __init__(self) -> None:
        self.headers: Reject | None = None
        self.has_values = self.is_spoiled = False

    def watch(self, lines: npt.NDArray[np.int64], rejects: Iterable[Reject]) -> None:
        """Process a batch: the lines of its customers, and its rejects."""
        last = int(lines.max()) if len(lines) else 0
        if last:
            self.headers, self.has_values, self.is_spoiled = None, False, False
        for reject in sorted(rejects, key=lambda reject: reject.line):
            if reject.line > last:
                self._add(reject)

    def _add(self, reject: Reject) -> None:
        cells = reject.cells or ()
        if self.headers is None:
            self.headers, self.is_spoiled = reject, not _look_like_headers(cells)
        elif len(cells) != len(self.headers.cells or ()):
            self.is_spoiled = True
        elif any(character.isdigit() for cell in cells for character in cell):
            self.has_values = True

    def refuse(self) -> None:
        """Raise if there is a second table.

        Raises
        ------
        ImportRefusedError
            It is unclear which of the tables to import.
        """
        if self.headers is not None and self.has_values and not self.is_spoiled:
            text = _(
                "A second table seems to begin in line %(line)s: "
                "remove it from the file, or import it as a separate file."
            )
            raise ImportRefusedError(text % {"line": self.headers.line})


def _look_like_headers(cells: Sequence[str]) -> bool:
    words = {cell.strip().casefold() for cell in cells}
    has_digits = any(character.isdigit() for word in words for character in word)
    return len(cells) > 1 and len(words) == len(cells) and "" not in words and not has_digits
