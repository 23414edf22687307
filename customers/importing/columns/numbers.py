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

# The spaces that people and programs put between groups of digits, and between a number and its sign.
SPACES = " \u00a0\u202f" + "".join(map(chr, range(0x2002, 0x200B))) + "\u205f"
WHITE = SPACES + "\t\r\n\u3000"
# What nobody sees around a number, such as the mark of byte order that joined files have within.
INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
THOUSANDS = {"": "", ",": ",", ".": ".", " ": SPACES, "'": "'’ʼ"}
MINUS = "-−–"
CURRENCIES = (
    *("$", "€", "£", "¥", "₹", "₽", "₺", "₩", "₴", "₪", "₫", "₱", "฿", "R$", "US$", "A$", "C$"),
    *("NZ$", "HK$", "S$", "zł", "Kč", "kr.", "kr", "Ft", "lei", "Rs.", "Rs", "Rp", "RM", "Fr.", "руб."),
    *("AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP"),
    *("EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MAD", "MXN", "MYR"),
    *("NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD"),
    *("THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR"),
    *("euros", "euro"),
)
SHARES = ("%", "‰")
SYMBOLS = (*SHARES, *CURRENCIES)


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
    def plain_pattern(self) -> str:
        """A number without its symbol, and with nothing but a sign before it, as an RE2 pattern."""
        return rf"^[+-]?{self._number}$"

    @property
    def pattern(self) -> str:
        """What a cell must look like, as an RE2 pattern: with every way to write a negative number.

        A share needs its sign: 0.5 among 50 % could be either.
        """
        number, space = self._number, f"[{SPACES}]?"
        sign, minus = rf"(?:[{MINUS}+]{space})?", f"{space}[{MINUS}]"
        bare = [rf"{sign}{number}", rf"{number}{minus}", rf"\({space}{number}{space}\)"]
        if not self.symbol:
            return f"^(?:{'|'.join(bare)})$"
        symbol = f"(?i:{re.escape(self.symbol)})"
        before, after = rf"{symbol}{space}", rf"{space}{symbol}"
        forms = [
            rf"{sign}{before}{number}",
            rf"{before}{sign}{number}",
            rf"{before}{number}{minus}",
            rf"{sign}{number}{after}",
            rf"{number}{minus}{after}",
            rf"{number}{after}{minus}",
            rf"\({space}(?:{before}{number}|{number}{after}){space}\)",
            rf"{before}\({space}{number}{space}\)",
            rf"\({space}{number}{space}\){after}",
        ]
        forms += [rf"0+(?:{re.escape(self.decimal)}0*)?"] if self.symbol in SHARES else bare
        return f"^(?:{'|'.join(forms)})$"

    @property
    def _number(self) -> str:
        point = re.escape(self.decimal)
        rest = f"(?:{point}[0-9]*)?"
        numbers = [rf"(?:[0-9]+{rest}|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"]
        if self.thousands:
            numbers.append(rf"[1-9][0-9]{{0,2}}(?:[{THOUSANDS[self.thousands]}][0-9]{{3}})+{rest}")
        if self.thousands == ",":  # lakh and crore: 12,34,567
            numbers.append(rf"[1-9][0-9]?(?:,[0-9]{{2}})+,[0-9]{{3}}{rest}")
        return f"(?:{'|'.join(numbers)})"

    def matches(self, cells: pa.StringArray) -> pa.BooleanArray:
        # Plain digits are a number in every format, and checking for them takes a tenth of the time.
        digits = pc.ascii_is_decimal(cells)
        if pc.all(digits).as_py() and self.symbol not in SHARES:
            return digits
        if not self.symbol:
            plain = pc.match_substring_regex(cells, self.plain_pattern)
            if pc.all(plain).as_py():
                return plain
        return pc.match_substring_regex(cells, self.pattern)

    def convert(self, cells: pa.StringArray) -> npt.NDArray[np.float64]:
        """Convert matching cells; missing ones become NaN, and those that are too large infinity."""
        if not self.symbol:
            try:
                return self._cast(cells)
            except pa.ArrowInvalid:  # a negative number in another way than with a leading hyphen
                pass
        else:
            cells = pc.replace_substring_regex(cells, f"(?i:{re.escape(self.symbol)})", "")
        is_negative = pc.match_substring_regex(cells, f"^[^0-9.,]*[{MINUS}(]|[{MINUS}][^0-9]*$")
        values = self._cast(pc.utf8_trim(cells, f"{SPACES}()+{MINUS}"))
        return np.where(is_negative.fill_null(False).to_numpy(zero_copy_only=False), -values, values)

    def _cast(self, cells: pa.StringArray) -> npt.NDArray[np.float64]:
        if self.thousands:
            cells = pc.replace_substring_regex(cells, f"[{THOUSANDS[self.thousands]}]", "")
        if self.decimal != ".":
            cells = pc.replace_substring(cells, self.decimal, ".")
        values: npt.NDArray[np.float64] = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
        return values


PLAIN = NumberFormat()
# Digits that identify something and are not an amount: 01067 is a postal code.
LEADING_ZERO = r"^[+-]?0[0-9]"
# A text that a spreadsheet must not take for a number: it shows what is between the quotation marks.
FORMULA_GUARD = r'^="([^"]*)"$'
# The same with an apostrophe, which a spreadsheet hides: '12.50, but not '90s.
APOSTROPHE_GUARD = r"^'[^'a-zA-Z]*[0-9][^'a-zA-Z]*$"

# What is another number with a decimal point than with a decimal comma, if nothing says which it is.
OPEN = r"^[^0-9.,]*[1-9][0-9]{0,2}[.,][0-9]{3}[^0-9]*$"


def trimmed(cells: pa.StringArray) -> pa.StringArray:
    """Strip padding; most columns are only letters and digits, and have none."""
    return cells if pc.all(pc.ascii_is_alnum(cells)).as_py() else pc.utf8_trim(cells, WHITE)


def without_formula_guards(cells: pa.StringArray) -> pa.StringArray:
    """Texts as a spreadsheet shows them: 00123 for ="00123"."""
    if not pc.any(pc.starts_with(cells, '="')).as_py():
        return cells
    return pc.replace_substring_regex(cells, FORMULA_GUARD, r"\1")


def without_guards(cells: pa.StringArray) -> pa.StringArray:
    """Numbers and dates without what keeps a spreadsheet from changing them, and without what nobody sees."""
    if not pc.all(pc.string_is_ascii(cells)).as_py():
        cells = pc.utf8_trim(cells, WHITE + INVISIBLE)
    cells = without_formula_guards(cells)
    if not pc.any(pc.starts_with(cells, "'")).as_py():
        return cells
    guarded = pc.match_substring_regex(cells, APOSTROPHE_GUARD)
    return pc.if_else(guarded, pc.utf8_slice_codeunits(cells, 1), cells)


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
