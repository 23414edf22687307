"""Profiles of columns: what their cells look like, over the part of the file that was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customers.importing.columns.dates.guessing import DateCounts, DateGuess, DigitDates
from customers.importing.columns.dates.parsing import DATE_LIKE, NO_DATE
from customers.importing.columns.headers import understand
from customers.importing.columns.number_formats import FormatCounts, FormatGuess
from customers.importing.columns.number_shapes import NUMBER_LIKE
from customers.importing.columns.numbers import LEADING_ZERO, PLAIN, beyond_exact, trimmed, without_guards
from customers.importing.files.rows import Batch

# What people write for a missing value; proposed only if the rest of the column is numbers or dates.
MARKERS = (
    *(
        "?",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "\\n",
        "n/a",
        "#n/a",
        "na",
        "n.a.",
        "n/d",
        "n.d.",
        "k.a.",
        "nan",
        "nat",
    ),
    *(
        "null",
        "(null)",
        "<null>",
        "none",
        "(none)",
        "nil",
        "missing",
        "unknown",
        "not available",
        "not applicable",
    ),
    *(
        "tbd",
        "tba",
        "tbc",
        "(blank)",
        "blank",
        "(empty)",
        "empty",
        "(leer)",
        "(vide)",
        "never",
        "nie",
        "jamais",
    ),
    *("nunca", "mai", "nooit", "aldrig", "nigdy"),
)
SAMPLE_CELLS, SAMPLE_LATER = 2_000, 100
# Texts as long as this, on average, are notes and not attributes.
LONG_TEXT = 80
# A column with an id has one in nearly every row.
FULL_SHARE = 0.95
# A proposed range may leave out so many values, and no more.
MISTAKES_SHARE = 0.02
# Whole numbers of fewer digits are always exact.
EXACT_DIGITS = 16
MANY = 20


@dataclass
class ColumnProfile:
    """Counts over the cells of a column, ignoring padding."""

    # A column of numbers may have this many cells that are not numbers.
    patience: int = 2**62
    # The numbers are those of a workbook, and not texts that look like numbers.
    is_exact: bool = False
    seen: int = 0
    filled: int = 0
    others: int = 0
    has_leading_zeros: bool = False
    has_long_numbers: bool = False
    markers_found: Counter[str] = field(default_factory=Counter)
    formats: FormatCounts = field(default_factory=FormatCounts)
    plain: int = 0  # numbers with a decimal point or none
    dates: DateCounts = field(default_factory=DateCounts)
    digit_dates: DigitDates = field(default_factory=DigitDates)
    sample: list[str] = field(default_factory=list)

    def add(self, cells: pa.StringArray) -> None:
        """Add more cells to the profile."""
        if self.is_hopeless:
            return
        self.seen += len(cells)
        cells = without_guards(trimmed(cells))
        cells = cells.filter(pc.not_equal(cells, ""))
        if not len(cells):
            return
        self.filled += len(cells)
        # Most from the top, and some of every batch, because files are often sorted.
        room = max(min(SAMPLE_LATER, 2 * SAMPLE_CELLS - len(self.sample)), SAMPLE_CELLS - len(self.sample))
        if room > 0:
            self.sample += cells.slice(0, room).to_pylist()
        is_plain = _is_plain(cells)
        plain = cells if pc.all(is_plain).as_py() else cells.filter(is_plain)
        self._look_at_plain(plain)
        if len(plain) < len(cells):
            self._look_at_rest(cells.filter(pc.invert(is_plain)))

    def _look_at_plain(self, cells: pa.StringArray) -> None:
        self.plain += len(cells)
        self.digit_dates.add(cells)
        is_digits = pc.all(pc.ascii_is_decimal(cells)).as_py()
        self.formats.add_plain(cells, has_points=not is_digits)
        if not self.has_leading_zeros:
            starts = [pc.starts_with(cells, sign) for sign in ("0" if is_digits else "0+-")]
            few = cells.filter(reduce(pc.or_, starts))
            self.has_leading_zeros = bool(pc.any(pc.match_substring_regex(few, LEADING_ZERO)).as_py())
        if not self.has_long_numbers:
            long = cells.filter(pc.greater_equal(pc.binary_length(cells), EXACT_DIGITS))
            self.has_long_numbers = bool(beyond_exact(long, PLAIN.convert(long)).any())

    def _look_at_rest(self, cells: pa.StringArray) -> None:
        is_marker = pc.is_in(pc.utf8_lower(cells), pa.array(MARKERS))
        for pair in cells.filter(is_marker).value_counts().to_pylist():
            self.markers_found[pair["values"]] += pair["counts"]
        cells = cells.filter(pc.invert(is_marker))
        cells = self._without_no_dates(cells)
        is_date, is_number = (
            pc.match_substring_regex(cells, pattern) for pattern in (DATE_LIKE, NUMBER_LIKE)
        )
        self.others += len(cells) - int(pc.sum(pc.or_(is_date, is_number)).as_py() or 0)
        self.dates.add(cells.filter(is_date))
        numbers = cells.filter(is_number)
        if len(numbers):
            self.formats.add(numbers)

    def _without_no_dates(self, cells: pa.StringArray) -> pa.StringArray:
        """Without what databases write for a date that nobody entered, which is counted as a marker."""
        is_no_date = pc.match_substring_regex(cells, NO_DATE)
        if not pc.any(is_no_date).as_py():
            return cells
        for pair in cells.filter(is_no_date).value_counts().to_pylist():
            self.markers_found[pair["values"]] += pair["counts"]
        return cells.filter(pc.invert(is_no_date))

    def date_guess(self, order: str = "") -> DateGuess:
        """Guess how dates are written; `order` is what somebody said, or empty."""
        most = max(self.dates.total, self.plain if self.digit_dates.order else 0)
        others = self.filled - most - self.markers_found.total()
        if most <= others or others > max(1, self.filled // 10):
            return DateGuess()
        return self.dates.guess(order) if most == self.dates.total else DateGuess(self.digit_dates.order)

    @property
    def is_hopeless(self) -> bool:
        """Whether these cannot be numbers whatever follows, so that reading can stop."""
        return self.others > self.patience

    @property
    def markers(self) -> tuple[str, ...]:
        return tuple(sorted(marker for marker in self.markers_found if self._is_habit(marker)))

    def _is_habit(self, marker: str) -> bool:
        """Whether the file regularly uses this marker: an occasional NaN is a failed calculation."""
        found = self.markers_found[marker]
        return marker.lower() != "nan" or (found > 2 and 20 * found >= self.filled)

    @property
    def may_be_id(self) -> bool:
        return bool(self.sample) and len(set(self.sample)) == len(self.sample)

    @property
    def is_full(self) -> bool:
        return self.filled >= FULL_SHARE * self.seen

    @property
    def is_long_text(self) -> bool:
        return bool(self.sample) and sum(map(len, self.sample)) > LONG_TEXT * len(self.sample)

    @property
    def is_sequence(self) -> bool:
        """Whether the cells number the rows."""
        top = self.sample[:SAMPLE_CELLS]
        if len(top) < 2 or not top[0].isdecimal() or int(top[0]) > 1:
            return False
        return top == [str(int(top[0]) + index) for index in range(len(top))]

    def is_number(self, expected: bool) -> bool:
        """Whether these are numbers, some perhaps mistyped.

        Parameters
        ----------
        expected
            The header suggests numbers, so more cells may be wrong.
        """
        numbers = self.number_format("").numbers
        others = self.filled - numbers - self.markers_found.total()
        if self.is_hopeless or self.has_long_numbers or (self.has_leading_zeros and not expected):
            return False
        if expected:
            return numbers >= others
        return numbers > others and others <= max(1, self.filled // 10)

    def number_format(self, decimal: str) -> FormatGuess:
        """Guess the number format; `decimal` is the specified separator, or empty."""
        return self.formats.guess(decimal, is_exact=self.is_exact)

    def mostly_within(self, lowest: float | None, highest: float | None, *, whole: bool) -> bool:
        """Whether the cells fit a range; a few exceptions do not rule it out."""
        format_ = self.number_format("").format
        cells = pa.array(self.sample, pa.string())
        values = format_.convert(cells.filter(format_.matches(cells)))
        if len(values) < MANY:
            return True
        inside = np.ones(len(values), bool)
        if lowest is not None:
            inside &= values >= lowest
        if highest is not None:
            inside &= values <= highest
        if whole:
            inside &= values == np.rint(values)
        return bool((~inside).sum() <= max(1, MISTAKES_SHARE * len(values)))


def _is_plain(cells: pa.StringArray) -> pa.BooleanArray:
    """Mark numbers with a decimal point or none, and nothing but a sign before them."""
    digits = pc.ascii_is_decimal(cells)
    return digits if pc.all(digits).as_py() else pc.match_substring_regex(cells, PLAIN.plain_pattern)


def profile_columns(
    batches: Iterable[Batch], headers: Sequence[str], *, rows: int, exact: Container[int] = ()
) -> list[ColumnProfile]:
    """Profile all columns, reading on only while more cells can change the result.

    Parameters
    ----------
    rows
        Upper limit for the number of rows.
    exact
        Indexes of columns with the numbers of a workbook.
    """
    share = [2 if understand(header).is_number else 10 for header in headers]
    profiles = [
        ColumnProfile(patience=max(1, rows // part), is_exact=index in exact)
        for index, part in enumerate(share)
    ]
    for batch in batches:
        for profile, cells in zip(profiles, batch.columns, strict=True):
            profile.add(cells)
    return profiles
