"""Passes of Lloyd's iteration over many points: for all k of a sweep at once, or over cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.analysis.kmeans.nearest import (
    LOST,
    affinities,
    assign,
    inertia_at,
    nearest_of,
    squared_distances_to_own,
)
from segmentation.analysis.results import BoolArray, CompressedSamples, FloatArray, GridCells, LabelArray

# Numbers that fit the processor's second cache.
CACHED = 65_536


@dataclass(frozen=True, eq=False)
class Pass:
    """What one pass saw.

    The inertia at the centroids given, the means of their members, and by how much the inertia falls at least
    when the centroids move there.
    """

    inertia: float
    means: FloatArray
    gain: float


def pass_over_points(
    points: FloatArray, weights: FloatArray, candidates: Sequence[FloatArray], *, is_last: bool = False
) -> list[Pass]:
    """Assign all points to the nearest centroid of each candidate.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    candidates : sequence of ndarray of shape (k, n_features)
    is_last : bool
        The inertias are all that is asked for, which takes half the time: the means are the centroids.

    Returns
    -------
    list of Pass
        One per candidate. Points equally near to several centroids count for each of them in the means, which
        leaves the inertia exact.
    """
    flat = np.concatenate(candidates)
    slices = _slices([len(centroids) for centroids in candidates])
    # With a column of ones behind the points one product of matrices gives x·c - |c|²/2.
    lowered = np.column_stack((flat, -0.5 * np.einsum("ij,ij->i", flat, flat)))
    unit = bool((weights == 1).all())
    reached = np.zeros(len(candidates))
    sums = np.zeros((len(flat), points.shape[1] + 1))
    step = max(256, CACHED // len(flat))
    for begin in range(0, len(points), step):
        chunk = points[begin : begin + step]
        extended = np.column_stack((chunk, np.ones(len(chunk))))
        weighted = extended if unit else extended * weights[begin : begin + step, None]
        values = lowered @ extended.T
        for row, each in enumerate(slices):
            best = values[each].max(axis=0)
            reached[row] += best @ weighted[:, -1]
            if not is_last:
                np.equal(values[each], best, out=values[each], casting="unsafe")
        if not is_last:
            sums += values @ weighted
    inertias = _inertias(points, weights, candidates, reached)
    return [
        _pass(inertia, sums[each], centroids)
        for inertia, each, centroids in zip(inertias, slices, candidates, strict=True)
    ]


def _inertias(
    points: FloatArray, weights: FloatArray, candidates: Sequence[FloatArray], reached: FloatArray
) -> list[float]:
    """Return the inertias, from the summed affinities to the nearest or, where those lose digits, anew."""
    total = float(weights @ np.einsum("ij,ij->i", points, points))
    return [
        inertia if inertia > LOST * total else inertia_at(points, weights, centroids)
        for inertia, centroids in zip((total - 2 * reached).tolist(), candidates, strict=True)
    ]


def _pass(inertia: float, sums: FloatArray, centroids: FloatArray) -> Pass:
    counts = sums[:, -1:]
    means = np.where(counts > 0, sums[:, :-1] / np.where(counts > 0, counts, 1.0), centroids)
    return Pass(inertia, means, float((counts[:, 0] * ((means - centroids) ** 2).sum(axis=1)).sum()))


def _slices(sizes: Sequence[int]) -> list[slice]:
    ends = np.cumsum(sizes)
    return [slice(int(end) - size, int(end)) for end, size in zip(ends, sizes, strict=True)]


def pass_over_cells(samples: CompressedSamples, centroids: FloatArray) -> Pass:
    """Assign all samples to the nearest centroid, looking only into cells that a boundary cuts.

    A cell whose bounding box lies on one centroid's side of every boundary is taken whole, which is exact.

    Parameters
    ----------
    samples : CompressedSamples
        With cells.
    centroids : ndarray of shape (k, n_features)
    """
    if samples.cells is None:
        raise ValueError("The samples are not compressed into cells.")
    nearest, whole = _whole_cells(samples.cells, centroids)
    k = len(centroids)
    members = np.where(whole, nearest, k)
    weights = np.bincount(members, samples.weights, k + 1)[:k]
    sums = np.array(
        [np.bincount(members, samples.weights * column, k + 1)[:k] for column in samples.points.T]
    )
    differences = samples.points[whole] - centroids[nearest[whole]]
    inertia = float(samples.weights[whole] @ np.einsum("ij,ij->i", differences, differences))
    inertia += float(samples.scatter[whole].sum())
    rows = _rows_of(samples.cells, ~whole)
    labels = assign(rows, centroids)
    inertia += float(squared_distances_to_own(rows, centroids, labels).sum())
    weights = weights + np.bincount(labels, minlength=k)
    sums = sums + np.array([np.bincount(labels, column, k) for column in rows.T])
    means = np.where(weights > 0, sums / np.where(weights > 0, weights, 1.0), centroids.T).T
    gain = float(weights @ ((means - centroids) ** 2).sum(axis=1))
    return Pass(inertia, np.ascontiguousarray(means), gain)


def _whole_cells(cells: GridCells, centroids: FloatArray) -> tuple[LabelArray, BoolArray]:
    """Return the centroid nearest to each cell's middle, and whether the whole box is nearest to it."""
    middle = 0.5 * (cells.lower + cells.upper)
    half = 0.5 * (cells.upper - cells.lower)
    values = affinities(middle, centroids)
    nearest = nearest_of(values)
    best = values.max(axis=0)
    whole = np.ones(len(middle), dtype=bool)
    for j, centroid in enumerate(centroids):
        # Over a box, x·(c_j - c_nearest) exceeds its value at the middle by at most half·|c_j - c_nearest|.
        reach = np.abs(centroids - centroid)
        slack = np.zeros(len(middle))
        for feature in range(half.shape[1]):
            slack += half[:, feature] * reach[nearest, feature]
        whole &= (best - values[j] > slack) | (nearest == j)
    return nearest, whole


def _rows_of(cells: GridCells, chosen: BoolArray) -> FloatArray:
    """Return the samples of the chosen cells."""
    starts, lengths = cells.starts[:-1][chosen], np.diff(cells.starts)[chosen]
    before = np.cumsum(lengths) - lengths
    return np.asarray(cells.X[np.repeat(starts - before, lengths) + np.arange(lengths.sum())])
