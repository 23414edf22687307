"""A thin curve cut in pieces: a picture of its density is too coarse to see that it goes on."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from segmentation.analysis.results import BoolArray, FloatArray

# Neighbourhoods of this share of the smaller side, among at most so many customers of both.
NEIGHBOURS_OF = 6
MOST = 1_000
# With fewer customers on either side neighbourhoods say more of chance than of a curve.
FEWEST = 75
# Customers in a plane fill 2 dimensions, on a thin curve 1.3 to 1.8 of them. A curve goes on where the
# density on the best way across falls by less than this factor below that of either side's denser quarter.
THIN = 1.87
GAP = 1.7
DENSE = 0.25
HALVINGS = 14


def is_cut_curve(view: FloatArray, is_first: BoolArray) -> bool:
    """Return whether two clusters are parts of one thin curve.

    Parameters
    ----------
    view : ndarray of shape (n_samples, 2)
        Customers of both, in an order that does not depend on where they stand.
    is_first : ndarray of bool of shape (n_samples,)

    References
    ----------
    Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates", 2013,
    for the way across: the largest neighbourhood on it, which is as small as it can be. Levina and Bickel,
    "Maximum likelihood estimation of intrinsic dimension", 2004, for dimensions from distances.
    """
    view, is_first = view[:MOST], is_first[:MOST]
    n_smaller = int(min(np.count_nonzero(is_first), np.count_nonzero(~is_first)))
    if n_smaller < FEWEST:
        return False
    n_near = n_smaller // NEIGHBOURS_OF
    distances, neighbours = cKDTree(view).query(view, k=n_near + 1)
    reaches = distances[:, -1]
    dimension = _dimension(distances[:, n_near // 2], reaches, n_near)
    if dimension >= THIN:
        return False
    usual = max(np.quantile(reaches[is_first], DENSE), np.quantile(reaches[~is_first], DENSE))
    widest = _widest_on_the_way(distances, neighbours, is_first)
    return bool(widest < GAP ** (1 / dimension) * usual)


def _dimension(half: FloatArray, whole: FloatArray, n_near: int) -> float:
    """Return how many dimensions customers fill, 1 to 2, by the reaches of half and whole neighbourhoods."""
    known = half > 0
    if not known.any():
        return 2.0
    growth = np.log(np.maximum(whole[known] / half[known], 1.0001))
    return float(np.clip(np.median(np.log(n_near / (n_near // 2)) / growth), 1.0, 2.0))


def _widest_on_the_way(distances: FloatArray, neighbours: np.ndarray, is_first: BoolArray) -> float:
    """Return the widest neighbourhood on the best way between the densest customers of both sides."""
    n, n_near = len(distances), distances.shape[1] - 1
    reaches = distances[:, -1]
    rows, columns = np.repeat(np.arange(n), n_near), neighbours[:, 1:].ravel()
    widths = np.maximum(np.maximum(reaches[rows], reaches[columns]), distances[:, 1:].ravel())
    ours = np.flatnonzero(is_first)[reaches[is_first].argmin()]
    theirs = np.flatnonzero(~is_first)[reaches[~is_first].argmin()]
    low, high = 0.0, float(widths.max()) * 1.01
    found = np.inf
    for _ in range(HALVINGS):
        width = (low + high) / 2
        walked = widths <= width
        steps = coo_matrix((np.ones(walked.sum()), (rows[walked], columns[walked])), shape=(n, n))
        islands = connected_components(steps, directed=False)[1]
        if islands[ours] == islands[theirs]:
            high = found = width
        else:
            low = width
    return found
