"""Is there a valley between two neighbouring clusters? The density along the line between their centroids."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from segmentation.analysis.kmeans.search import search_optima
from segmentation.analysis.results import BoolArray, FloatArray, LabelArray
from segmentation.analysis.verdict.evidence import Border
from segmentation.analysis.verdict.margins import is_discrete

# Silverman's factor for the bandwidth of a kernel density, and the bandwidth's least spread.
BANDWIDTH = 0.9
LEAST_SPREAD = 0.02
# The density is taken at these points of the line, on which the centroids lie at 0 and 1, from narrow bins.
GRID = np.linspace(-0.6, 1.6, 221)
BIN_EDGES = np.linspace(-1.2, 2.2, 681)
BIN_CENTRES = (BIN_EDGES[1:] + BIN_EDGES[:-1]) / 2
BIN_WIDTH = BIN_EDGES[1] - BIN_EDGES[0]
# A valley between two clusters lies between their centroids.
BETWEEN = (GRID >= 0.1) & (GRID <= 0.9)
# A column has a gap where its density falls to half of the lower peak for sure, unless many have one value.
GAP, GAP_DEVIATIONS, MANY_ALIKE = 0.5, 4.0, 0.1
# The integral of a squared standard normal density: what a kernel density's variance is made of.
ROUGHNESS = 1 / (2 * np.sqrt(np.pi))


def spread_discrete(X: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the samples with every discrete column spread over a continuum.

    A column of few values looks like valleys everywhere. Each value is spread uniformly over half of the way
    to its neighbours, as if a continuous value had been rounded: yes and no become uniform on -0.5 to 1.5.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    rng : Generator
    """
    spread = X.copy()
    for column in range(X.shape[1]):
        values = np.unique(X[:, column])
        if len(values) < 2 or not is_discrete(len(values), len(X)):
            continue
        middles = (values[1:] + values[:-1]) / 2
        lower = np.concatenate(([2 * values[0] - middles[0]], middles))
        upper = np.concatenate((middles, [2 * values[-1] - middles[-1]]))
        codes = np.searchsorted(values, X[:, column])
        spread[:, column] = rng.uniform(lower[codes], upper[codes])
    return spread


def neighbours(centroids: FloatArray) -> Iterator[tuple[int, int]]:
    """Yield the pairs of centroids with no third one inside the sphere between them.

    References
    ----------
    Gabriel and Sokal, "A new statistical approach to geographic variation analysis", 1969.
    """
    for first, second in combinations(range(len(centroids)), 2):
        middle = (centroids[first] + centroids[second]) / 2
        squared = ((centroids - middle) ** 2).sum(axis=1)
        radius = squared[first]
        squared[[first, second]] = np.inf
        if squared.min() >= 0.999 * radius:
            yield first, second


def find_borders(X: FloatArray, labels: LabelArray, centroids: FloatArray) -> list[Border]:
    """Return the border of each pair of neighbouring clusters.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Scaled samples, discrete columns spread.
    labels : ndarray of int of shape (n_samples,)
    centroids : ndarray of shape (k, n_features)
    """
    members = [np.flatnonzero(labels == label) for label in range(len(centroids))]
    return [
        _border(X, members[first], members[second], centroids, (first, second))
        for first, second in neighbours(centroids)
    ]


def _border(
    X: FloatArray,
    ours: np.ndarray,
    theirs: np.ndarray,
    centroids: FloatArray,
    pair: tuple[int, int],
) -> Border:
    line = centroids[pair[1]] - centroids[pair[0]]
    feature = int(np.argmax(np.abs(line)))
    squared = float(line @ line)
    if min(len(ours), len(theirs)) < 2 or squared == 0:
        return Border(*pair, depth=1.0, deviations=0.0, position=0.5, saddle=None, feature=feature)
    positions = (X[np.concatenate((ours, theirs))] - centroids[pair[0]]) @ line / squared
    valley = find_valley(positions, np.arange(len(positions)) < len(ours))
    return Border(
        *pair,
        depth=valley.depth,
        deviations=valley.deviations,
        position=valley.position,
        saddle=None,
        feature=feature,
    )


@dataclass(frozen=True)
class Valley:
    """The deepest valley on a line: see `Border`."""

    depth: float
    deviations: float
    position: float


def find_valley(positions: FloatArray, is_first: BoolArray) -> Valley:
    """Return the clearest valley of the density of positions between 0.1 and 0.9.

    Parameters
    ----------
    positions : ndarray of shape (n_samples,)
        On the line, with the centroids at 0 and 1.
    is_first : ndarray of bool of shape (n_samples,)
        Which samples belong to the first cluster.

    References
    ----------
    Silverman, "Density estimation for statistics and data analysis", 1986, for bandwidth and standard error.
    """
    sides = positions[is_first], positions[~is_first]
    bandwidth = BANDWIDTH * min(map(spread, sides)) * min(map(len, sides)) ** -0.2
    counts, _ = np.histogram(positions, BIN_EDGES)
    smoothed = gaussian_filter1d(counts / BIN_WIDTH, bandwidth / BIN_WIDTH, mode="constant", truncate=6.0)
    density = np.interp(GRID, BIN_CENTRES, smoothed)
    before = np.maximum.accumulate(density)
    behind = np.maximum.accumulate(density[::-1])[::-1]
    peak = np.minimum(before, behind)
    deviations = (peak - density) / np.sqrt((peak + density) * ROUGHNESS / bandwidth + 1e-12)
    deviations[~BETWEEN] = -1.0
    at = int(deviations.argmax())
    if peak[at] <= 0:
        return Valley(1.0, 0.0, 0.5)
    return Valley(float(density[at] / peak[at]), float(deviations[at]), float(GRID[at]))


def has_gap(column: FloatArray) -> bool:
    """Return whether a column by itself falls into two parts with a valley between them.

    Columns of few values and such as have a value that many share have steps, and no gap.

    Parameters
    ----------
    column : ndarray of shape (n_samples,)
    """
    _, counts = np.unique(column, return_counts=True)
    if is_discrete(len(counts), len(column)) or counts.max() >= MANY_ALIKE * len(column):
        return False
    points, weights, rng = column[:, np.newaxis], np.ones(len(column)), np.random.default_rng(5)
    optima = search_optima(points, weights, range(1, 3), rng, n_starts=8, keep=1, rounds=0)
    low, high = np.sort(optima[2].centroids[0][:, 0])
    positions = (column - low) / (high - low)
    valley = find_valley(positions, positions < 0.5)
    return valley.depth <= GAP and valley.deviations >= GAP_DEVIATIONS


def spread(values: FloatArray, least: float = LEAST_SPREAD) -> float:
    """Return the standard deviation, or what the quartiles say of it if that is less; at least `least`."""
    low, high = np.percentile(values, (25, 75))
    by_quartiles = (high - low) / 1.349
    deviation = float(values.std())
    return max(min(deviation, float(by_quartiles)) if by_quartiles > 0 else deviation, least)
