"""The shape of a number: what is left of it when every digit is the same.

A column of a million amounts has a few dozen shapes. Each is looked at once, to find out which formats it can
be read in: 1.234 is a decimal point or a thousands separator, 12.34 and 1.234.567 can only be one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customers.importing.columns.numbers import MINUS, SPACES, SYMBOLS, THOUSANDS, NumberFormat

FORMATS = (
    NumberFormat(),
    NumberFormat(","),
    NumberFormat(".", ","),
    NumberFormat(",", "."),
    NumberFormat(".", " "),
    NumberFormat(",", " "),
    NumberFormat(".", "'"),
    NumberFormat(",", "'"),
)
LONGEST = 40
ANY_SYMBOL = "(?i:" + "|".join(re.escape(symbol) for symbol in sorted(SYMBOLS, key=len, reverse=True)) + ")"
_SIGN, _DIGIT = f"[{MINUS}{SPACES}+()]*", f"[0-9.,{SPACES}{THOUSANDS[chr(39)]}]*"
# What may be a number in one format or another, as an RE2 pattern. Most texts fail at their first letter.
NUMBER_LIKE = (
    f"^{_SIGN}(?:{ANY_SYMBOL})?{_SIGN}{_DIGIT}[0-9]{_DIGIT}"
    f"(?:[eE][+-]?[0-9]+)?{_SIGN}(?:{ANY_SYMBOL})?{_SIGN}$"
)

# Digits become 1 (those that begin a run and are 0 stay 0), everything else stays.
_SAME = np.arange(256, dtype=np.uint8)
_SAME[ord("0") : ord("9") + 1] = ord("1")


@dataclass(frozen=True)
class Shape:
    """What cells of one shape can mean."""

    symbol: str
    formats: frozenset[NumberFormat]  # without the symbol
    sign: str  # the first point or comma; empty without one, and then the decimal sign makes no difference

    @property
    def decimals(self) -> frozenset[str]:
        """The decimal signs with which it can be read."""
        return frozenset(format_.decimal for format_ in self.formats)

    @property
    def is_open(self) -> bool:
        """Whether it means different numbers in different formats."""
        return bool(self.sign) and len(self.decimals) > 1


def shapes_of(cells: pa.StringArray) -> Iterator[tuple[Shape | None, int, int]]:
    """The shapes of these cells: each with the number of cells, and the index of one of them.

    `None` for cells that are no number in any format.
    """
    skeletons = _skeletons(cells)
    for counted in skeletons.value_counts().to_pylist():
        shape = shape_of(counted["values"])
        yield shape, counted["counts"], pc.index(skeletons, counted["values"]).as_py() if shape else -1


def _skeletons(cells: pa.StringArray) -> pa.StringArray:
    offsets = np.frombuffer(cells.buffers()[1], np.int32)[cells.offset : cells.offset + len(cells) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    raw = np.frombuffer(cells.buffers()[2], np.uint8)[first:last] if last > first else np.empty(0, np.uint8)
    same = _SAME[raw]
    is_digit = (raw >= ord("0")) & (raw <= ord("9"))
    follows = np.concatenate([[False], is_digit[:-1]]) if len(raw) else is_digit
    starts = offsets[:-1] - first
    follows[starts[starts < len(raw)]] = False
    same[(raw == ord("0")) & ~follows] = ord("0")
    buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets - first)), pa.py_buffer(same)]
    return pa.Array.from_buffers(pa.string(), len(cells), buffers)


@lru_cache(maxsize=20_000)
def shape_of(text: str) -> Shape | None:
    """The shape of a number, or of its skeleton; `None` if it is no number in any format."""
    if len(text) > LONGEST:
        return None
    symbols = re.findall(ANY_SYMBOL, text)
    if len(symbols) > 1:
        return None
    symbol = _canonical(symbols[0]) if symbols else ""
    formats = frozenset(format_ for format_ in FORMATS if _compiled(format_, symbol).match(text))
    sign = re.search("[.,]", re.sub(ANY_SYMBOL, "", text))
    return Shape(symbol, formats, sign[0] if sign else "") if formats else None


@cache
def _compiled(format_: NumberFormat, symbol: str) -> re.Pattern[str]:
    return re.compile(NumberFormat(format_.decimal, format_.thousands, symbol).pattern)


def _canonical(symbol: str) -> str:
    """The symbol as `SYMBOLS` writes it."""
    return next(each for each in SYMBOLS if each.casefold() == symbol.casefold())
