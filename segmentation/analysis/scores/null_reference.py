"""What silhouette k-means reaches on data without groups."""

from collections.abc import Sequence

import numpy as np

from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.kmeans.search import search_optima
from segmentation.analysis.results import FloatArray, ReferenceScores
from segmentation.analysis.scores.silhouette import mean_silhouettes

SAMPLES = 500
PER_KIND = 5


def reference_scores(
    points: FloatArray, weights: FloatArray, ks: Sequence[int], rng: np.random.Generator
) -> tuple[ReferenceScores, ...]:
    """Return the silhouettes that structureless data of the same extent reach.

    Two kinds are drawn, five sets of each: uniform in the box of the principal components, and Gaussian with
    the same covariance. For each k the kind with the higher mean is reported.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    ks : sequence of int
    rng : Generator

    References
    ----------
    Tibshirani, Walther and Hastie, "Estimating the number of clusters in a data set via the gap statistic",
    2001, for the uniform reference.
    """
    n = int(min(SAMPLES, weights.sum()))
    mean = np.average(points, axis=0, weights=weights)
    centred = points - mean
    covariance = (centred.T * weights) @ centred / weights.sum()
    _, axes = np.linalg.eigh(covariance)
    turned = centred @ axes
    low, high = turned.min(axis=0), turned.max(axis=0)
    deviations = np.sqrt(np.average(turned**2, axis=0, weights=weights))
    judged = [k for k in ks if 2 <= k < n]
    uniform = [_silhouettes(rng.uniform(low, high, (n, len(low))), judged, rng) for _ in range(PER_KIND)]
    gaussian = [_silhouettes(rng.normal(0, deviations, (n, len(low))), judged, rng) for _ in range(PER_KIND)]
    rows = []
    for column, k in enumerate(judged):
        kinds = [[row[column] for row in kind] for kind in (uniform, gaussian)]
        best = max(kinds, key=lambda kind: float(np.mean(kind)))
        rows.append(ReferenceScores(k, float(np.mean(best)), float(np.std(best, ddof=1))))
    return tuple(rows)


def _silhouettes(points: FloatArray, ks: Sequence[int], rng: np.random.Generator) -> list[float]:
    if not ks:
        return []
    weights = np.ones(len(points))
    found = search_optima(points, weights, range(1, ks[-1] + 1), rng, n_starts=8, keep=2, rounds=0)
    labelings = [assign(points, found[k].centroids[0]) for k in ks]
    return [0.0 if each is None else each.mean for each in mean_silhouettes(points, weights, labelings)]
