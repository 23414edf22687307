"""The same customers several times over: copies of rows are no further customers, and prove no group."""

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
