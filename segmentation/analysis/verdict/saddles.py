"""The best pass between two clusters in a plane: a curved crowd has valleys on straight lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter, label

from segmentation.analysis.results import BoolArray, FloatArray, LabelArray
from segmentation.analysis.verdict.borders import BANDWIDTH, spread
from segmentation.analysis.verdict.curves import is_cut_curve
from segmentation.analysis.verdict.evidence import Border

BINS = 96
# The plane is seen along the line as far as the density on it, and across within four spreads.
ALONG = (-1.2, 2.2)
ACROSS = 4.0
HALVINGS = 12
LEAST_SPREAD = 1e-3
FEWEST = 5
SLICES, PER_SLICE = 16, 25
EVERY_NEIGHBOUR = np.ones((3, 3))


def with_saddles(
    X: FloatArray,
    labels: LabelArray,
    centroids: FloatArray,
    borders: Sequence[Border],
    *,
    quantile: float | None = None,
    passable: float = 1.0,
) -> list[Border]:
    """Return the borders with the density at their best pass in the plane.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    labels : ndarray of int of shape (n_samples,)
    centroids : ndarray of shape (k, n_features)
    borders : sequence of Border
    quantile : float or None
        Compare with the density at which this share of each side's customers stand at most, not with the
        peak: less noise where few clusters are judged.
    passable : float
        A pass higher than this settles it: the borders behind it are returned as they are.
    """
    judged = list(borders)
    for index, each in enumerate(borders if X.shape[1] > 1 else ()):
        saddle = _saddle(X, labels, centroids, each, quantile)
        judged[index] = replace(each, saddle=saddle)
        if saddle > passable:
            break
    return judged


def _saddle(
    X: FloatArray, labels: LabelArray, centroids: FloatArray, border: Border, quantile: float | None
) -> float:
    members = np.flatnonzero((labels == border.first) | (labels == border.second))
    is_first = labels[members] == border.first
    if min(np.count_nonzero(is_first), np.count_nonzero(~is_first)) < FEWEST:
        return 1.0
    view = _view(X[members], centroids[border.first], centroids[border.second])
    if is_cut_curve(view, is_first):
        return 1.0
    seen = _smoothed(view, is_first)
    return 0.0 if seen is None else _best_pass(seen, view, border.position, quantile)


def _view(X: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return positions along the line and across it, in the widest other direction: (n_samples, 2)."""
    line = second - first
    length = float(np.sqrt(line @ line))
    line = line / length
    along = (X - first) @ line
    rest = X - X.mean(axis=0) - np.outer(along - along.mean(), line)
    widest = np.linalg.eigh(rest.T @ rest)[1][:, -1]
    return np.column_stack((along, rest @ widest)) / length


@dataclass(frozen=True, eq=False)
class _Density:
    """A smoothed histogram of shape (BINS, BINS), first axis along the line."""

    values: FloatArray
    low: FloatArray
    high: FloatArray

    def cells_of(self, view: FloatArray) -> tuple[np.ndarray, np.ndarray]:
        cells = ((view - self.low) / (self.high - self.low) * BINS).astype(int).clip(0, BINS - 1)
        return cells[:, 0], cells[:, 1]


def _smoothed(view: FloatArray, is_first: BoolArray) -> _Density | None:
    """Return the density in the plane, `None` where the crowd has no width.

    Across the line the bandwidth comes from the width within slices of the line: a thin curve stays thin.
    """
    sides = view[is_first], view[~is_first]
    shrinking = BANDWIDTH * min(map(len, sides)) ** (-1 / 6)
    along = min(spread(side[:, 0], LEAST_SPREAD) for side in sides)
    across = min(_width_in_slices(side) for side in sides)
    middle, width = float(np.median(view[:, 1])), spread(view[:, 1], LEAST_SPREAD)
    low = np.maximum(view.min(axis=0), [ALONG[0], middle - ACROSS * width])
    high = np.minimum(view.max(axis=0), [ALONG[1], middle + ACROSS * width])
    if (high - low).min() <= 1e-6:
        return None
    counts, _, _ = np.histogram2d(
        view[:, 0], view[:, 1], bins=BINS, range=[(low[0], high[0]), (low[1], high[1])]
    )
    cells = np.minimum(shrinking * np.array([along, across]) / (high - low) * BINS, BINS / 6)
    return _Density(gaussian_filter(counts, cells, mode="constant"), low, high)


def _width_in_slices(side: FloatArray) -> float:
    order = np.argsort(side[:, 0], kind="stable")
    n_slices = int(np.clip(len(side) // PER_SLICE, 1, SLICES))
    slices = np.array_split(side[order, 1], n_slices)
    return float(np.median([spread(each, LEAST_SPREAD) for each in slices]))


def _best_pass(seen: _Density, view: FloatArray, position: float, quantile: float | None) -> float:
    """Return the highest level at which the peaks on both sides are still connected, over the lower peak."""
    edges = np.linspace(seen.low[0], seen.high[0], BINS + 1)
    n_before = int(np.count_nonzero((edges[1:] + edges[:-1]) / 2 < position))
    if n_before in (0, BINS):
        return 1.0
    ours = np.unravel_index(seen.values[:n_before].argmax(), (n_before, BINS))
    theirs = np.unravel_index(seen.values[n_before:].argmax(), (BINS - n_before, BINS))
    theirs = (theirs[0] + n_before, theirs[1])
    peak = float(min(seen.values[ours], seen.values[theirs]))
    if quantile is not None:
        standing = seen.values[seen.cells_of(view)]
        before = view[:, 0] < position
        if before.any() and not before.all():
            peak = float(
                min(np.quantile(standing[before], quantile), np.quantile(standing[~before], quantile))
            )
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        level = (low + high) / 2
        islands, _n = label(seen.values >= level * peak, structure=EVERY_NEIGHBOUR)
        if islands[ours] and islands[ours] == islands[theirs]:
            low = level
        else:
            high = level
    return low
