"""Which features are so skewed that a few customers would decide, and are better seen as logarithms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.analysis.samples import BoolArray, FloatArray

# A column is skewed beyond doubt above the first; in a family of skewed columns the second is enough.
SKEWED, SLIGHTLY_SKEWED = 2.0, 1.0
# As in features.py: squares of larger values leave the range of a float.
LARGEST_VALUE = 1e140
FEWEST_VALUES = 3


@dataclass(frozen=True)
class Skewness:
    """Skewness of a column and of its logarithm log(1 + value); both zero where none can be taken."""

    before: float = 0.0
    after: float = 0.0

    @property
    def is_core(self) -> bool:
        return self.before > SKEWED and abs(self.after) < self.before / 2

    @property
    def is_family(self) -> bool:
        return self.before > SLIGHTLY_SKEWED and abs(self.after) < self.before


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

    The core are columns whose skewness exceeds 2 and falls by more than half. Columns of one kind (amounts
    spent on this and that) are to be seen alike: where the core is at least half of all whose skewness
    exceeds 1 and falls, all of these are taken.
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
    return Skewness(_skewness(column), _skewness(np.log1p(column)))


def _between(column: FloatArray, low: float, high: float) -> BoolArray:
    return np.asarray((column != low) & (column != high))


def _skewness(column: FloatArray) -> float:
    deviation = column.std()
    if deviation == 0:
        return 0.0
    z = (column - column.mean()) / deviation
    return float(np.mean(z * z * z))
