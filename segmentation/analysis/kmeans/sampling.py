"""A weighted sample that holds the tails: chosen by content, along a curve through space."""

import numpy as np
import numpy.typing as npt

from segmentation.analysis.kmeans.coarsening import WeightedPoints
from segmentation.analysis.kmeans.hashing import hash_rows
from segmentation.analysis.kmeans.rounding import rounded
from segmentation.analysis.results import FloatArray, IntArray

# The share of the sample that is spent on points by their squares; the rest goes to all alike.
TAILS = 0.6
# Of more points than this times the sample half as many are drawn first: sorting them all takes memory.
FIRST = 40
CURVE_BITS = 24
MOST_BITS = 12
# The bits of 1.0.
ONE = 0x3FF0000000000000


def choose_by_inertia(points: FloatArray, weights: FloatArray, n: int, seed: int) -> WeightedPoints:
    """Return about n of the points, or all, so weighted that sums over them are close to those over all.

    A point's chance grows with its weight and with its squared distance from zero, where the medians are:
    the few far points that most of the inertia comes from are all in it, the crowd is thinned. Points are
    taken at equal steps of summed chances along a curve that keeps neighbours together, so that every region
    has its share; inertias of two solutions then compare several times as closely as on a sample that is
    drawn point by point. Values and seed alone decide, not the order of the points.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    n : int
    seed : int

    References
    ----------
    Bachem, Lucic and Krause, "Scalable k-means clustering via lightweight coresets", 2018, for the chances;
    Lister and Scott, "Use of space-filling curves to select sample locations in natural resource monitoring
    studies", 2009, for the curve.
    """
    if len(points) > FIRST * n:
        first = _drawn(points, weights, FIRST * n // 2, seed)
        points, weights = first.points, first.weights
    hashes = hash_rows(points, seed)
    if len(points) <= n:
        order = np.argsort(hashes)
        return WeightedPoints(points[order], weights[order])
    chances = _chances(points, weights, n)
    keys = _along_curve(points)
    keys <<= np.uint64(64 - CURVE_BITS)
    hashes >>= np.uint64(CURVE_BITS)
    keys |= hashes
    unsure = np.flatnonzero(chances < 1)
    unsure = unsure[np.argsort(keys[unsure])]
    begin = np.random.default_rng((seed, 3)).random()
    steps = np.floor(np.cumsum(chances[unsure]) + begin)
    taken = unsure[np.diff(steps, prepend=0.0) > 0]
    chosen = np.concatenate((np.flatnonzero(chances >= 1), taken))
    chosen = chosen[np.argsort(keys[chosen])]
    return WeightedPoints(points[chosen], weights[chosen] / chances[chosen])


def _drawn(points: FloatArray, weights: FloatArray, n: int, seed: int) -> WeightedPoints:
    """Return about n of the points, each taken by its own chance, whatever the others are."""
    chances = _chances(points, weights, n)
    # Other hashes than those that order the sample.
    chosen = np.flatnonzero(hash_rows(points, seed + 1) < chances * 2.0**64)
    return WeightedPoints(points[chosen], weights[chosen] / chances[chosen])


def _chances(points: FloatArray, weights: FloatArray, n: int) -> FloatArray:
    """Return each point's chance to be among about n, at most 1."""
    squares = weights * np.einsum("ij,ij->i", points, points)
    # Rounded sums do not depend on the order of the points.
    by_square = TAILS * n / float(rounded(squares.sum(), bits=24))
    by_weight = (1 - TAILS) * n / float(rounded(weights.sum(), bits=24))
    return np.asarray(np.minimum(by_square * squares + by_weight * weights, 1.0))


def _along_curve(points: FloatArray) -> npt.NDArray[np.uint64]:
    """Return where on a Z-order curve each point lies: the features' bits in turn (Morton 1966)."""
    n_used = min(points.shape[1], CURVE_BITS)
    n_bits = min(MOST_BITS, CURVE_BITS // n_used)
    codes = np.arange(2**n_bits, dtype=np.uint64)
    apart = np.zeros_like(codes)
    for bit in range(n_bits):
        apart |= (codes >> np.uint64(bit) & np.uint64(1)) << np.uint64(bit * n_used)
    places = np.zeros(len(points), dtype=np.uint64)
    for column in range(n_used):
        places |= apart[_bins(points[:, column], 2**n_bits)] << np.uint64(column)
    return places


def _bins(column: FloatArray, n_bins: int) -> IntArray:
    """Return bins that widen with the distance from zero, as the tails thin out."""
    sizes = np.abs(column)
    middle = float(np.partition(sizes, len(sizes) // 2)[len(sizes) // 2])
    spread = max(middle or float(rounded(sizes.mean(), bits=24)), 1e-200 * float(sizes.max())) or 1.0
    ends = np.array([column.min(), column.max()])
    lowest, highest = np.copysign(_logarithms(np.abs(ends), spread), ends).tolist()
    logs = np.copysign(_logarithms(sizes, spread), column)
    logs -= lowest
    logs *= n_bins / max(highest - lowest, 1.0)
    return np.minimum(logs, n_bins - 1, out=logs).astype(np.int64)


def _logarithms(sizes: FloatArray, spread: float) -> FloatArray:
    """Return what runs like log(1 + size / spread): the bits of a float, read as a whole number."""
    logs = sizes / spread
    logs += 1.0
    bits = logs.view(np.int64)
    bits -= ONE
    return bits.astype(np.float64)
