"""Finish one k on all samples: labels, distances and margins, the largest cluster first."""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from common.i18n import gettext as _
from segmentation.analysis.errors import InvalidSettingError
from segmentation.analysis.kmeans.lloyd import pass_over_cells
from segmentation.analysis.kmeans.nearest import (
    CHUNK,
    affinities,
    assign,
    nearest_of,
    squared_distances_to_own,
    sums_per_label,
)
from segmentation.analysis.kmeans.sweep import sweep_k
from segmentation.analysis.results import (
    Clustering,
    CompressedSamples,
    FeatureMatrix,
    FloatArray,
    IntArray,
    LabelArray,
)
from segmentation.analysis.threads import single_threaded

MAX_PASSES = 300
# Squared shift of all centroids, relative to the features' variance, at which they have arrived.
TOLERANCE = 1e-10
# scikit-learn works on a copy; beyond this many values (128 MB) the passes here take its place.
COPIED_VALUES = 16_000_000
# Centroids that move by less than this share of the samples' reach stand still.
SETTLED = 1e-6

Report = Callable[[int], None]


@single_threaded
def fit_clusters(
    features: FeatureMatrix,
    samples: CompressedSamples,
    *,
    n_clusters: int,
    centroids: FloatArray | None = None,
    random_state: int = 0,
    report: Report | None = None,
) -> Clustering:
    """Finish k-means for one k on all samples.

    Lloyd's iteration goes on from the centroids until no sample changes its cluster: a local optimum of all
    samples.

    Parameters
    ----------
    features : FeatureMatrix
    samples : CompressedSamples
        What `compress(features)` returned.
    n_clusters : int
    centroids : ndarray of shape (n_clusters, n_features) or None
        Where to begin, in scaled units, usually from the sweep; `None` sweeps up to `n_clusters` first.
    random_state : int
        Used by that sweep only.
    report : callable or None
        Called with the number of each pass; an exception it raises ends the fit.

    Raises
    ------
    TooFewCustomersError
        If there are fewer distinct rows than clusters.
    """
    if centroids is None:
        sweep = sweep_k(samples, k_min=n_clusters, k_max=n_clusters, random_state=random_state)
        centroids = sweep.centroids_of(n_clusters)
    if centroids.shape != (n_clusters, samples.X.shape[1]):
        text = _("Centroids of shape %(shape)s do not fit %(k)s clusters.")
        raise InvalidSettingError(text % {"shape": centroids.shape, "k": n_clusters})
    if samples.cells is not None:
        centroids = _through_cells(samples, centroids, report)
    elif samples.points.size <= COPIED_VALUES:
        centroids = _through_scikit_learn(samples, centroids)
    centroids, n_iter = _settled(samples, np.array(centroids), report)
    return _finished(features, samples, centroids, n_iter)


def _through_scikit_learn(samples: CompressedSamples, centroids: FloatArray) -> FloatArray:
    """Return scikit-learn's local optimum of the weighted points, or the start where it loses clusters.

    It moves the mean of the points to zero first: beside one value beyond all measure the points of the crowd
    then become equal, which it warns of.
    """
    fit = KMeans(len(centroids), init=centroids, n_init=1, max_iter=MAX_PASSES, tol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return np.asarray(fit.fit(samples.points, sample_weight=samples.weights).cluster_centers_)
        except ConvergenceWarning:
            return centroids


def _through_cells(samples: CompressedSamples, centroids: FloatArray, report: Report | None) -> FloatArray:
    """Return the local optimum that passes over cells lead to, many times faster than over samples."""
    for n_pass in range(MAX_PASSES):
        means = pass_over_cells(samples, centroids).means
        shift = float(((means - centroids) ** 2).sum())
        centroids = means
        if report is not None:
            report(n_pass + 1)
        if shift <= TOLERANCE * samples.X.shape[1]:
            break
    return centroids


def _settled(
    samples: CompressedSamples, centroids: FloatArray, report: Report | None
) -> tuple[FloatArray, int]:
    """Iterate over all samples until no label changes or the centroids stand still; count the passes."""
    points, weights = (samples.points, samples.weights) if samples.exact else (samples.X, None)
    reach = float(np.abs(points).max())
    labels = None
    for n_pass in range(1, MAX_PASSES + 1):
        previous, labels = labels, assign(points, centroids)
        if previous is not None and np.array_equal(labels, previous):
            break
        sums = sums_per_label(points, weights, labels, len(centroids))
        means = _with_empty_refilled(points, centroids, labels, sums)
        shift = float(np.abs(means - centroids).max())
        centroids = means
        if report is not None:
            report(n_pass)
        if shift <= SETTLED * reach:
            break
    return centroids, n_pass


def _with_empty_refilled(
    points: FloatArray, centroids: FloatArray, labels: LabelArray, sums: FloatArray
) -> FloatArray:
    """Return the means; an empty cluster takes the point farthest from its centroid."""
    counts = sums[:, -1:]
    means = np.where(counts > 0, sums[:, :-1] / np.where(counts > 0, counts, 1.0), centroids)
    empty = np.flatnonzero(counts[:, 0] == 0)
    if len(empty):
        squares = squared_distances_to_own(points, centroids, labels)
        for cluster in empty:
            farthest = int(squares.argmax())
            means[cluster] = points[farthest]
            squares[(points == points[farthest]).all(axis=1)] = 0.0
    return means


def _finished(
    features: FeatureMatrix, samples: CompressedSamples, centroids: FloatArray, n_iter: int
) -> Clustering:
    points, weights = (samples.points, samples.weights) if samples.exact else (samples.X, None)
    counts = sums_per_label(points, weights, assign(points, centroids), len(centroids))[:, -1]
    order = _order(counts, centroids)
    centroids = centroids[order]
    labels = assign(points, centroids)
    sizes = sums_per_label(points, weights, labels, len(centroids))[:, -1]
    distances, margins = _distances(points, centroids, labels)
    within = _squares_per_feature(points, weights, centroids, labels)
    total = _squares_per_feature(points, weights, np.zeros((1, points.shape[1])), np.zeros_like(labels))
    if samples.exact and samples.inverse is not None:
        labels = labels[samples.inverse]
        distances = distances[samples.inverse]
        margins = margins[samples.inverse]
    return Clustering(
        labels=labels,
        distances=distances,
        margins=margins,
        centroids=centroids,
        centroids_original=_original_means(features, centroids, labels),
        inertia=float(within.sum()),
        sizes=tuple(round(size) for size in sizes),
        n_iter=n_iter,
        explained=tuple(float(share) for share in np.clip(1 - within / total, 0.0, 1.0)),
        origins=tuple(order.tolist()),
    )


def _squares_per_feature(
    points: FloatArray, weights: FloatArray | None, centroids: FloatArray, labels: LabelArray
) -> FloatArray:
    """Return summed squared differences to each sample's own centroid, shape (n_features,)."""
    sums = np.zeros(points.shape[1])
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        squares = (points[chunk] - centroids[labels[chunk]]) ** 2
        sums += squares.sum(axis=0) if weights is None else weights[chunk] @ squares
    return sums


def _order(counts: FloatArray, centroids: FloatArray) -> IntArray:
    """Return the clusters from the largest to the smallest, ties by centroid."""
    keys = [*reversed(centroids.T), -np.round(counts)]
    return np.lexsort(keys)


def _distances(
    points: FloatArray, centroids: FloatArray, labels: LabelArray
) -> tuple[FloatArray, FloatArray]:
    """Return each sample's distance to its own centroid, and how much farther the second nearest is."""
    distances, margins = np.empty(len(points)), np.full(len(points), np.inf)
    for begin in range(0, len(points), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        distances[chunk] = np.sqrt(squared_distances_to_own(points[chunk], centroids, labels[chunk]))
        if len(centroids) == 1:
            continue
        values = affinities(points[chunk], centroids)
        values[labels[chunk], np.arange(values.shape[1])] = -np.inf
        second = np.sqrt(squared_distances_to_own(points[chunk], centroids, nearest_of(values)))
        # Rounding may see a tie as a margin below zero.
        margins[chunk] = np.maximum(second - distances[chunk], 0.0)
    return distances, margins


def _original_means(features: FeatureMatrix, centroids: FloatArray, labels: LabelArray) -> FloatArray:
    """Return the clusters' means in original units; where a logarithm was taken, those of the values."""
    original = features.to_original(centroids)
    for name in features.log1p:
        column = features.names.index(name)
        sums = sums_per_label(features.values[:, [column]], None, labels, len(centroids))
        original[:, column] = sums[:, 0] / np.maximum(sums[:, 1], 1)
    return original
