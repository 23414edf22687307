"""One column of one population: its values made unimodal, point masses and discrete values kept."""

from dataclasses import dataclass

import numpy as np

from segmentation.analysis.results import FloatArray

# A value that this share of customers and ten of them hold is a point mass; at most so many of them.
POINT_MASS = 0.03
POINT_MASS_CUSTOMERS = 10
POINT_MASSES = 5
# A column of at most so many values, each held by five customers on average, is a continuum that was rounded.
DISCRETE_VALUES = 30
CUSTOMERS_PER_VALUE = 5
STEPS = 100
MODES_TRIED = 25


def is_discrete(n_values: int, n_samples: int) -> bool:
    """Return whether a column of so many different values is a rounded continuum."""
    return n_values <= DISCRETE_VALUES and n_samples >= CUSTOMERS_PER_VALUE * n_values


@dataclass(frozen=True, eq=False)
class Margin:
    """A quantile function: shares in ascending order and the values they are reached at.

    Discrete columns step from value to value, continuous ones are linear in between.
    """

    shares: FloatArray
    values: FloatArray
    is_discrete: bool

    def at(self, shares: FloatArray) -> FloatArray:
        """Return the values below which these shares of the population lie."""
        if self.is_discrete:
            return self.values[np.minimum(np.searchsorted(self.shares, shares), len(self.values) - 1)]
        return np.interp(shares, self.shares, self.values)


def unimodal_margin(column: FloatArray) -> Margin:
    """Return the margin of one population that is closest to a column.

    Two values keep their shares. Few values get the closest unimodal shares. Others are cut into steps of
    equal shares whose density is made unimodal, beside point masses, which keep their share and place.

    Parameters
    ----------
    column : ndarray of shape (n_samples,)

    References
    ----------
    Grenander, "On the theory of mortality measurement", 1956, for the estimate on either side of the mode.
    """
    values, counts = np.unique(column, return_counts=True)
    n = len(column)
    if len(values) <= 2:
        return Margin(np.cumsum(counts) / n, values, is_discrete=True)
    if is_discrete(len(values), n):
        shares = closest_unimodal(counts / n, np.ones(len(values)))
        return Margin(np.cumsum(shares / shares.sum()), values, is_discrete=True)
    heavy = counts >= max(POINT_MASS * n, POINT_MASS_CUSTOMERS)
    if heavy.sum() > POINT_MASSES:
        heavy[np.argsort(-counts, kind="stable")[POINT_MASSES:]] = False
    smooth = _smooth_margin(np.repeat(values[~heavy], counts[~heavy]), n)
    return _with_point_masses(smooth, values[heavy], counts[heavy] / n)


def _smooth_margin(column: FloatArray, n: int) -> Margin:
    """Return the margin of a continuous column; its shares end at the share of customers it holds of n."""
    n_steps = int(np.clip(len(column) // 5, 2, STEPS))
    edges = np.quantile(column, np.linspace(0, 1, n_steps + 1))
    widths = np.maximum(np.diff(edges), 1e-9 * max(edges[-1] - edges[0], 1e-300))
    shares = closest_unimodal(1 / n_steps / widths, widths) * widths
    reached = np.concatenate(([0.0], np.cumsum(shares / shares.sum()))) * len(column) / n
    return Margin(reached, edges[0] + np.concatenate(([0.0], np.cumsum(widths))), is_discrete=False)


def _with_point_masses(smooth: Margin, places: FloatArray, masses: FloatArray) -> Margin:
    values, shares = list(smooth.values), list(smooth.shares)
    for place, mass in zip(places, masses, strict=True):
        below = float(np.interp(place, values, shares, left=shares[0], right=shares[-1]))
        at = int(np.searchsorted(values, place, side="right"))
        shares = [*shares[:at], below, below + mass, *(share + mass for share in shares[at:])]
        values = [*values[:at], place, place, *values[at:]]
    return Margin(np.array(shares) / shares[-1], np.array(values), is_discrete=False)


def closest_unimodal(densities: FloatArray, widths: FloatArray) -> FloatArray:
    """Return the unimodal densities closest to those of steps of these widths, by likelihood."""
    n = len(densities)
    best, closest = -np.inf, densities
    for mode in sorted({round(each) for each in np.linspace(0, n, min(n + 1, MODES_TRIED))}):
        rising = rising_fit(densities[:mode], widths[:mode])
        falling = rising_fit(densities[mode:][::-1], widths[mode:][::-1])[::-1]
        fitted = np.concatenate((rising, falling))
        likelihood = float((densities * widths) @ np.log(np.maximum(fitted, 1e-300)))
        if likelihood > best:
            best, closest = likelihood, fitted
    return closest


def rising_fit(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the closest values that never fall, by weighted least squares.

    References
    ----------
    Barlow, Bartholomew, Bremner and Brunk, "Statistical inference under order restrictions", 1972.
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            before = pools.pop()
            total = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / total, total, before[2] + pool[2])
        pools.append(pool)
    return np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools]).astype(np.float64)
