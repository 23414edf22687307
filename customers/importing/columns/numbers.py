"""Strict parsing of numbers as people write them, a whole column at a time.

`float()` accepts ``nan``, ``1_000`` and digits of other scripts, and CSV readers guess. Here the format is
declared, a pattern decides what a cell may contain, and whatever matches has only one possible value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# Up to this number, every whole number is exact as a double.
LARGEST_WHOLE = 2.0**53

WHITE = " \t\r\n\u00a0\u202f\u2007\u3000"
THOUSANDS = {"": "", ",": ",", ".": ".", " ": " \u00a0\u202f", "'": "'’"}
SYMBOLS = ("$", "€", "£", "¥", "%", "CHF", "EUR", "USD", "GBP", "kr", "zł", "₹")


@dataclass(frozen=True)
class NumberFormat:
    """How a column writes its numbers."""

    decimal: str = "."
    thousands: str = ""
    # A currency or per cent sign allowed before or after the number.
    symbol: str = ""

    def __post_init__(self) -> None:
        if self.decimal == self.thousands or self.thousands not in THOUSANDS or self.decimal not in ".,":
            raise ValueError(f"no such format: {self.decimal!r} and {self.thousands!r}")

    @property
    def pattern(self) -> str:
        """What a cell must look like, as an RE2 pattern."""
        digits = r"[0-9]+"
        if self.thousands:
            digits = rf"(?:[0-9]{{1,3}}(?:[{THOUSANDS[self.thousands]}][0-9]{{3}})+|[0-9]+)"
        point = re.escape(self.decimal)
        number = rf"(?:{digits}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        if not self.symbol:
            return rf"^[+-]?{number}$"
        sign, space = re.escape(self.symbol), "[ \u00a0\u202f]?"
        return rf"^(?:[+-]?(?:{sign}{space})?{number}|{sign}{space}[+-]?{number}|[+-]?{number}{space}{sign})$"

    def matches(self, cells: pa.StringArray) -> pa.BooleanArray:
        # Plain digits are a number in every format, and checking for them takes a tenth of the time.
        digits = pc.ascii_is_decimal(cells)
        return digits if pc.all(digits).as_py() else pc.match_substring_regex(cells, self.pattern)

    def convert(self, cells: pa.StringArray) -> npt.NDArray[np.float64]:
        """Convert matching cells; missing ones become NaN, and those that are too large infinity."""
        if self.symbol:
            cells = pc.replace_substring(cells, self.symbol, "")
            cells = pc.utf8_trim(cells, WHITE)
            cells = pc.replace_substring_regex(cells, "^([+-])[ \u00a0\u202f]", r"\1")
        if self.thousands:
            cells = pc.replace_substring_regex(cells, f"[{THOUSANDS[self.thousands]}]", "")
        if self.decimal != ".":
            cells = pc.replace_substring(cells, self.decimal, ".")
        values: npt.NDArray[np.float64] = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
        return values


PLAIN = NumberFormat()
# Digits that identify something and are not an amount: 01067 is a postal code.
LEADING_ZERO = r"^[+-]?0[0-9]"


def trimmed(cells: pa.StringArray) -> pa.StringArray:
    """Strip padding; most columns are only letters and digits, and have none."""
    return cells if pc.all(pc.ascii_is_alnum(cells)).as_py() else pc.utf8_trim(cells, WHITE)


def beyond_exact(cells: pa.StringArray, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Mark whole numbers too large for a double to tell apart from their neighbours."""
    large: npt.NDArray[np.bool_] = np.abs(values) >= LARGEST_WHOLE
    if not large.any():
        return large
    # The next whole number rounds to this one.
    for index in np.flatnonzero(np.abs(values) == LARGEST_WHOLE):
        large[index] = re.sub("[^0-9]", "", cells[index].as_py()).lstrip("0") != f"{LARGEST_WHOLE:.0f}"
    # "1e20" is an amount, not a twenty-digit identifier.
    digits = pc.match_substring_regex(cells, r"^[^eE]*$").fill_null(False).to_numpy(zero_copy_only=False)
    return large & digits & (values == np.rint(values))
