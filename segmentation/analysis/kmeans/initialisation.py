"""Many k-means++ starts on a small set of weighted points, seeded and iterated together in numpy.

Arrays carry the start as their first axis: centroids (n_starts, k, n_features).
"""

from dataclasses import dataclass

import numpy as np

from segmentation.analysis.kmeans.nearest import LOST, inertia_at
from segmentation.analysis.results import BoolArray, FloatArray, IntArray

# Distances of this many start-centroid-point triples fit the processor's second cache.
BLOCK = 120_000
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Optima:
    """Centroids with their inertias, best first: (n, k, n_features) and (n,)."""

    centroids: FloatArray
    inertias: FloatArray

    def best(self, n: int) -> "Optima":
        return Optima(self.centroids[:n], self.inertias[:n])


def seed_starts(
    points: FloatArray, weights: FloatArray, k: int, n_starts: int, rng: np.random.Generator
) -> FloatArray:
    """Draw starts by greedy k-means++; the first j centroids of a start are a start for j clusters.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,) or (n_starts, n_points)
    k : int
    n_starts : int
    rng : Generator

    Returns
    -------
    ndarray of shape (n_starts, k, n_features)

    References
    ----------
    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", 2007.
    """
    weights = np.broadcast_to(weights, (n_starts, len(points)))
    n_trials = 2 + int(np.log(k))
    chosen = np.empty((n_starts, k), dtype=np.int64)
    chosen[:, 0] = draw_points(weights, 1, rng)[:, 0]
    nearest = squared_distances(points, points[chosen[:, 0]])
    each = np.arange(n_starts)
    # Rounding would leave a point beyond all measure at a distance from itself, and have it drawn again.
    nearest[each, chosen[:, 0]] = 0.0
    for j in range(1, k):
        trials = draw_points(weights * nearest, n_trials, rng)
        potentials = np.empty(trials.shape)
        for trial in range(n_trials):
            reached = np.minimum(nearest, squared_distances(points, points[trials[:, trial]]))
            potentials[:, trial] = np.einsum("ij,ij->i", reached, weights)
        chosen[:, j] = trials[each, potentials.argmin(axis=1)]
        np.minimum(nearest, squared_distances(points, points[chosen[:, j]]), out=nearest)
        nearest[each, chosen[:, j]] = 0.0
    return points[chosen]


def draw_points(masses: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Draw n points per row with probability proportional to the masses, shape (n_starts, n)."""
    n_starts, n_points = masses.shape
    sums = np.cumsum(masses, axis=1)
    totals = sums[:, -1:]
    # Each row's sums are mapped to an interval of its own, so that one search serves all rows.
    rows = np.arange(n_starts)[:, None]
    sums /= np.where(totals > 0, totals, 1.0)
    sums += rows
    drawn = np.searchsorted(sums.ravel(), rows + rng.random((n_starts, n)), side="right") - rows * n_points
    return np.asarray(np.clip(drawn, 0, n_points - 1))


def squared_distances(points: FloatArray, centers: FloatArray) -> FloatArray:
    """Return squared distances, shape (n_centers, n_points), never negative."""
    distances = centers @ points.T
    distances *= -2
    distances += np.einsum("ij,ij->i", points, points)
    distances += np.einsum("ij,ij->i", centers, centers)[:, None]
    return np.maximum(distances, 0, out=distances)


def iterate_starts(
    points: FloatArray,
    weights: FloatArray,
    starts: FloatArray,
    *,
    max_iter: int = 100,
    keep: int | None = None,
) -> Optima:
    """Move every start to a local optimum by Lloyd's iteration.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,) or (n_starts, n_points)
    starts : ndarray of shape (n_starts, k, n_features)
    max_iter : int
    keep : int or None
        Go on with this many of the best starts only, after a few iterations of all.

    Returns
    -------
    Optima
        In the order of the starts if `keep` is `None`, else best first.
    """
    if keep is None or len(starts) <= keep:
        optima = _iterate_blocks(points, weights, starts, max_iter)
        return optima if keep is None else _sorted(optima)
    tried = _sorted(_iterate_blocks(points, weights, starts, 3)).best(2 * keep)
    tried = _sorted(_iterate_blocks(points, weights, tried.centroids, 4)).best(keep)
    return _sorted(_iterate_blocks(points, weights, tried.centroids, max_iter))


def _sorted(optima: Optima) -> Optima:
    order = np.argsort(optima.inertias, kind="stable")
    return Optima(optima.centroids[order], optima.inertias[order])


def _iterate_blocks(points: FloatArray, weights: FloatArray, starts: FloatArray, max_iter: int) -> Optima:
    per_block = max(1, BLOCK // (starts.shape[1] * len(points)))
    centroids, inertias = [], []
    for begin in range(0, len(starts), per_block):
        block = slice(begin, begin + per_block)
        block_weights = weights[block] if weights.ndim == 2 else weights
        optima = _iterate_block(points, block_weights, starts[block], max_iter)
        centroids.append(optima.centroids)
        inertias.append(optima.inertias)
    return Optima(np.concatenate(centroids), np.concatenate(inertias))


def _iterate_block(points: FloatArray, weights: FloatArray, starts: FloatArray, max_iter: int) -> Optima:
    shared = weights.ndim == 1
    squares = np.einsum("ij,ij->i", points, points)
    totals = np.broadcast_to(weights @ squares, (len(starts),))
    extended = np.column_stack((points, np.ones(len(points))))
    weighted = extended * weights[..., None]
    centroids = starts.copy()
    inertias = np.full(len(starts), np.inf)
    active = np.arange(len(starts))
    for _ in range(max_iter):
        values = _affinities(extended, centroids[active])
        best = values.max(axis=1)
        reached = best @ weights if shared else np.einsum("ij,ij->i", best, weights[active])
        reached = totals[active] - 2 * reached
        for lost in np.flatnonzero(reached < LOST * totals[active]):
            own = weights if shared else weights[active[lost]]
            reached[lost] = inertia_at(points, own, centroids[active[lost]])
        improved = inertias[active] - reached > TOLERANCE * reached
        inertias[active] = reached
        if not improved.any():
            break
        if not improved.all():
            active, values, best = active[improved], values[improved], best[improved]
        members = np.equal(values, best[:, None, :], out=values, casting="unsafe")
        sums = _sums(members, weighted) if shared else members @ weighted[active]
        centroids[active] = _means(sums, centroids[active])
    return Optima(centroids, inertias)


def _sums(members: FloatArray, weighted: FloatArray) -> FloatArray:
    """Return members @ weighted as one product of matrices, much faster than one for each start."""
    n_starts, k, n_points = members.shape
    return (members.reshape(n_starts * k, n_points) @ weighted).reshape(n_starts, k, weighted.shape[1])


def _affinities(extended: FloatArray, centroids: FloatArray) -> FloatArray:
    """Return x·c - |c|²/2, shape (n_starts, k, n_points): largest where the distance is smallest.

    The points come with a column of ones behind them, so that one product of matrices does it all.
    """
    flat = centroids.reshape(-1, centroids.shape[2])
    lowered = np.column_stack((flat, -0.5 * np.einsum("ij,ij->i", flat, flat)))
    return (lowered @ extended.T).reshape(*centroids.shape[:2], len(extended))


def _means(sums: FloatArray, previous: FloatArray) -> FloatArray:
    """Return the means of the members; a centroid without members stays where it is."""
    counts = sums[..., -1:]
    return np.where(counts > 0, sums[..., :-1] / np.where(counts > 0, counts, 1.0), previous)


def exchange_points(
    points: FloatArray, weights: FloatArray, optima: Optima, *, max_steps: int = 50
) -> Optima:
    """Improve local optima of Lloyd's iteration by moving single points between clusters.

    A point can be nearer its own centroid and the inertia still fall when it changes cluster, because both
    centroids move with it. Each step makes the best move out of every cluster at once; if these get in each
    other's way the step is taken back and the optimum stays as it was.

    References
    ----------
    Hartigan, Clustering Algorithms, 1975, chapter 4.
    """
    best = optima.centroids.copy()
    inertias = np.full(len(best), np.inf)
    centroids = best.copy()
    active = np.arange(len(best))
    for _ in range(max_steps):
        moves = _best_moves(points, weights, centroids[active])
        fell = moves.inertias < inertias[active] * (1 - 1e-9)
        reached = active[fell]
        best[reached], inertias[reached] = centroids[reached], moves.inertias[fell]
        going = fell & moves.found
        active = active[going]
        if not len(active):
            break
        centroids[active] = moves.centroids[going]
    return iterate_starts(points, weights, best)


@dataclass(frozen=True, eq=False)
class _Moves:
    """For each optimum its inertia, whether a move lowers it, and the centroids after the moves."""

    inertias: FloatArray
    found: BoolArray
    centroids: FloatArray


def _best_moves(points: FloatArray, weights: FloatArray, centroids: FloatArray) -> _Moves:
    n, k, n_features = centroids.shape
    distances = squared_distances(points, centroids.reshape(-1, n_features)).reshape(n, k, -1)
    nearest = distances.min(axis=1)
    labels = distances.argmin(axis=1)
    members = labels[:, None, :] == np.arange(k)[:, None]
    inertias = nearest @ weights
    sizes = members @ weights
    own_size = np.take_along_axis(sizes, labels, axis=1)
    # A point alone in its cluster cannot leave it.
    stays = own_size <= weights
    leaving = np.where(stays, 0.0, own_size * weights / np.where(stays, 1.0, own_size - weights))
    change = distances
    change *= sizes[..., None] * weights / (sizes[..., None] + weights)
    change[members] = np.inf
    target = change.argmin(axis=1)
    change = change.min(axis=1) - leaving * nearest
    per_cluster = np.where(members, change[:, None, :], np.inf)
    point = per_cluster.argmin(axis=2)
    lowers = np.take_along_axis(per_cluster, point[..., None], axis=2)[..., 0] < -1e-9 * inertias[:, None]
    optimum, source = np.nonzero(lowers)
    point = point[optimum, source]
    weighted = members * weights
    weighted[optimum, source, point] = 0.0
    weighted[optimum, target[optimum, point], point] = weights[point]
    sums = _sums(weighted, np.column_stack((points, np.ones(len(points)))))
    return _Moves(inertias, lowers.any(axis=1), _means(sums, centroids))
