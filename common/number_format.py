"""Number formatting for pages and charts, in the reader's language. Does not import Django."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from common.i18n import gettext as _
from common.i18n import gettext_noop, number_signs

_UNITS = (
    (1e12, gettext_noop("%(number)s tn")),
    (1e9, gettext_noop("%(number)s bn")),
    (1e6, gettext_noop("%(number)s M")),
)
# Shares that would round to less than this are shown as “<0.1 %”.
HARDLY_ANY = 0.001
# Smaller and larger numbers are easier to read as powers of ten.
_TINY, _HUGE = 1e-4, 1e16
# Smaller numbers cannot be divided safely as doubles, and no real value is this small.
_NOTHING = 1e-300
# A double has no more significant digits than this.
_MAX_DECIMALS = 17
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def write_number(value: float, decimals: int) -> str:
    """Return the number with this many decimals; zero never has a minus sign."""
    text = f"{value:,.{decimals}f}"
    if not text.strip("-0.,"):
        text = text.removeprefix("-")
    return _with_signs(text)


def _with_signs(text: str) -> str:
    """Replace Python's number signs with those of the reader's language, and the hyphen with a minus sign."""
    signs = number_signs()
    return text.translate(
        {ord(","): signs.thousands, ord("."): signs.decimal, ord("-"): "\N{MINUS SIGN}"},
    )


def format_number(value: float, decimals: int | None = None) -> str:
    """Return a readable number: at least three significant digits, grouped thousands, M for millions."""
    size = abs(value)
    if size >= _HUGE or (decimals is None and _NOTHING < size < _TINY):
        return _scientific(_exponent(size), value, 2, trimmed=True)
    for unit, text in _UNITS:
        if size >= unit:
            return _(text) % {"number": _trimmed(value / unit, 2)}
    if decimals is not None or size < _NOTHING or value == int(value):
        return write_number(value, decimals or 0)
    return _trimmed(value, max(0, 2 - _exponent(size)))


def format_value(value: float) -> str:
    """Return an attribute's value: grouped thousands, and only as many decimals as are meaningful."""
    size = abs(value)
    if size and not 1e-3 <= size < 1e12:
        return _with_signs(f"{value:.2g}")
    decimals = 0 if size >= 1000 or value == int(value) else 1 if size >= 1 else 3
    return write_number(value, decimals)


def format_mean(value: float) -> str:
    """Return an average for use in a sentence: 1,234 or 82.1 or 0.046."""
    size = abs(value)
    if size >= 1e12 or size < 1:
        return _with_signs(f"{value:.2g}")
    return write_number(value, 0 if size >= 1000 else 1)


def format_apart(one: float, other: float) -> tuple[str, str]:
    """Return two averages with enough decimals to show that they differ."""
    texts = format_mean(one), format_mean(other)
    decimals = 0
    while texts[0] == texts[1] and one != other and decimals < 12:
        decimals += 1
        texts = write_number(one, decimals), write_number(other, decimals)
    return texts


def format_count(count: int) -> str:
    """Return a count with grouped thousands."""
    return write_number(count, 0)


def format_percent(share: float, decimals: int | None = 0) -> str:
    """Return a share (0 to 1) as a percentage; `None` keeps as many decimals as needed, up to four."""
    if decimals is None:
        return _percent(_trimmed(100 * share, 4))
    return _percent(write_number(100 * share, decimals))


def format_percent_floored(share: float) -> str:
    """Return a share as a whole percentage, rounded down: only a share of 1 is 100 %."""
    return _percent(write_number(math.floor(100 * share + 1e-9), 0))


def format_whole_percent(share: float) -> str:
    """Return a share as a whole percentage; only exactly 0 is 0 %, and only exactly 1 is 100 %."""
    rounded = round(100 * share)
    return _percent(write_number(min(max(rounded, 1), 99) if 0 < share < 1 else rounded, 0))


def _percent(number: str) -> str:
    """Return `40.5 %` for `40.5`, with a no-break space."""
    return _("%(number)s\N{NO-BREAK SPACE}%%") % {"number": number}


def format_share(part: float, whole: float) -> str:
    """Return a share as a percentage; a share above 0 is never shown as 0 %."""
    if is_hardly_any(part, whole):
        return f"<{format_percent(HARDLY_ANY, 1)}"
    return format_percent(part / whole if whole else 0.0, 1)


def is_hardly_any(part: float, whole: float) -> bool:
    """Return whether the share is above 0 but would round to 0.0 %."""
    return 0 < part < whole * HARDLY_ANY / 2


def format_growth(first: float, last: float) -> str:
    """Return the growth from first to last, as in `+19 %`; empty if the first is 0."""
    if not first:
        return ""
    growth = (last - first) / first
    words = format_percent(growth, 1 if 0 < abs(growth) < 0.01 else 0)
    return f"+{words}" if growth > 0 else words


def format_ticks(values: Sequence[float]) -> list[str]:
    """Return a label for each tick of an axis: the same unit for all, and no two the same.

    Of plain numbers, units (M, bn) and powers of ten, the style with the shortest labels wins; the number of
    decimals follows from the distance between ticks.
    """
    step = min((abs(b - a) for a, b in itertools.pairwise(sorted(values)) if a != b), default=0.0)
    if not step:
        return [format_number(value) for value in values]
    values = [0.0 if abs(value) < step * 1e-6 else value for value in values]
    written = [texts for way in _ways_for(values) if (texts := way.write_all(values, step))]
    if not written:
        return [f"{value!r}" for value in values]
    return min(written, key=lambda texts: max(map(len, texts)))


@dataclass(frozen=True)
class _Way:
    """A way of writing numbers, and the unit it divides them by."""

    unit: float
    write: Callable[[float, int], str]

    def write_all(self, values: Sequence[float], step: float) -> list[str] | None:
        """Return the labels, with enough decimals for the step; `None` if two would be the same."""
        decimals = next(
            (each for each in range(_MAX_DECIMALS) if self._is_close(values, step, each)), _MAX_DECIMALS
        )
        texts = [self.write(value, decimals) for value in values]
        return texts if len(set(texts)) == len(set(values)) else None

    def _is_close(self, values: Sequence[float], step: float, decimals: int) -> bool:
        shown = (value / self.unit for value in values)
        return all(abs(round(value, decimals) - value) <= step / self.unit / 100 for value in shown)


def _ways_for(values: Sequence[float]) -> list[_Way]:
    largest = max(map(abs, values))
    ways = [_Way(unit, partial(_in_unit, unit, text)) for unit, text in _UNITS if largest >= unit]
    ways.append(_Way(1.0, write_number))
    if _NOTHING < largest < 10 * _TINY or largest >= _HUGE:
        power = _exponent(largest)
        ways.append(_Way(10.0**power, partial(_scientific, power)))
    return ways


def _in_unit(unit: float, text: str, value: float, decimals: int) -> str:
    return _(text) % {"number": write_number(value / unit, decimals)} if value else write_number(0, 0)


def _scientific(power: int, value: float, decimals: int, *, trimmed: bool = False) -> str:
    """Return a number like `1.2×10⁻⁷`; zero is just `0`."""
    if not value:
        return write_number(0, 0)
    write = _trimmed if trimmed else write_number
    return f"{write(value / 10.0**power, decimals)}×10{str(power).translate(_RAISED)}"


def _exponent(size: float) -> int:
    return math.floor(math.log10(size))


def _trimmed(value: float, decimals: int) -> str:
    """Return the number without trailing zeros."""
    while decimals and round(value, decimals) == round(value, decimals - 1):
        decimals -= 1
    return write_number(value, decimals)
