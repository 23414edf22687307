"""Silhouette of weighted points, for many labelings at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from segmentation.analysis.results import FloatArray, LabelArray

CHUNK = 512


@dataclass(frozen=True)
class Silhouette:
    """The mean silhouette and the standard error it would have as the mean of a sample."""

    mean: float
    error: float


def mean_silhouettes(
    points: FloatArray, weights: FloatArray, labelings: Sequence[LabelArray]
) -> list[Silhouette | None]:
    """Return the mean silhouette of each labeling.

    A point of weight w counts as w equal samples. Distances are computed once for all labelings.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    labelings : sequence of ndarray of int of shape (n_points,)

    Returns
    -------
    list of (Silhouette or None)
        `None` where the silhouette is undefined: one cluster, or as many as samples.

    References
    ----------
    Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", 1987.
    """
    sizes = [int(labels.max()) + 1 for labels in labelings]
    members = np.concatenate(
        [np.eye(size)[labels] for size, labels in zip(sizes, labelings, strict=True)], axis=1
    )
    members *= weights[:, None]
    counts = members.sum(axis=0)
    ends = np.cumsum(sizes)
    values = np.zeros((len(labelings), len(points)))
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        sums = cdist(points[chunk], points) @ members
        for row, (end, size) in enumerate(zip(ends, sizes, strict=True)):
            columns = slice(end - size, end)
            values[row, chunk] = _silhouettes(sums[:, columns], counts[columns], labelings[row][chunk])
    n_samples = float(weights.sum())
    return [
        _summary(row, weights, n_samples)
        if 2 <= np.count_nonzero(counts[end - size : end]) < n_samples
        else None
        for row, end, size in zip(values, ends, sizes, strict=True)
    ]


def _silhouettes(sums: FloatArray, counts: FloatArray, labels: LabelArray) -> FloatArray:
    """Return the silhouette per point from its summed distances to each cluster; 0 for a cluster of one."""
    rows = np.arange(len(labels))
    own_count = counts[labels]
    own = sums[rows, labels] / np.maximum(own_count - 1, 1)
    others = sums / np.where(counts > 0, counts, np.nan)
    others[rows, labels] = np.nan
    other = np.fmin.reduce(others, axis=1)
    larger = np.maximum(own, other)
    values = np.where(larger > 0, (other - own) / np.where(larger > 0, larger, 1.0), 0.0)
    return np.where(own_count > 1, values, 0.0)


def _summary(values: FloatArray, weights: FloatArray, n_samples: float) -> Silhouette:
    mean = float(weights @ values / n_samples)
    variance = float(weights @ (values - mean) ** 2 / n_samples)
    return Silhouette(mean, float(np.sqrt(variance / n_samples)))
