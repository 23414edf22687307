"""Rows and columns that follow from others: copies are no further customers, functions tell nothing new."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from segmentation.analysis.results import FloatArray, IntArray

# Rows of coarse columns repeat too, but beside each stand others that differ by one step. Copies have none:
# so many times more rows have a twin than have such a neighbour, and so large a share of rows have one.
TWINS_PER_NEIGHBOUR, SHARE_OF_TWINS = 2.0, 0.2
# Rows that very many have (nothing bought, never called) are no copies: at most so many such rows.
POINT_MASSES, POINT_MASS = 5, 0.03
# In a single column only gaps tell copies from coarse values, which are mostly one step apart; and hardly any
# value stands alone.
STEPS_OF_ONE, SHARE_OF_TWINS_OF_ONE = 0.5, 0.9
# A column follows another where neighbours in the other's order differ by so little of its variance.
UNEXPLAINED = 0.05


def one_of_each(values: FloatArray, numbers: Sequence[int]) -> IntArray | None:
    """Return which rows are left when each row is taken once, `None` unless rows are copies of one another.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        In original units: logarithms bend the steps of coarse columns.
    numbers : sequence of int
        The columns that are no texts, which repeat by nature.

    Returns
    -------
    ndarray of int of shape (n_distinct,) or None
        The first row of each kind, in their order.
    """
    if not numbers or len(values) < 2:
        return None
    distinct, counts = np.unique(values[:, numbers], axis=0, return_counts=True)
    if len(distinct) == len(values) or not _are_copies(distinct, counts):
        return None
    return np.asarray(np.sort(np.unique(values, axis=0, return_index=True)[1]))


def _are_copies(distinct: FloatArray, counts: IntArray) -> bool:
    considered = np.ones(len(counts), dtype=np.bool_)
    heaviest = np.argsort(-counts, kind="stable")[:POINT_MASSES]
    considered[heaviest[counts[heaviest] >= POINT_MASS * counts.sum()]] = False
    weights = counts * considered
    twins = int(weights[counts > 1].sum())
    is_single = distinct.shape[1] == 1
    if twins < max(1, (SHARE_OF_TWINS_OF_ONE if is_single else SHARE_OF_TWINS) * weights.sum()):
        return False
    if is_single:
        return _is_irregular(distinct[:, 0])
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in distinct.T])
    nearest = cKDTree(ranks).query(ranks, k=2, p=np.inf)[0][:, 1]
    return twins >= TWINS_PER_NEIGHBOUR * int(weights[nearest <= 1].sum())


def _is_irregular(values: FloatArray) -> bool:
    """Return whether few of the gaps between sorted values are the smallest one."""
    gaps = np.diff(values)
    return bool(np.mean(gaps <= gaps.min() * 1.001) < STEPS_OF_ONE)


def find_drivers(X: FloatArray) -> list[int]:
    """Return the columns that are no function of a single other one that is returned.

    A wave over time, a bonus from so much spend on, the square of a number: each has valleys in the plane
    though the number that it follows has none. Real groups that a function could not tell from these are
    apart in that number as well.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)

    References
    ----------
    Von Neumann, "Distribution of the ratio of the mean square successive difference to the variance", 1941.
    Chatterjee, "A new coefficient of correlation", 2021, for the order of the other column.
    """
    n_columns = X.shape[1]
    if len(X) < 2:
        return list(range(n_columns))
    noise = np.full((n_columns, n_columns), np.inf)
    for first in range(n_columns):
        # Ties in an order that says nothing of the others.
        order = np.lexsort((np.random.default_rng(9).random(len(X)), X[:, first]))
        steps = np.diff(X[order], axis=0)
        noise[first] = (steps**2).mean(axis=0) / 2 / np.maximum(X.var(axis=0), 1e-300)
    np.fill_diagonal(noise, np.inf)
    drivers = list(range(n_columns))
    while len(drivers) > 1:
        among = noise[np.ix_(drivers, drivers)].min(axis=0)
        if among.min() > UNEXPLAINED:
            break
        drivers.pop(int(among.argmin()))
    return drivers
