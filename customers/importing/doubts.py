"""What nobody should publish unasked: everybody's values times ten, or in another unit.

A file can be read without a doubt and still not mean what it says: amounts in cents.
Some of its rows are compared with the current version before the next one is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from customers.importing.columns.mapping import ColumnMapping, named
from customers.importing.columns.validation import Accepted
from customers.importing.errors import AmbiguousFileError
from customers.importing.known_values import known_values
from customers.models import Attribute, CustomerImport

# So many rows of the first batch are compared, and so many of each that follows.
FIRST_ROWS, MORE_ROWS = 2_000, 64
FACTORS = 10.0 ** np.array([-6, -3, -2, -1, 1, 2, 3, 6])
TOLERANCE = 0.01
# Of the values that changed, at least so many and this share by one factor.
FEWEST, SHARE = 3, 0.8
# One currency, whatever its sign.
CURRENCIES = """
€ EUR euro euros; $ USD US$; £ GBP; ¥ JPY; ₹ INR Rs. Rs; Fr. CHF; zł PLN; Kč CZK; Ft HUF; R$ BRL; kr kr.;
₽ RUB руб.; ₺ TRY; ₪ ILS; ₩ KRW; ฿ THB; Rp IDR; RM MYR; lei RON; ₫ VND
"""
SAME_UNIT = {sign: signs for signs in CURRENCIES.split(";") for sign in signs.split()}


class DoubtError(AmbiguousFileError):
    """Somebody must confirm what the file says; `kind` is "units" or "factor"."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence, f"--confirm {kind}")
        self.kind = kind


@dataclass(eq=False)
class RowSample:
    """Some of the accepted rows of a file."""

    ids: list[str] = field(default_factory=list)
    numbers: dict[int, list[npt.NDArray[np.float64]]] = field(default_factory=dict)

    def add(self, rows: Accepted) -> None:
        """Keep some of a batch, evenly spread."""
        count = min(len(rows.lines), MORE_ROWS if self.ids else FIRST_ROWS)
        if not count:
            return
        kept = np.linspace(0, len(rows.lines) - 1, count).astype(np.int64)
        self.ids += rows.ids.take(kept).to_pylist()
        for position, values in rows.numbers.items():
            self.numbers.setdefault(position, []).append(values[kept])


def doubt(
    base: CustomerImport,
    columns: Sequence[ColumnMapping],
    attributes: Sequence[Attribute],
    sample: RowSample,
    confirmed: Sequence[str],
) -> None:
    """Raise a `DoubtError` if what a file does to a version must be confirmed.

    Parameters
    ----------
    columns, attributes
        A use for every column of the file, and the attributes of the dataset.
    confirmed
        Kinds of doubts that somebody confirmed.
    """
    if "units" not in confirmed:
        _doubt_units(columns, attributes)
    if "factor" not in confirmed:
        _doubt_factors(base, attributes, sample)


def _doubt_units(columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> None:
    for column in columns:
        attribute = named(column.name, attributes) if column.use == "number" and column.symbol else None
        if attribute is None or not attribute.unit:
            continue
        if SAME_UNIT.get(attribute.unit, attribute.unit) != SAME_UNIT.get(column.symbol, column.symbol):
            text = _(
                "“%(name)s” has been in %(unit)s so far, and this file has it in %(symbol)s: "
                "give it another name, or confirm that the values may stand side by side."
            )
            values = {"name": attribute.name, "unit": attribute.unit, "symbol": column.symbol}
            raise DoubtError("units", text % values)


def _doubt_factors(base: CustomerImport, attributes: Sequence[Attribute], sample: RowSample) -> None:
    numbers = [each for each in attributes if each.is_number and each.position in sample.numbers]
    if not numbers:
        return
    before = known_values(base, sample.ids, [attribute.position for attribute in numbers])
    for place, attribute in enumerate(numbers):
        after = np.concatenate(sample.numbers[attribute.position])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = after / before[:, place]
        changed = np.isfinite(ratios) & (ratios != 1) & (ratios != 0)
        is_near = np.abs(ratios[changed, None] / FACTORS - 1) <= TOLERANCE
        counts = is_near.sum(axis=0)
        best = int(counts.argmax())
        if counts[best] < FEWEST or counts[best] < SHARE * changed.sum():
            continue
        row = np.flatnonzero(changed)[np.flatnonzero(is_near[:, best])[0]]
        text = _(
            "“%(name)s” would be %(factor)s times as much for %(count)s of %(compared)s customers compared, "
            "for example %(after)s after %(before)s: correct the file or its number format, or confirm it."
        )
        values = {
            "name": attribute.name,
            "factor": f"{FACTORS[best]:.15g}",
            "count": int(counts[best]),
            "compared": int(np.isfinite(ratios).sum()),
            "after": f"{after[row]:.15g}",
            "before": f"{before[row, place]:.15g}",
        }
        raise DoubtError("factor", text % values)
