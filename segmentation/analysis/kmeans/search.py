"""Search for good optima of every k: k-means++ starts, then splits from k - 1 and merges from k + 1."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from segmentation.analysis.kmeans.initialisation import (
    Optima,
    draw_points,
    exchange_points,
    iterate_starts,
    seed_starts,
    squared_distances,
)
from segmentation.analysis.results import FloatArray

# Optima whose inertias differ by less than this share are taken for the same.
SAME = 1e-5
FEW_CLUSTERS = 3
# Optima per k that are split and merged.
PARENTS = 3
# k-means++ starts per cluster: few clusters need few.
STARTS_PER_CLUSTER = 5
FEWEST_STARTS = 20


def search_optima(
    points: FloatArray,
    weights: FloatArray,
    ks: Sequence[int],
    rng: np.random.Generator,
    *,
    n_starts: int,
    keep: int,
    rounds: int,
    few_starts: int = 0,
    exchange: bool = False,
) -> dict[int, Optima]:
    """Find up to `keep` distinct optima of k-means on few weighted points for every k of a range, best first.

    A good optimum for k is often one split away from a good optimum for k - 1, or one deletion away from one
    for k + 1: after the k-means++ starts the search goes up and down the range until nothing improves.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    ks : sequence of int
        Ascending, without gaps.
    rng : Generator
    n_starts : int
        k-means++ starts per k.
    keep : int
        Distinct optima kept per k.
    rounds : int
        At most this many times up and down.
    few_starts : int
        Starts of their own for up to three clusters, of which features that are alike have dozens.
    exchange : bool
        Also move single points between clusters, which pays where the points are the samples themselves.
    """
    search = _Search(points, weights, rng, keep, few_starts // 8, exchange)
    seeds = seed_starts(points, weights, ks[-1], n_starts, rng)
    for k in ks:
        starts = [seeds[: max(FEWEST_STARTS, STARTS_PER_CLUSTER * k), :k], *search.splits_for(k)]
        if 1 < k <= FEW_CLUSTERS and few_starts:
            starts.append(seed_starts(points, weights, k, few_starts, rng))
        search.add(k, starts)
    search.go_up_and_down(ks, rounds)
    return search.found


@dataclass
class _Search:
    """The optima found so far, and which of them have been split and merged already."""

    points: FloatArray
    weights: FloatArray
    rng: np.random.Generator
    keep: int
    keep_few: int
    exchange: bool
    found: dict[int, Optima] = field(default_factory=dict)
    tried: dict[tuple[str, int], float] = field(default_factory=dict)
    seen: dict[int, list[float]] = field(default_factory=dict)

    def add(self, k: int, starts: Sequence[FloatArray]) -> bool:
        """Keep what the starts for k lead to; return whether the best inertia fell."""
        if not starts:
            return False
        # With few clusters iterations are cheap, and the first ones say little about where a start leads.
        few = k <= FEW_CLUSTERS
        keep = max(self.keep, self.keep_few) if few else self.keep
        going_on = None if few else 2 * keep
        optima = iterate_starts(self.points, self.weights, np.concatenate(starts), keep=going_on)
        optima = self._unseen(k, distinct(optima, keep))
        if self.exchange and len(optima.inertias):
            optima = exchange_points(self.points, self.weights, optima)
        before = self.found.get(k)
        self.found[k] = distinct(optima if before is None else _joined(before, optima), keep)
        return before is None or bool(self.found[k].inertias[0] < before.inertias[0] * (1 - SAME))

    def _unseen(self, k: int, optima: Optima) -> Optima:
        """Return the optima that no earlier starts have led to."""
        seen = np.array(self.seen.get(k, []))
        apart = np.abs(optima.inertias[:, None] - seen) > SAME * optima.inertias[:, None]
        new = apart.all(axis=1)
        self.seen[k] = [*seen, *optima.inertias[new]]
        return Optima(optima.centroids[new], optima.inertias[new])

    def go_up_and_down(self, ks: Sequence[int], rounds: int) -> None:
        """Try the neighbours of every k until nothing improves, at most this many times."""
        for _ in range(rounds):
            # Not a generator: every k is to be tried, also after one that improved.
            improved = [self.try_neighbours(k) for k in [*reversed(ks[:-1]), *ks[1:]]]
            if not any(improved):
                break

    def try_neighbours(self, k: int) -> bool:
        """Try k from its neighbours' optima, where their best is new; return whether the inertia fell."""
        return self.add(k, [*self.deletions_for(k), *self.splits_for(k)])

    def splits_for(self, k: int) -> list[FloatArray]:
        if not self._is_new("split", k, k - 1):
            return []
        return [_splits(self.points, self.weights, self.found[k - 1].best(PARENTS), self.rng)]

    def deletions_for(self, k: int) -> list[FloatArray]:
        return [_deletions(self.found[k + 1].best(PARENTS))] if self._is_new("delete", k, k + 1) else []

    def _is_new(self, way: str, k: int, neighbour: int) -> bool:
        if neighbour not in self.found:
            return False
        inertia = float(self.found[neighbour].inertias[0])
        is_new = self.tried.get((way, k)) != inertia
        self.tried[way, k] = inertia
        return is_new


def _joined(one: Optima, other: Optima) -> Optima:
    return Optima(
        np.concatenate((one.centroids, other.centroids)), np.concatenate((one.inertias, other.inertias))
    )


def distinct(optima: Optima, keep: int) -> Optima:
    """Return the best optima, at most `keep`, leaving out those with the inertia of a better one."""
    order = np.argsort(optima.inertias, kind="stable")
    chosen: list[int] = []
    for index in order:
        inertia = optima.inertias[index]
        if not chosen or inertia - optima.inertias[chosen[-1]] > SAME * inertia:
            chosen.append(int(index))
        if len(chosen) == keep:
            break
    return Optima(optima.centroids[chosen], optima.inertias[chosen])


def _splits(points: FloatArray, weights: FloatArray, optima: Optima, rng: np.random.Generator) -> FloatArray:
    """Return starts with one centroid more: for every cluster of every optimum a point drawn by D²."""
    starts = []
    for centroids in optima.centroids:
        distances = squared_distances(points, centroids)
        labels = distances.argmin(axis=0)
        masses = weights * distances.min(axis=0)
        per_cluster = np.where(labels == np.arange(len(centroids))[:, None], masses, 0.0)
        per_cluster = per_cluster[per_cluster.sum(axis=1) > 0]
        drawn = points[draw_points(per_cluster, 1, rng)]
        kept = np.broadcast_to(centroids, (len(drawn), *centroids.shape))
        starts.append(np.concatenate((kept, drawn), axis=1))
    return np.concatenate(starts)


def _deletions(optima: Optima) -> FloatArray:
    """Return starts with one centroid less: every optimum without each of its centroids in turn."""
    k = optima.centroids.shape[1]
    others = np.array([[j for j in range(k) if j != left_out] for left_out in range(k)])
    return optima.centroids[:, others].reshape(-1, k - 1, optima.centroids.shape[2])
