"""Scores for every k of a sweep."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from segmentation.analysis.kmeans.coarsening import WeightedPoints, choose_sample
from segmentation.analysis.kmeans.nearest import assign, squared_distances_to_own, sums_per_label
from segmentation.analysis.results import (
    BoolArray,
    ClusterScores,
    CompressedSamples,
    ElbowSweep,
    FloatArray,
    SweepScores,
)
from segmentation.analysis.scores.silhouette import Silhouette, mean_silhouettes
from segmentation.analysis.scores.stability import bootstrap_stabilities
from segmentation.analysis.threads import single_threaded

EXACT_SILHOUETTE_POINTS = 12_000
SILHOUETTE_SAMPLE = 5_000
STABILITY_SAMPLE = 1_000
COVARIANCE_SAMPLE = 40_000
CHUNK = 1 << 16

Report = Callable[[int], None]


@single_threaded
def score_sweep(
    samples: CompressedSamples,
    sweep: ElbowSweep,
    *,
    random_state: int = 0,
    n_bootstraps: int = 20,
    report: Report | None = None,
) -> SweepScores:
    """Score every k of a sweep.

    The silhouette is exact up to 12,000 points, else taken on a sample of 5,000 customers; Davies-Bouldin and
    Calinski-Harabasz are exact. Stability resamples at most 1,000 customers, so that it says whether about as
    many customers are enough to find the same clusters again.

    Parameters
    ----------
    samples : CompressedSamples
    sweep : ElbowSweep
    random_state, n_bootstraps : int
    report : callable or None
        Called with each k when it is scored; an exception it raises ends the scoring.
    """
    rng = np.random.default_rng((random_state, 1))
    few = sample_of_customers(samples, STABILITY_SAMPLE, random_state)
    some = sample_of_customers(samples, COVARIANCE_SAMPLE, random_state)
    silhouettes, silhouette_sample = _silhouettes(samples, sweep, random_state)
    rows = []
    for k, inertia, silhouette in zip(sweep.ks, sweep.inertias, silhouettes, strict=True):
        centroids = sweep.centroids_of(k)
        stabilities = _stabilities(few, centroids, n_bootstraps, rng)
        rows.append(
            ClusterScores(
                k=k,
                inertia=inertia,
                **_silhouette_scores(silhouette, silhouette_sample, samples.n_samples),
                **_variance_scores(_cluster_sums(samples, centroids)),
                separation=_separation(some, centroids),
                stability=min(stabilities, default=None),
                stabilities=stabilities,
            )
        )
        if report is not None:
            report(k)
    return SweepScores(tuple(rows), n_bootstraps)


def sample_of_customers(samples: CompressedSamples, n: int, seed: int) -> WeightedPoints:
    """Return about n customers as weighted points, or all of them, chosen by content and random state."""
    if samples.inverse is None:
        return choose_sample(samples.X, np.ones(samples.n_samples), n, seed)
    if samples.n_samples <= n:
        return WeightedPoints(samples.points, samples.weights)
    rng = np.random.default_rng((seed, 2))
    drawn = rng.multivariate_hypergeometric(samples.weights.astype(np.int64), n, method="marginals")
    return WeightedPoints(samples.points[drawn > 0], drawn[drawn > 0].astype(np.float64))


def _silhouettes(
    samples: CompressedSamples, sweep: ElbowSweep, seed: int
) -> tuple[list[Silhouette | None], int]:
    """Return the silhouette for each k, and how many customers they were taken on."""
    if samples.exact and samples.n_points <= EXACT_SILHOUETTE_POINTS:
        chosen = WeightedPoints(samples.points, samples.weights)
    else:
        chosen = sample_of_customers(samples, SILHOUETTE_SAMPLE, seed)
    labelings = [assign(chosen.points, sweep.centroids_of(k)) for k in sweep.ks]
    return mean_silhouettes(chosen.points, chosen.weights, labelings), round(chosen.weights.sum())


def _silhouette_scores(silhouette: Silhouette | None, sample: int, n_samples: int) -> dict[str, Any]:
    """Return what `ClusterScores` holds of a silhouette, by the names there."""
    is_exact = sample == n_samples
    mean, error = (None, None) if silhouette is None else (silhouette.mean, silhouette.error)
    return {
        "silhouette": mean,
        "silhouette_error": 0.0 if is_exact and silhouette is not None else error,
        "silhouette_sample": sample,
        "silhouette_exact": is_exact,
    }


def _stabilities(
    few: WeightedPoints, centroids: FloatArray, n_bootstraps: int, rng: np.random.Generator
) -> tuple[float, ...]:
    if not 2 <= len(centroids) < few.weights.sum():
        return ()
    found = bootstrap_stabilities(few.points, few.weights, centroids, n_bootstraps=n_bootstraps, rng=rng)
    return tuple(map(float, found))


@dataclass(frozen=True, eq=False)
class _ClusterSums:
    """Per cluster its members, mean and summed distances and squares to the mean; and the overall mean."""

    counts: FloatArray
    means: FloatArray
    distances: FloatArray
    squares: FloatArray
    mean: FloatArray


def _cluster_sums(samples: CompressedSamples, centroids: FloatArray) -> _ClusterSums:
    points, weights = (samples.points, samples.weights) if samples.exact else (samples.X, None)
    k = len(centroids)
    labels = assign(points, centroids)
    sums = sums_per_label(points, weights, labels, k)
    counts = sums[:, -1]
    means = sums[:, :-1] / np.maximum(counts, 1)[:, None]
    distances, squares = np.zeros(k), np.zeros(k)
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        to_own = squared_distances_to_own(points[chunk], means, labels[chunk])
        repeated = np.ones(len(to_own)) if weights is None else weights[chunk]
        squares += np.bincount(labels[chunk], repeated * to_own, k)
        distances += np.bincount(labels[chunk], repeated * np.sqrt(to_own), k)
    return _ClusterSums(counts, means, distances, squares, sums[:, :-1].sum(axis=0) / counts.sum())


def _variance_scores(sums: _ClusterSums) -> dict[str, Any]:
    """Return what `ClusterScores` holds of sizes and spreads, by the names there."""
    return {
        "davies_bouldin": _davies_bouldin(sums),
        "calinski_harabasz": _calinski_harabasz(sums),
        "sizes": tuple(round(count) for count in sums.counts),
    }


def _calinski_harabasz(sums: _ClusterSums) -> float | None:
    """Return the ratio of between- to within-cluster variance (Calinski and Harabasz 1974)."""
    k, n = len(sums.counts), sums.counts.sum()
    if not 2 <= k < n or not sums.counts.all():
        return None
    between = sums.counts @ ((sums.means - sums.mean) ** 2).sum(axis=1)
    within = sums.squares.sum()
    return float(between * (n - k) / (within * (k - 1))) if within > 0 else 1.0


def _davies_bouldin(sums: _ClusterSums) -> float | None:
    """Return the mean over clusters of the worst ratio of spreads to distance (Davies and Bouldin 1979)."""
    k, n = len(sums.counts), sums.counts.sum()
    if not 2 <= k < n or not sums.counts.all():
        return None
    spreads = sums.distances / sums.counts
    distances = cdist(sums.means, sums.means)
    np.fill_diagonal(distances, np.inf)
    return float(((spreads[:, None] + spreads) / distances).max(axis=1).mean())


def _separation(some: WeightedPoints, centroids: FloatArray) -> float | None:
    """Return the distance of two centroids over the sum of deviations along it, for the closest two."""
    k = len(centroids)
    if k < 2:
        return None
    labels = assign(some.points, centroids)
    ratios = []
    covariances = [_covariance(some, labels == label) for label in range(k)]
    for one, other in combinations(range(k), 2):
        difference = centroids[one] - centroids[other]
        distance = np.sqrt(difference @ difference)
        if distance == 0:
            return 0.0
        direction = difference / distance
        deviations = [np.sqrt(direction @ covariances[label] @ direction) for label in (one, other)]
        ratios.append(distance / max(sum(deviations), 1e-12 * distance))
    return float(min(ratios))


def _covariance(some: WeightedPoints, members: BoolArray) -> FloatArray:
    points, weights = some.points[members], some.weights[members]
    if weights.sum() < 2:
        return np.zeros((some.points.shape[1],) * 2)
    centred = points - np.average(points, axis=0, weights=weights)
    return np.asarray((centred.T * weights) @ centred / (weights.sum() - 1))
