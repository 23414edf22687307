"""Nearest centroids, in chunks that stay in the processor's cache."""

import numpy as np

from segmentation.analysis.results import FloatArray, LabelArray

CHUNK = 8192
# Below this share of the sum of squares an inertia taken as a difference has lost its digits.
LOST = 1e-6


def affinities(points: FloatArray, centroids: FloatArray) -> FloatArray:
    """Return x·c - |c|²/2, shape (k, n_points): largest where the distance is smallest."""
    values = centroids @ points.T
    values -= 0.5 * np.einsum("ij,ij->i", centroids, centroids)[:, None]
    return values


def nearest_of(values: FloatArray) -> LabelArray:
    """Return the row of the largest value per column, the first of equals.

    Row after row, because numpy's argmax along the first axis walks through memory crosswise.
    """
    best = values[0].copy()
    labels = np.zeros(values.shape[1], dtype=np.int32)
    for label in range(1, len(values)):
        np.copyto(labels, label, where=values[label] > best)
        np.maximum(best, values[label], out=best)
    return labels


def assign(points: FloatArray, centroids: FloatArray) -> LabelArray:
    """Return the nearest centroid of each point, shape (n_points,)."""
    labels = np.empty(len(points), dtype=np.int32)
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        labels[chunk] = nearest_of(affinities(points[chunk], centroids))
    return labels


def squared_distances_to_own(points: FloatArray, centroids: FloatArray, labels: LabelArray) -> FloatArray:
    """Return each point's squared distance to its centroid, from differences, which lose no digits."""
    squares = np.empty(len(points))
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        differences = points[chunk] - centroids[labels[chunk]]
        squares[chunk] = np.einsum("ij,ij->i", differences, differences)
    return squares


def inertia_at(points: FloatArray, weights: FloatArray, centroids: FloatArray) -> float:
    """Return the inertia at the centroids from differences, which lose no digits."""
    labels = assign(points, centroids)
    return float(weights @ squared_distances_to_own(points, centroids, labels))


def sums_per_label(points: FloatArray, weights: FloatArray | None, labels: LabelArray, k: int) -> FloatArray:
    """Return weighted sums of the points and, in the last column, of the weights: (k, n_features + 1)."""
    sums = np.zeros((k, points.shape[1] + 1))
    clusters = np.arange(k)[:, None]
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        members = (labels[chunk] == clusters).astype(np.float64)
        if weights is not None:
            members *= weights[chunk]
        sums[:, :-1] += members @ points[chunk]
        sums[:, -1] += members.sum(axis=1)
    return sums
