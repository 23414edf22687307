"""Which number format a column's cells match, and whether they match more than one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from customers.importing.columns.numbers import PLAIN, SYMBOLS, NumberFormat

FORMATS = (
    PLAIN,
    NumberFormat(","),
    NumberFormat(".", ","),
    NumberFormat(",", "."),
    NumberFormat(".", " "),
    NumberFormat(",", " "),
    NumberFormat(".", "'"),
)


@dataclass(frozen=True)
class FormatGuess:
    """How a column appears to write its numbers."""

    format: NumberFormat
    matches: int = 0
    is_ambiguous: bool = False
    example: str = ""
    readings: str = ""


@dataclass
class FormatCounts:
    """How many cells match each format."""

    plain: int = 0
    with_point: int = 0  # of the plain ones
    # The other formats; counted only if some cell with a digit is not a plain number.
    matches: Counter[NumberFormat] = field(default_factory=Counter)

    def add_plain(self, cells: pa.StringArray, *, has_points: bool) -> None:
        self.plain += len(cells)
        if has_points:
            self.with_point += pc.sum(pc.match_substring(cells, ".")).as_py() or 0

    def add_others(self, cells: pa.StringArray) -> None:
        for symbol in {"", _common_symbol(cells)}:
            for candidate in (replace(plain, symbol=symbol) for plain in FORMATS):
                self.matches[candidate] += pc.sum(candidate.matches(cells)).as_py() or 0

    def guess(self, decimal: str, filled: int, sample: list[str]) -> FormatGuess:
        """Guess the format that matches the most cells.

        Parameters
        ----------
        decimal
            The decimal separator, if specified; else empty.
        filled, sample
            The number of cells that are not empty, and some of them, to find an ambiguous example.
        """
        readable = self._count_readable(filled)
        # Ties go to the plainest format: no symbol, no thousands separator, a decimal point.
        allowed = sorted(
            (candidate for candidate in readable if decimal in ("", candidate.decimal)),
            key=lambda candidate: (
                -readable[candidate],
                bool(candidate.symbol),
                bool(candidate.thousands),
                candidate.decimal != ".",
            ),
        )
        if not allowed:
            return FormatGuess(NumberFormat(decimal))
        best, most = allowed[0], readable[allowed[0]]
        for rival in allowed[1:]:
            same = readable[rival] == most and rival.symbol == best.symbol
            if same and rival.decimal != best.decimal and best != PLAIN:
                example = next((cell for cell in sample if "," in cell), "")
                return FormatGuess(best, most, True, example, _readings(example, best, rival))
        return FormatGuess(best, most)

    def _count_readable(self, filled: int) -> dict[NumberFormat, int]:
        return {PLAIN: self.plain} | {
            candidate: matches + self.plain - (self.with_point if candidate.decimal == "," else 0)
            for candidate, matches in self.matches.items()
            # An occasional currency symbol is a mistake; in most cells, it is part of the format.
            if matches and (not candidate.symbol or 2 * matches >= filled)
        }


def _common_symbol(cells: pa.StringArray) -> str:
    """The currency or per cent sign that most cells have."""
    for symbol in SYMBOLS:
        if 2 * pc.sum(pc.match_substring(cells, symbol)).as_py() >= len(cells):
            return symbol
    return ""


def _readings(example: str, first: NumberFormat, second: NumberFormat) -> str:
    if not example:
        return _("read in two ways")
    values = [f"{format_.convert(pa.array([example]))[0]:g}" for format_ in (first, second)]
    return _("%(first)s or %(second)s") % {"first": values[0], "second": values[1]}
