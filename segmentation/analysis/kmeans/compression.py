"""Collapse samples into weighted points: equal rows exactly, others into a fine grid of cell means."""

import numpy as np
import numpy.typing as npt

from segmentation.analysis.kmeans.hashing import hash_rows
from segmentation.analysis.kmeans.rounding import rounded
from segmentation.analysis.results import CompressedSamples, FeatureMatrix, FloatArray, GridCells, IntArray

# Decimal steps tried when looking for values that count in whole steps: 1, 0.1 and 0.01.
DECIMALS = (1.0, 10.0, 100.0)
MAX_PACKED_CELLS = 2**24
SMALL = 20_000
GRID_CELLS = 2**16
# With fewer cells than this a few values far away have taken all the room: the grid is no use.
FEWEST_CELLS = 1_000
# Beyond this many mean absolute deviations the grid is drawn in a coordinate that shortens the tails.
HEAVY_TAIL = 16.0


def compress(features: FeatureMatrix) -> CompressedSamples:
    """Collapse the samples of a feature matrix into weighted points.

    Equal rows become one point, exactly: by packed integer keys where values count in whole steps, by a
    hash of the row's bytes otherwise. Up to two continuous features become cells of a fine grid, each one
    standing at the mean of its samples; more continuous features stay as they are.

    Points are in an order that depends on their values alone, so that permuting rows changes nothing.

    Parameters
    ----------
    features : FeatureMatrix

    Returns
    -------
    CompressedSamples
    """
    X = features.X
    if len(X) > SMALL:
        keys = _packed_keys(features.values)
        if keys is not None:
            compressed = _collapse_by_keys(X, *keys)
            if compressed.n_points <= max(SMALL, len(X) // 2):
                return compressed
    if len(X) <= SMALL or _has_many_duplicates(X):
        return _collapse_by_rows(X)
    if X.shape[1] <= 2:
        compressed = _collapse_by_grid(X)
        if compressed.n_points >= FEWEST_CELLS:
            return compressed
    return _kept_apart(X)


def _packed_keys(values: FloatArray) -> tuple[IntArray, int] | None:
    """Return one integer per row, equal exactly for equal rows, and their number of possible values.

    `None` when a column does not count in whole steps or the keys would not fit a table.
    """
    columns = []
    n_keys = 1
    for column in values.T:
        steps = _whole_steps(column)
        if steps is None:
            return None
        codes, n_codes = steps
        n_keys *= n_codes
        if n_keys > MAX_PACKED_CELLS:
            return None
        columns.append((codes, n_codes))
    keys = columns[0][0]
    for codes, n_codes in columns[1:]:
        keys *= n_codes
        keys += codes
    return keys, n_keys


def _whole_steps(column: FloatArray) -> tuple[IntArray, int] | None:
    """Return a column as whole steps above its minimum, and their number; `None` if it has no such step."""
    lowest, highest = float(column.min()), float(column.max())
    probe = column[:1000]
    for factor in DECIMALS:
        n_codes = (highest - lowest) * factor + 1
        if n_codes > MAX_PACKED_CELLS or max(abs(lowest), abs(highest)) * factor > 2**52:
            return None
        if not np.array_equal(np.rint(probe * factor) / factor, probe):
            continue
        steps = np.rint(column * factor)
        if np.array_equal(steps / factor, column):
            steps -= np.rint(lowest * factor)
            return steps.astype(np.int64), round(n_codes)
    return None


def _collapse_by_keys(X: FloatArray, keys: IntArray, n_keys: int) -> CompressedSamples:
    if n_keys > 4 * len(X) + 1_000_000:
        _, inverse, weights = np.unique(keys, return_inverse=True, return_counts=True)
        return _exact(X, inverse.astype(np.int32), weights)
    table = np.bincount(keys, minlength=n_keys)
    occupied = np.flatnonzero(table)
    lookup = np.zeros(n_keys, dtype=np.int32)
    lookup[occupied] = np.arange(len(occupied), dtype=np.int32)
    return _exact(X, lookup[keys], table[occupied])


def _exact(X: FloatArray, inverse: npt.NDArray[np.int32], weights: IntArray) -> CompressedSamples:
    first = np.empty(len(weights), dtype=np.int64)
    first[inverse] = np.arange(len(X))
    return CompressedSamples(
        X=X,
        points=X[first],
        weights=weights.astype(np.float64),
        exact=True,
        inverse=inverse,
        scatter=np.zeros(len(weights)),
    )


def _has_many_duplicates(X: FloatArray) -> bool:
    """Return whether equal rows are common, judged on a tenth or more of the rows, chosen by content."""
    hashes = hash_rows(X)
    chosen = np.sort(hashes[hashes < np.uint64(2**64 // 10)])
    n_distinct = 1 + np.count_nonzero(np.diff(chosen))
    return bool(len(chosen) < len(X) // 50 or n_distinct < 0.75 * len(chosen))


def _collapse_by_rows(X: FloatArray) -> CompressedSamples:
    hashes = hash_rows(X)
    _, inverse, weights = np.unique(hashes, return_inverse=True, return_counts=True)
    compressed = _exact(X, inverse.astype(np.int32), weights)
    if np.array_equal(compressed.points[inverse], X):
        return compressed
    # Two different rows shared a hash: once in some hundred million customers.
    _, inverse, weights = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    return _exact(X, inverse.ravel().astype(np.int32), weights)


def _kept_apart(X: FloatArray) -> CompressedSamples:
    return CompressedSamples(
        X=X, points=X, weights=np.ones(len(X)), exact=True, inverse=None, scatter=np.zeros(len(X))
    )


def _collapse_by_grid(X: FloatArray) -> CompressedSamples:
    keys = _grid_keys(X)
    order = np.argsort(keys, kind="stable")
    counts = np.bincount(keys, minlength=GRID_CELLS)
    occupied = np.flatnonzero(counts)
    weights = counts[occupied].astype(np.float64)
    starts = np.concatenate(([0], np.cumsum(counts[occupied])))
    ordered = np.empty_like(X)
    points, lower, upper = (np.empty((len(occupied), X.shape[1])) for _ in range(3))
    scatter = np.zeros(len(occupied))
    # Column by column: along the short rows numpy takes many times as long.
    for column in range(X.shape[1]):
        values = X[:, column][order]
        ordered[:, column] = values
        points[:, column] = np.add.reduceat(values, starts[:-1]) / weights
        lower[:, column] = np.minimum.reduceat(values, starts[:-1])
        upper[:, column] = np.maximum.reduceat(values, starts[:-1])
        scatter += np.add.reduceat(values * values, starts[:-1]) - weights * points[:, column] ** 2
    np.maximum(scatter, 0.0, out=scatter)
    cells = GridCells(X=ordered, starts=starts, lower=lower, upper=upper)
    return CompressedSamples(
        X=X, points=points, weights=weights, exact=False, inverse=None, scatter=scatter, cells=cells
    )


def _grid_keys(X: FloatArray) -> npt.NDArray[np.uint16]:
    """Return the grid cell of each sample; 16 bits, which numpy sorts in linear time."""
    n_bins = round(GRID_CELLS ** (1 / X.shape[1]))
    keys = np.zeros(len(X), dtype=np.uint16)
    for column in X.T:
        keys *= np.uint16(n_bins % GRID_CELLS)
        keys += _bins(column, n_bins)
    return keys


def _bins(column: FloatArray, n_bins: int) -> npt.NDArray[np.uint16]:
    # A rounded mean of all values does not depend on the order of rows, unlike quantiles of some of them.
    spread = float(rounded(np.abs(column).mean(), bits=24))
    lowest, highest = float(column.min()), float(column.max())
    if highest - lowest > HEAVY_TAIL * spread:
        column = np.arcsinh(column / spread)
        lowest, highest = float(column.min()), float(column.max())
    scaled = column - lowest
    scaled *= n_bins / (highest - lowest)
    return np.minimum(scaled, n_bins - 1).astype(np.uint16)
