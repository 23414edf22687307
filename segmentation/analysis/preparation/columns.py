"""What a proposal needs to know of each attribute, from a sample of customers and counts of all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segmentation.analysis.preparation.logarithms import Skewness, measure_skewness
from segmentation.analysis.samples import BoolArray, FloatArray

N_BARS = 16
# Columns that rise and fall together as closely as this tell the same.
SAME = 0.999
# Of the ranks as well: one customer far away makes any two columns correlate.
SAME_ORDER = 0.99
# Fewer customers than this prove nothing about two columns.
FEWEST_PAIRS = 3
# Every pair of so many columns is looked at; of more, only those that seem to correlate. There, gaps count as
# average, which weakens the correlation of columns that are the same where both are known.
FEW_COLUMNS = 25
LIKELY = 0.5


@dataclass(frozen=True)
class ColumnCounts:
    """What is counted over all customers; a date's `minimum` and `maximum` are days before the newest one."""

    known: int
    missing: int
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class ColumnSummary:
    """One attribute, as far as a proposal needs it.

    Attributes
    ----------
    name, kind
        `number`, `text` or `date`; dates are seen as days before the newest one.
    counts
        Over all customers.
    sampled
        Customers of the sample who have a value.
    distinct
        Different values among them.
    largest_share
        Of the most frequent value among them, 0 to 1.
    is_whole
        Whether all are whole numbers.
    mean_length
        Of texts, in characters.
    skewness
        Of the sample, where all customers' values allow a logarithm.
    bars, log_bars
        Customers of the sample from the lowest to the highest value in equal steps, of the values and of
        their logarithm; empty where no logarithm would serve.
    duplicate_of
        Names of earlier attributes that tell the same.
    """

    name: str
    kind: str
    counts: ColumnCounts
    sampled: int = 0
    distinct: int = 0
    largest_share: float = 0.0
    is_whole: bool = False
    mean_length: float = 0.0
    skewness: Skewness = field(default_factory=Skewness)
    bars: tuple[int, ...] = ()
    log_bars: tuple[int, ...] = ()
    duplicate_of: tuple[str, ...] = ()

    @property
    def missing_share(self) -> float:
        return self.counts.missing / max(1, self.counts.known + self.counts.missing)


@dataclass(frozen=True, eq=False)
class SampledColumns:
    """Values of some customers: numbers, dates as days before the newest one, NaN where missing; texts."""

    numbers: Mapping[str, FloatArray]
    texts: Mapping[str, Sequence[str | None]]


def summarise_columns(
    kinds: Mapping[str, str], counts: Mapping[str, ColumnCounts], sample: SampledColumns
) -> tuple[ColumnSummary, ...]:
    """Summarise every attribute.

    Parameters
    ----------
    kinds : mapping of name to `number`, `text` or `date`, in the order of the attributes
    counts : mapping of name to ColumnCounts
    sample : SampledColumns
        Chosen by content, so that the order of the rows changes nothing.
    """
    same = find_duplicates(sample.numbers)
    return tuple(
        summarise_text(name, counts[name], sample.texts[name])
        if kind == "text"
        else summarise_number(name, kind, counts[name], sample.numbers[name], same.get(name, ()))
        for name, kind in kinds.items()
    )


def summarise_text(name: str, counts: ColumnCounts, values: Sequence[str | None]) -> ColumnSummary:
    known = [value for value in values if value]
    if not known:
        return ColumnSummary(name, "text", counts)
    frequencies = Counter(known)
    return ColumnSummary(
        name,
        "text",
        counts,
        sampled=len(known),
        distinct=len(frequencies),
        largest_share=max(frequencies.values()) / len(known),
        mean_length=float(np.mean([len(value) for value in known])),
    )


def summarise_number(
    name: str, kind: str, counts: ColumnCounts, values: FloatArray, duplicate_of: tuple[str, ...] = ()
) -> ColumnSummary:
    known = values[np.isfinite(values)]
    if not known.size:
        return ColumnSummary(name, kind, counts)
    _, frequencies = np.unique(known, return_counts=True)
    may_be_negative = counts.minimum is None or counts.minimum < 0
    skewness = Skewness() if may_be_negative else measure_skewness(known)
    return ColumnSummary(
        name,
        kind,
        counts,
        sampled=known.size,
        distinct=len(frequencies),
        largest_share=float(frequencies.max() / known.size),
        is_whole=bool(np.all(known == np.rint(known))),
        skewness=skewness,
        bars=_bars(known) if skewness.is_family else (),
        log_bars=_bars(np.log1p(known)) if skewness.is_family else (),
        duplicate_of=duplicate_of,
    )


def _bars(values: FloatArray) -> tuple[int, ...]:
    counts, _ = np.histogram(values, bins=N_BARS)
    return tuple(int(count) for count in counts)


def find_duplicates(columns: Mapping[str, FloatArray]) -> dict[str, tuple[str, ...]]:
    """Return for each column the earlier ones that tell the same, each known where the other is.

    Two columns tell the same where they and their ranks correlate in either direction, by 0.999 and 0.99 or
    more, or where one is the other, rounded to whole numbers.
    """
    names = list(columns)
    same: dict[str, tuple[str, ...]] = {}
    likely = _likely_duplicates([columns[name] for name in names])
    for second, first in zip(*np.nonzero(likely), strict=True):
        one, other = columns[names[first]], columns[names[second]]
        if _tell_the_same(one, other):
            same[names[second]] = (*same.get(names[second], ()), names[first])
    return same


def _likely_duplicates(columns: Sequence[FloatArray]) -> BoolArray:
    """Return which pairs are worth a closer look, shape (n_columns, n_columns): later by earlier."""
    pairs = np.tri(len(columns), k=-1, dtype=np.bool_)
    if len(columns) <= FEW_COLUMNS:
        return pairs
    z = np.column_stack([_standardised(column) for column in columns])
    correlations = np.abs(z.T @ z) / len(z)
    return np.asarray(pairs & (correlations > LIKELY))


def _standardised(column: FloatArray) -> FloatArray:
    known = np.isfinite(column)
    if not known.any() or (deviation := column[known].std()) == 0 or not np.isfinite(deviation):
        return np.zeros(len(column))
    return np.where(known, (column - column[known].mean()) / deviation, 0.0)


def _tell_the_same(one: FloatArray, other: FloatArray) -> bool:
    known = np.isfinite(one)
    if not np.array_equal(known, np.isfinite(other)):
        both = known & np.isfinite(other)
        # What is known of different customers is not the same knowledge.
        if 2 * both.sum() < max(known.sum(), np.isfinite(other).sum()):
            return False
        known = both
    if known.sum() < FEWEST_PAIRS:
        return False
    one, other = one[known], other[known]
    if one.std() == 0 or other.std() == 0:
        return False
    if abs(_correlation(one, other)) >= SAME:
        return abs(_correlation(_ranks(one), _ranks(other))) >= SAME_ORDER
    return bool(np.array_equal(np.rint(one), other) or np.array_equal(one, np.rint(other)))


def _correlation(one: FloatArray, other: FloatArray) -> float:
    return float(np.mean((one - one.mean()) / one.std() * ((other - other.mean()) / other.std())))


def _ranks(column: FloatArray) -> FloatArray:
    return np.unique(column, return_inverse=True)[1].astype(np.float64)
