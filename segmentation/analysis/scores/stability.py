"""How well clusters hold on random samples."""

import numpy as np

from segmentation.analysis.kmeans.initialisation import iterate_starts, seed_starts
from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import FloatArray, LabelArray

STARTS_PER_REFIT = 3


def bootstrap_stabilities(
    points: FloatArray,
    weights: FloatArray,
    centroids: FloatArray,
    *,
    n_bootstraps: int,
    rng: np.random.Generator,
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

    References
    ----------
    Hennig, "Cluster-wise assessment of cluster stability", 2007.
    """
    k = len(centroids)
    n = round(weights.sum())
    drawn = rng.multinomial(n, weights / weights.sum(), size=n_bootstraps).astype(np.float64)
    repeated = np.repeat(drawn, STARTS_PER_REFIT, axis=0)
    seeds = seed_starts(points, repeated, k, len(repeated), rng)
    refits = iterate_starts(points, repeated, seeds)
    warm = iterate_starts(points, drawn, np.repeat(centroids[None], n_bootstraps, axis=0))
    all_centroids = np.concatenate(
        (refits.centroids.reshape(n_bootstraps, -1, *centroids.shape), warm.centroids[:, None]), axis=1
    )
    all_inertias = np.concatenate((refits.inertias.reshape(n_bootstraps, -1), warm.inertias[:, None]), axis=1)
    best = all_centroids[np.arange(n_bootstraps), all_inertias.argmin(axis=1)]
    labels = assign(points, centroids)
    return np.asarray(
        np.mean([_jaccards(labels, assign(points, refit), weights, k) for refit in best], axis=0)
    )


def _jaccards(labels: LabelArray, others: LabelArray, weights: FloatArray, k: int) -> FloatArray:
    """Return for each cluster of the first labeling its highest Jaccard similarity to one of the second."""
    shared = np.bincount(labels * k + others, weights, k * k).reshape(k, k)
    unions = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    return np.asarray((shared / np.maximum(unions, 1e-300)).max(axis=1))
