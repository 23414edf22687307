"""Scores for every k of a sweep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from segmentation.analysis.kmeans.coarsening import WeightedPoints, choose_sample
from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import (
    ClusterScores,
    CompressedSamples,
    ElbowSweep,
    FloatArray,
    SweepScores,
)
from segmentation.analysis.scores.cluster_sums import ClusterSums, sum_clusters
from segmentation.analysis.scores.silhouette import Silhouette, mean_silhouettes
from segmentation.analysis.scores.stability import bootstrap_stabilities
from segmentation.analysis.threads import single_threaded

EXACT_SILHOUETTE_POINTS = 12_000
SILHOUETTE_SAMPLE = 5_000
STABILITY_SAMPLE = 1_000
N_BOOTSTRAPS = 20

Report = Callable[[int], None]


@single_threaded
def score_sweep(
    samples: CompressedSamples,
    sweep: ElbowSweep,
    *,
    random_state: int = 0,
    n_bootstraps: int = N_BOOTSTRAPS,
    report: Report | None = None,
) -> SweepScores:
    """Score every k of a sweep.

    The silhouette is exact up to 12,000 points, else taken on a sample of customers, 5,000 where there are
    many; Davies-Bouldin and Calinski-Harabasz are exact. Stability resamples at most 1,000 customers, so that
    it says whether about as many customers are enough to find the same clusters again.

    Parameters
    ----------
    samples : CompressedSamples
    sweep : ElbowSweep
    random_state, n_bootstraps : int
        Without bootstraps the stabilities stay open: see `with_stabilities`.
    report : callable or None
        Called with each k when it is scored; an exception it raises ends the scoring.
    """
    silhouettes, silhouette_sample = _silhouettes(samples, sweep, random_state)
    found = [sweep.centroids_of(k) for k in sweep.ks]
    sums = sum_clusters(samples, found)
    rows: list[ClusterScores] = []
    for k, silhouette, each in zip(sweep.ks, silhouettes, sums, strict=True):
        rows.append(
            ClusterScores(
                k=k,
                inertia=sweep.inertias[len(rows)],
                **_silhouette_scores(silhouette, silhouette_sample, samples.n_samples),
                **_variance_scores(each),
                stability=None,
                stabilities=(),
            )
        )
        if report is not None:
            report(k)
    scores = SweepScores(tuple(rows), n_bootstraps)
    return with_stabilities(scores, samples, sweep, random_state=random_state) if n_bootstraps else scores


@single_threaded
def with_stabilities(
    scores: SweepScores,
    samples: CompressedSamples,
    sweep: ElbowSweep,
    *,
    known: Mapping[int, Sequence[float]] | None = None,
    random_state: int = 0,
) -> SweepScores:
    """Return the scores with the stability of every k: as known, or from a few refits.

    Parameters
    ----------
    scores : SweepScores
    samples : CompressedSamples
    sweep : ElbowSweep
    known : mapping of int to sequence of float
        Stabilities by cluster that were measured thoroughly already.
    random_state : int
    """
    few = sample_of_customers(samples, STABILITY_SAMPLE, random_state)
    n_bootstraps = scores.n_bootstraps or N_BOOTSTRAPS
    rows = []
    for row in scores.rows:
        found = tuple((known or {}).get(row.k, ())) or _stabilities(
            few, sweep.centroids_of(row.k), n_bootstraps, np.random.default_rng((random_state, row.k))
        )
        rows.append(replace(row, stability=min(found, default=None), stabilities=found))
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
    n_distinct = samples.n_points if samples.exact else samples.n_samples
    if n_distinct <= EXACT_SILHOUETTE_POINTS:
        chosen = WeightedPoints(samples.points, samples.weights)
    else:
        # One customer less for each point beyond: neither the time nor the silhouette jumps.
        n = max(SILHOUETTE_SAMPLE, 2 * EXACT_SILHOUETTE_POINTS - n_distinct)
        chosen = sample_of_customers(samples, n, seed)
    labelings = [assign(chosen.points, sweep.centroids_of(k)) for k in sweep.ks]
    return mean_silhouettes(chosen.points, chosen.weights, labelings), round(chosen.weights.sum())


def _silhouette_scores(silhouette: Silhouette | None, sample: int, n_samples: int) -> dict[str, Any]:
    """Return what `ClusterScores` holds of a silhouette, by the names there."""
    # Of a sample without replacement: nothing is uncertain about customers who are all in it.
    left = np.sqrt(1 - sample / n_samples)
    return {
        "silhouette": None if silhouette is None else silhouette.mean,
        "silhouette_error": None if silhouette is None else float(left * silhouette.error),
        "silhouette_sample": sample,
        "silhouette_exact": sample == n_samples,
    }


def _stabilities(
    few: WeightedPoints, centroids: FloatArray, n_bootstraps: int, rng: np.random.Generator
) -> tuple[float, ...]:
    if not 2 <= len(centroids) < few.weights.sum():
        return ()
    found = bootstrap_stabilities(few.points, few.weights, centroids, n_bootstraps=n_bootstraps, rng=rng)
    return tuple(map(float, found))


def _variance_scores(sums: ClusterSums) -> dict[str, Any]:
    """Return what `ClusterScores` holds of sizes and spreads, by the names there."""
    return {
        "davies_bouldin": _davies_bouldin(sums),
        "calinski_harabasz": _calinski_harabasz(sums),
        "sizes": tuple(round(count) for count in sums.counts),
    }


def _calinski_harabasz(sums: ClusterSums) -> float | None:
    """Return the ratio of between- to within-cluster variance (Calinski and Harabasz 1974)."""
    k, n = len(sums.counts), sums.counts.sum()
    if not 2 <= k < n or not sums.counts.all():
        return None
    between = sums.counts @ ((sums.means - sums.mean) ** 2).sum(axis=1)
    within = sums.squares.sum()
    return float(between * (n - k) / (within * (k - 1))) if within > 0 else 1.0


def _davies_bouldin(sums: ClusterSums) -> float | None:
    """Return the mean over clusters of the worst ratio of spreads to distance (Davies and Bouldin 1979)."""
    k, n = len(sums.counts), sums.counts.sum()
    if not 2 <= k < n or not sums.counts.all():
        return None
    spreads = sums.distances / sums.counts
    distances = cdist(sums.means, sums.means)
    np.fill_diagonal(distances, np.inf)
    return float(((spreads[:, None] + spreads) / distances).max(axis=1).mean())
