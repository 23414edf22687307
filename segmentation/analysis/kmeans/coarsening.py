"""Coarser sets of weighted points: cells of a tree, and samples chosen by content."""

from dataclasses import dataclass

import numpy as np

from segmentation.analysis.kmeans.hashing import hash_rows
from segmentation.analysis.results import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class WeightedPoints:
    """Points of shape (n_points, n_features) with their weights."""

    points: FloatArray
    weights: FloatArray


def coarsen(points: FloatArray, weights: FloatArray, n_cells: int) -> WeightedPoints:
    """Split the points into cells of similar inertia and return the cells' means.

    Level by level every cell with more than its share of the inertia is cut at its mean, across the feature
    in which it is widest.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    n_cells : int
        Upper limit of the number of cells.
    """
    if len(points) <= n_cells:
        return WeightedPoints(points, weights)
    cell = np.zeros(len(points), dtype=np.int64)
    n = 1
    while True:
        masses = np.bincount(cell, weights, n).astype(np.float64)
        means = _sums(points, weights, cell, n) / masses
        inertias = np.maximum(_sums(points**2, weights, cell, n) - masses * means**2, 0.0)
        widest = inertias.argmax(axis=0)
        split = _cells_to_split(inertias.sum(axis=0), n_cells)
        if not split.any():
            return WeightedPoints(np.ascontiguousarray(means.T), masses)
        cell = _split(points, cell, means, widest, split)
        occupied, cell = np.unique(cell, return_inverse=True)
        if len(occupied) == n:
            return WeightedPoints(np.ascontiguousarray(means.T), masses)
        n = len(occupied)


def _cells_to_split(inertias: FloatArray, n_cells: int) -> BoolArray:
    """Return which cells to split: above half of the average share, the largest first while room is left."""
    room = n_cells - len(inertias)
    split: BoolArray = inertias > 0.5 * inertias.sum() / n_cells
    if split.sum() > room:
        split = np.zeros(len(inertias), dtype=bool)
        split[np.argsort(-inertias, kind="stable")[:room]] = True
    return split


def _split(
    points: FloatArray, cell: IntArray, means: FloatArray, widest: IntArray, split: BoolArray
) -> IntArray:
    feature = widest[cell]
    above = points[np.arange(len(points)), feature] > means[widest, np.arange(len(widest))][cell]
    return 2 * cell + (above & split[cell])


def _sums(points: FloatArray, weights: FloatArray, cell: IntArray, n: int) -> FloatArray:
    """Return weighted sums per cell, shape (n_features, n)."""
    return np.array([np.bincount(cell, column * weights, n) for column in points.T])


def choose_sample(points: FloatArray, weights: FloatArray, n: int, seed: int) -> WeightedPoints:
    """Return about n of the points, or all, chosen and ordered by a hash of their values."""
    hashes = hash_rows(points, seed)
    if len(points) <= n:
        chosen = np.arange(len(points))
    else:
        chosen = np.flatnonzero(hashes < np.uint64(int(2**64 * (n / len(points)))))
    chosen = chosen[np.argsort(hashes[chosen], kind="stable")]
    return WeightedPoints(points[chosen], weights[chosen])
