"""Silhouette of weighted points, for many labelings at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from segmentation.analysis.results import FloatArray, LabelArray

CHUNK = 512
# Up to this many points sums in double precision take a tenth of a second at most.
DOUBLE_PRECISION = 2_000
# Gaps below this share of the reach would leave the range of single precision.
SMALLEST_GAP = 1e-36


@dataclass(frozen=True)
class Silhouette:
    """The mean silhouette and the standard error it would have as the mean of a sample."""

    mean: float
    error: float


def mean_silhouettes(
    points: FloatArray, weights: FloatArray, labelings: Sequence[LabelArray]
) -> list[Silhouette | None]:
    """Return the mean silhouette of each labeling.

    A point of weight w counts as w equal samples. Distances are computed once for all labelings, in double
    precision; of many points they are summed in single precision, which moves the mean by about 1e-9.

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
    sums = _summed_distances(points, members)
    n_samples = float(weights.sum())
    found: list[Silhouette | None] = []
    for end, size, labels in zip(np.cumsum(sizes), sizes, labelings, strict=True):
        columns = slice(end - size, end)
        if 2 <= np.count_nonzero(counts[columns]) < n_samples:
            values = _silhouettes(sums[:, columns], counts[columns], labels)
            found.append(_summary(values, weights, n_samples))
        else:
            found.append(None)
    return found


def _summed_distances(points: FloatArray, members: FloatArray) -> FloatArray:
    """Return each point's summed distances to the members of each column, up to one factor for all.

    A pair of chunks serves the sums of both: every distance is computed once.
    """
    # A power of two, which changes no digit.
    scaled = points * 2.0 ** -np.frexp(np.abs(points).max())[1]
    precision = np.float32 if _fits_single_precision(scaled) else np.float64
    chunks = [slice(begin, begin + CHUNK) for begin in range(0, len(points), CHUNK)]
    typed = [members[chunk].astype(precision) for chunk in chunks]
    sums = np.zeros(members.shape)
    for one, chunk in enumerate(chunks):
        for other in range(one, len(chunks)):
            distances = cdist(scaled[chunk], scaled[chunks[other]]).astype(precision, copy=False)
            sums[chunk] += distances @ typed[other]
            if other > one:
                sums[chunks[other]] += distances.T @ typed[one]
    return sums


def _fits_single_precision(scaled: FloatArray) -> bool:
    """Return whether there are many points, and no gap between two values is lost beside the largest."""
    if len(scaled) <= DOUBLE_PRECISION:
        return False
    gaps = np.diff(np.sort(scaled, axis=0), axis=0)
    return bool(gaps[gaps > 0].min(initial=1.0) > SMALLEST_GAP)


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
