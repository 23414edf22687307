"""Carry the identity of living segments over to the clusters of a new run."""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from segmentation.analysis.results import ClusterMatch, ClusterMatching, FloatArray, IntArray, LabelArray

# Below this confidence a cluster is a new segment.
THRESHOLD = 0.3
# A cluster with fewer of its customers known than this share is matched by its centroid.
KNOWN_SHARE = 0.1
CHUNK = 1 << 18


def match_clusters(
    customer_ids: IntArray,
    labels: LabelArray,
    *,
    centroids: FloatArray,
    previous_ids: IntArray,
    previous_segments: IntArray,
    previous_centroids: Mapping[int, FloatArray],
    scale: FloatArray | None = None,
    threshold: float = THRESHOLD,
) -> ClusterMatching:
    """Match the clusters of a run to living segments; one match for each cluster comes back.

    The assignment with the largest sum of Jaccard similarities, over customers present then and now, decides.
    Clusters of mostly new customers are matched by their centroids to segments still free.

    Parameters
    ----------
    customer_ids, labels : ndarray of int of shape (n_samples,)
        The customers, each at most once, and the cluster of each.
    centroids : ndarray of shape (k, n_features)
        In original units.
    previous_ids, previous_segments : ndarray of int of shape (n_previous,)
        Customers of the earlier run and the segment each was in.
    previous_centroids : mapping of int to ndarray of shape (n_features,)
        Centroid of each living segment in original units; its keys are the segments that may be matched.
    scale : ndarray of shape (n_features,) or None
        What differences of centroids are divided by (the feature matrix's `scale`).
    threshold : float
        Confidence below which a cluster is a new segment.
    """
    k = len(centroids)
    segments = np.array(sorted(previous_centroids), dtype=np.int64)
    if not len(segments):
        return ClusterMatching(tuple(ClusterMatch(label, None, 0.0, 0, "new") for label in range(k)), ())
    shared = _shared_customers(customer_ids, labels, previous_ids, previous_segments, segments, k)
    found = _by_members(shared, threshold)
    known = shared.sum(axis=1) >= KNOWN_SHARE * np.bincount(labels, minlength=k)
    strange = [label for label in range(k) if label not in found and not known[label]]
    free = sorted({*range(len(segments))} - {column for _by, column, _confidence in found.values()})
    earlier = np.array([previous_centroids[int(segment)] for segment in segments], dtype=np.float64)
    nearness = _nearness(centroids, earlier, scale)
    for row, column in _assigned(nearness[np.ix_(strange, free)], threshold).items():
        found[strange[row]] = ("centroids", free[column], nearness[strange[row], free[column]])
    return _matching(found, shared, segments)


def _by_members(shared: IntArray, threshold: float) -> dict[int, tuple[str, int, float]]:
    """Match labels to columns of segments by the Jaccard similarity of their customers."""
    unions = shared.sum(axis=1)[:, None] + shared.sum(axis=0) - shared
    similarity = shared / np.maximum(unions, 1)
    matches = _assigned(similarity, threshold)
    return {label: ("members", column, similarity[label, column]) for label, column in matches.items()}


def _shared_customers(
    customer_ids: IntArray,
    labels: LabelArray,
    previous_ids: IntArray,
    previous_segments: IntArray,
    segments: IntArray,
    k: int,
) -> IntArray:
    """Count the customers in each pair of cluster and segment, shape (k, n_segments)."""
    alive = np.isin(previous_segments, segments)
    if not alive.all():
        previous_ids, previous_segments = previous_ids[alive], previous_segments[alive]
    if np.any(previous_ids[1:] < previous_ids[:-1]):
        order = np.argsort(previous_ids)
        previous_ids, previous_segments = previous_ids[order], previous_segments[order]
    shared = np.zeros(k * len(segments), dtype=np.int64)
    for begin in range(0, len(customer_ids) if len(previous_ids) else 0, CHUNK):
        chunk = slice(begin, begin + CHUNK)
        places = np.searchsorted(previous_ids, customer_ids[chunk])
        np.minimum(places, len(previous_ids) - 1, out=places)
        known = previous_ids[places] == customer_ids[chunk]
        columns = np.searchsorted(segments, previous_segments[places[known]])
        pairs = labels[chunk][known].astype(np.int64) * len(segments) + columns
        shared += np.bincount(pairs, minlength=len(shared))
    return shared.reshape(k, len(segments))


def _assigned(similarity: FloatArray, threshold: float) -> dict[int, int]:
    """Return row to column of the best assignment, leaving out pairs below the threshold."""
    if not similarity.size:
        return {}
    rows, columns = linear_sum_assignment(np.where(similarity >= threshold, similarity, 0.0), maximize=True)
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if similarity[row, column] >= threshold
    }


def _nearness(centroids: FloatArray, earlier: FloatArray, scale: FloatArray | None) -> FloatArray:
    """Return 1 where a centroid stands on a segment's, falling to 0 halfway to the next segment's.

    A single segment has no next one; its centroid's neighbourhood then has the size of one scale unit.
    """
    scale = np.ones(centroids.shape[1]) if scale is None else scale
    distances = np.sqrt((((centroids[:, None] - earlier) / scale) ** 2).sum(axis=2))
    between = np.sqrt((((earlier[:, None] - earlier) / scale) ** 2).sum(axis=2))
    np.fill_diagonal(between, np.inf)
    reach = between.min(axis=1) / 2
    reach = np.where(np.isfinite(reach) & (reach > 0), reach, 1.0)
    return np.asarray(np.maximum(1 - distances / reach, 0.0))


def _matching(
    found: dict[int, tuple[str, int, float]], shared: IntArray, segments: IntArray
) -> ClusterMatching:
    matches = []
    for label in range(len(shared)):
        if label not in found:
            matches.append(ClusterMatch(label, None, 0.0, 0, "new"))
            continue
        by, column, confidence = found[label]
        matches.append(
            ClusterMatch(label, int(segments[column]), float(confidence), int(shared[label, column]), by)
        )
    continued = {match.segment for match in matches}
    return ClusterMatching(
        tuple(matches), tuple(int(segment) for segment in segments if int(segment) not in continued)
    )
