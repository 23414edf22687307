"""Which number format a column is written in: decided from all its cells, or asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pyarrow as pa
from django.utils.translation import gettext as _

from customers.importing.columns.number_shapes import FORMATS, Shape, shapes_of
from customers.importing.columns.numbers import NumberFormat

# One cell proves how the decimal sign is written; among so many open ones, it is more likely a mistake.
OPEN_PER_PROOF = 50
# With so many proofs, cells with a decimal point are no longer looked at one by one.
ENOUGH_PROOFS = 1_000


@dataclass(frozen=True)
class FormatGuess:
    """How a column appears to write its numbers."""

    format: NumberFormat
    matches: int = 0
    # Cells that are numbers in some format.
    numbers: int = 0
    # A question to answer: in words, with examples.
    readings: str = ""
    # The sign whose meaning is open, if all open cells have the same.
    open_sign: str = ""
    # Three digits behind the decimal sign were seen, and they are decimals.
    has_thousandths: bool = False
    # No cell says anything about the decimal sign.
    is_unproven: bool = False

    @property
    def is_ambiguous(self) -> bool:
        return bool(self.readings)


@dataclass
class FormatCounts:
    """How many cells can be read in which formats."""

    whole: int = 0  # plain digits, which every format reads alike
    # Plain decimals that were counted without looking at them, once many had proved that these are decimals.
    passed: int = 0
    shapes: Counter[Shape] = field(default_factory=Counter)
    # A cell of each shape that tells something about the decimal sign.
    examples: dict[Shape, str] = field(default_factory=dict)

    def add_plain(self, cells: pa.StringArray, *, has_points: bool) -> None:
        """Count cells that are numbers with a decimal point or none."""
        if not has_points:
            self.whole += len(cells)
        elif self._is_proven:
            self.passed += len(cells)
        else:
            self.add(cells)

    def add(self, cells: pa.StringArray) -> int:
        """Count cells of any kind; return how many of them are no numbers in any format."""
        others = 0
        for shape, count, index in shapes_of(cells):
            if shape is None:
                others += count
                continue
            self.shapes[shape] += count
            if shape.sign and shape not in self.examples:
                self.examples[shape] = cells[index].as_py()
        return others

    @property
    def _is_proven(self) -> bool:
        found = _Evidence.of(self.shapes)
        points = found.proofs["."]
        return points >= ENOUGH_PROOFS and not found.proofs[","] and OPEN_PER_PROOF * points >= found.open

    def guess(self, decimal: str = "", *, is_exact: bool = False) -> FormatGuess:
        """Guess the format, or ask if cells mean different numbers in different formats.

        Parameters
        ----------
        decimal
            The decimal sign, if somebody said it; else empty. It is not taken where every cell contradicts.
        is_exact
            The cells come from the numbers of a workbook, which are written with a decimal point.
        """
        symbol = self._common_symbol()
        shapes = Counter({each: n for each, n in self.shapes.items() if each.symbol in ("", symbol)})
        found = _Evidence.of(shapes)
        numbers = self.whole + self.passed + sum(shapes.values())
        decimal = decimal or ("." if is_exact else found.proven)
        if decimal and not found.allows(decimal) and found.proven:
            decimal = found.proven
        best, matches = self._best(shapes, decimal)
        best = replace(best, symbol=symbol)
        if decimal or not (found.open or found.is_mixed):
            open_ = [shape for shape in shapes if shape.is_open]
            thousandths = any(
                not best.thousands or best.thousands not in self.examples[each] for each in open_
            )
            is_unproven = not (decimal or any(shape.sign for shape in shapes))
            return FormatGuess(best, matches, numbers, has_thousandths=thousandths, is_unproven=is_unproven)
        sign = found.open_signs.pop() if len(found.open_signs) == 1 and not found.is_mixed else ""
        return FormatGuess(best, matches, numbers, self._readings(shapes, found), sign)

    def _common_symbol(self) -> str:
        """The sign that most numbers have: an occasional one is a mistake."""
        symbols = Counter[str]()
        for shape, count in self.shapes.items():
            symbols[shape.symbol] += count
        del symbols[""]
        ((symbol, count),) = symbols.most_common(1) or [("", 0)]
        total = self.whole + self.passed + sum(self.shapes.values())
        return symbol if 2 * count >= total else ""

    def _best(self, shapes: Counter[Shape], decimal: str) -> tuple[NumberFormat, int]:
        """The format that reads the most cells, and how many. Ties go to the plainest."""
        read = {
            each: sum(count for shape, count in shapes.items() if each in shape.formats)
            for each in FORMATS
            if decimal in ("", each.decimal)
        }
        best = min(read, key=lambda each: (-read[each], bool(each.thousands), each.decimal != "."))
        return best, read[best] + self.whole + (self.passed if best.decimal == "." else 0)

    def _readings(self, shapes: Counter[Shape], found: _Evidence) -> str:
        """What is open, with examples, as part of a question."""
        if found.is_mixed:
            both = [
                next(self.examples[each] for each in shapes if each.sign and each.decimals == {sign})
                for sign in (".", ",")
                if found.proofs[sign]
            ]
            both += [self.examples[each] for each in shapes if each.is_open]
            text = _("the decimal sign differs from cell to cell, as in “%(first)s” and “%(second)s”")
            return text % {"first": both[0], "second": both[1]}
        shape = next(each for each in shapes if each.is_open)
        example = self.examples[shape]
        text = _("“%(example)s” could mean %(first)s or %(second)s")
        first, second = (_value(example, shape, as_decimal=each) for each in (True, False))
        return text % {"example": example, "first": first, "second": second}


@dataclass
class _Evidence:
    """What the shapes of a column say about its decimal sign."""

    proofs: Counter[str]
    open: int
    open_signs: set[str]

    @classmethod
    def of(cls, shapes: Counter[Shape]) -> _Evidence:
        telling = [(shape, count) for shape, count in shapes.items() if shape.sign]
        proofs = Counter[str]()
        for shape, count in telling:
            for sign in shape.decimals if len(shape.decimals) == 1 else ():
                proofs[sign] += count
        open_ = [(shape, count) for shape, count in telling if shape.is_open]
        return cls(proofs, sum(count for _shape, count in open_), {shape.sign for shape, _count in open_})

    @property
    def is_mixed(self) -> bool:
        """Whether cells contradict each other."""
        return len(+self.proofs) > 1 or (not self.proven and len(self.open_signs) > 1)

    @property
    def proven(self) -> str:
        """The decimal sign that cells prove, unless they contradict each other."""
        signs = list(+self.proofs)
        return signs[0] if len(signs) == 1 and OPEN_PER_PROOF * self.proofs[signs[0]] >= self.open else ""

    def allows(self, decimal: str) -> bool:
        """Whether some cell can be read with this decimal sign."""
        return bool(self.open or self.proofs[decimal])


def _value(example: str, shape: Shape, *, as_decimal: bool) -> str:
    """What the example means if its sign is the decimal sign, or if it is not."""
    format_ = next(
        each for each in FORMATS if each in shape.formats and (each.decimal == shape.sign) == as_decimal
    )
    value = replace(format_, symbol=shape.symbol).convert(pa.array([example]))[0]
    return f"{value:.15g}"
