"""How well clusters hold on random samples."""

import numpy as np

from segmentation.analysis.kmeans.initialisation import iterate_starts, seed_starts
from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import FloatArray, LabelArray

STARTS_PER_REFIT = 3
# Of more starts only the best go on after a few iterations.
STARTS_FINISHED = 3


def bootstrap_stabilities(
    points: FloatArray,
    weights: FloatArray,
    centroids: FloatArray,
    *,
    n_bootstraps: int,
    rng: np.random.Generator,
    n_starts: int = STARTS_PER_REFIT,
) -> FloatArray:
    """Return each cluster's mean Jaccard similarity to the most similar cluster in refits of resampled data.

    Each refit is the best of several k-means++ starts and of one start at the centroids. The similarities are
    of shape (k,), from 0 to 1: above 0.75 a cluster counts as stable, below 0.6 as doubtful.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
        Samples per point.
    centroids : ndarray of shape (k, n_features)
        The solution to be judged.
    n_bootstraps : int
    rng : Generator
    n_starts : int
        k-means++ starts of a refit.

    References
    ----------
    Hennig, "Cluster-wise assessment of cluster stability", 2007.
    """
    k = len(centroids)
    n = round(weights.sum())
    drawn = rng.multinomial(n, weights / weights.sum(), size=n_bootstraps).astype(np.float64)
    starts = _starts(points, drawn, centroids, n_starts, rng)
    per_refit = starts.shape[1]
    repeated = np.repeat(drawn, per_refit, axis=0)
    refits = iterate_starts(points, repeated, starts.reshape(-1, *centroids.shape))
    inertias = refits.inertias.reshape(n_bootstraps, per_refit)
    best = refits.centroids.reshape(starts.shape)[np.arange(n_bootstraps), inertias.argmin(axis=1)]
    labels = assign(points, centroids)
    return np.asarray(
        np.mean([_jaccards(labels, assign(points, refit), weights, k) for refit in best], axis=0)
    )


def _starts(
    points: FloatArray, drawn: FloatArray, centroids: FloatArray, n_starts: int, rng: np.random.Generator
) -> FloatArray:
    """Return the starts of each refit, shape (n_bootstraps, n, k, n_features); the last is the solution."""
    repeated = np.repeat(drawn, n_starts, axis=0)
    cold = seed_starts(points, repeated, len(centroids), len(repeated), rng)
    if n_starts > STARTS_FINISHED:
        cold = _promising(points, repeated, cold, len(drawn))
    warm = np.broadcast_to(centroids, (len(drawn), 1, *centroids.shape))
    return np.concatenate((cold.reshape(len(drawn), -1, *centroids.shape), warm), axis=1)


def _promising(points: FloatArray, weights: FloatArray, starts: FloatArray, n_bootstraps: int) -> FloatArray:
    """Return the starts of each refit that are best after a few iterations, iterated so far."""
    begun = iterate_starts(points, weights, starts, max_iter=3)
    inertias = begun.inertias.reshape(n_bootstraps, -1)
    chosen = np.argsort(inertias, axis=1, kind="stable")[:, :STARTS_FINISHED]
    centroids = begun.centroids.reshape(n_bootstraps, -1, *starts.shape[1:])
    return centroids[np.arange(n_bootstraps)[:, None], chosen]


def _jaccards(labels: LabelArray, others: LabelArray, weights: FloatArray, k: int) -> FloatArray:
    """Return for each cluster of the first labeling its highest Jaccard similarity to one of the second."""
    shared = np.bincount(labels * k + others, weights, k * k).reshape(k, k)
    unions = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    return np.asarray((shared / np.maximum(unions, 1e-300)).max(axis=1))
