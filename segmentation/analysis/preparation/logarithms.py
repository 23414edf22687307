"""Which features are so skewed that a few customers would decide, and are better seen as logarithms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.analysis.samples import BoolArray, FloatArray

# A column is skewed beyond doubt above the first; in a family of skewed columns the second is enough.
SKEWED, SLIGHTLY_SKEWED = 2.0, 1.0
# Nor are nineteen in twenty to be even: then a few errors or one huge customer make the skewness, which no
# logarithm mends. Where they are as uneven as waiting times, slight skewness is enough: many large customers
# make a column less skewed, not less uneven.
EVEN, UNEVEN = 0.2, 0.5
# As in features.py: squares of larger values leave the range of a float.
LARGEST_VALUE = 1e140
FEWEST_VALUES = 3


@dataclass(frozen=True)
class Skewness:
    """Skewness of a column and of its logarithm log(1 + value); all zero where none can be taken.

    `bulk` and `bulk_after` are the same without the lowest and the highest twentieth, from -1 to 1: how much
    farther it is from the middle to 95 % than to 5 %, over the whole way (Hinkley, "On power transformations
    to symmetry", 1975).
    """

    before: float = 0.0
    after: float = 0.0
    bulk: float = 0.0
    bulk_after: float = 0.0

    @property
    def is_core(self) -> bool:
        if abs(self.after) >= self.before / 2 or self.bulk <= EVEN:
            return False
        is_mended = self.bulk > UNEVEN and abs(self.bulk_after) < self.bulk / 2
        return self.before > SKEWED or (self.is_family and is_mended)

    @property
    def is_family(self) -> bool:
        return self.before > SLIGHTLY_SKEWED and abs(self.after) < self.before and self.bulk > EVEN


def propose_log1p(values: FloatArray, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of features whose logarithm would serve better.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features), original units, NaN for missing
    names : sequence of str
    """
    columns = np.asarray(values, dtype=np.float64).T
    taken = choose_logarithms([measure_skewness(column[np.isfinite(column)]) for column in columns])
    return tuple(name for name, is_taken in zip(names, taken, strict=True) if is_taken)


def choose_logarithms(columns: Sequence[Skewness]) -> tuple[bool, ...]:
    """Return for which columns a logarithm is taken.

    The core are columns whose skewness falls by more than half and exceeds 2, or 1 where most customers are
    uneven. Columns of one kind (amounts spent on this and that) are to be seen alike: where the core is at
    least half of all whose skewness exceeds 1 and falls, all of these are taken.
    """
    core = [each.is_core for each in columns]
    family = [each.is_family for each in columns]
    return tuple(family if 2 * sum(core) >= sum(family) else core)


def measure_skewness(column: FloatArray) -> Skewness:
    """Measure a column of shape (n_values,) without gaps.

    Negative values have no logarithm; of two values (yes and no) none is worth taking.
    """
    if column.size < FEWEST_VALUES:
        return Skewness()
    low, high = column.min(), column.max()
    if low < 0 or high > LARGEST_VALUE or not _between(column, low, high).any():
        return Skewness()
    logarithm = np.log1p(column)
    return Skewness(_skewness(column), _skewness(logarithm), _bulk(column), _bulk(logarithm))


def _between(column: FloatArray, low: float, high: float) -> BoolArray:
    return np.asarray((column != low) & (column != high))


def _skewness(column: FloatArray) -> float:
    deviation = column.std()
    if deviation == 0:
        return 0.0
    z = (column - column.mean()) / deviation
    return float(np.mean(z * z * z))


def _bulk(column: FloatArray) -> float:
    low, middle, high = np.percentile(column, (5, 50, 95))
    return float((high + low - 2 * middle) / (high - low)) if high > low else 0.0
