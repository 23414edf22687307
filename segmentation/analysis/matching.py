"""Carry the identity of segments over to the clusters of a new run, from all earlier runs that count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from segmentation.analysis.results import (
    BoolArray,
    ClusterMatch,
    ClusterMatching,
    FloatArray,
    IntArray,
    LabelArray,
)

# Below this confidence a cluster is a new segment.
THRESHOLD = 0.3
# A cluster with fewer of its customers known than this share is matched by its centroid.
KNOWN_SHARE = 0.1
# What a likeness counts for with each step back in time: of two that are as good the later one decides.
FADING = 0.95
CHUNK = 1 << 18


@dataclass(frozen=True, eq=False)
class EarlierRun:
    """Who was in which segment, each at most once, and each segment's centroid in original units.

    The keys of `centroids` are the segments that may be matched.
    """

    customer_ids: IntArray
    segment_ids: IntArray
    centroids: Mapping[int, FloatArray]


@dataclass(eq=False)
class _Likeness:
    """How like one segment the clusters are, at best in any earlier run: arrays of shape (k,)."""

    centroid: FloatArray
    weight: FloatArray
    confidence: FloatArray
    shared: IntArray


def match_clusters(
    customer_ids: IntArray,
    labels: LabelArray,
    *,
    centroids: FloatArray,
    earlier: Iterable[EarlierRun],
    scale: FloatArray | None = None,
    threshold: float = THRESHOLD,
) -> ClusterMatching:
    """Match the clusters of a run to segments of earlier runs; one match for each cluster comes back.

    The assignment with the largest sum of Jaccard similarities, over customers present then and now, decides;
    of a segment that several runs know, the most similar of its clusters counts, an older one for a little
    less. So a segment that the run before lacked, or had only as part of a larger one, comes back. Clusters
    of mostly new customers are matched by their centroids to segments still free.

    Parameters
    ----------
    customer_ids, labels : ndarray of int of shape (n_samples,)
        The customers, each at most once, and the cluster of each.
    centroids : ndarray of shape (k, n_features)
        In original units.
    earlier : iterable of EarlierRun
        The run before comes first, and others follow by age; read one at a time.
    scale : ndarray of shape (n_features,) or None
        What differences of centroids are divided by (the feature matrix's `scale`).
    threshold : float
        Confidence below which a cluster is a new segment.
    """
    k = len(centroids)
    likenesses: dict[int, _Likeness] = {}
    before: list[int] = []
    known = np.zeros(k, dtype=np.bool_)
    for age, run in enumerate(earlier):
        before = before if age else sorted(run.centroids)
        shared = _shared_customers(customer_ids, labels, run, k)
        known |= shared.sum(axis=1) >= KNOWN_SHARE * np.bincount(labels, minlength=k)
        _remember(likenesses, run.centroids, shared, FADING**age)
    found = _by_members(likenesses, k, threshold)
    _by_centroids(found, likenesses, centroids, ~known, scale, threshold)
    matches = tuple(found.get(label, ClusterMatch(label, None, 0.0, 0, "new")) for label in range(k))
    continued = {match.segment for match in matches}
    return ClusterMatching(matches, tuple(segment for segment in before if segment not in continued))


def _remember(
    likenesses: dict[int, _Likeness],
    centroids: Mapping[int, FloatArray],
    shared: IntArray,
    fading: float,
) -> None:
    """Keep for each segment the Jaccard similarity of its customers where no later run's is better."""
    unions = shared.sum(axis=1)[:, None] + shared.sum(axis=0) - shared
    similarity = shared / np.maximum(unions, 1)
    for column, segment in enumerate(sorted(centroids)):
        new = _Likeness(
            np.asarray(centroids[segment], dtype=np.float64),
            fading * similarity[:, column],
            similarity[:, column],
            shared[:, column],
        )
        old = likenesses.setdefault(segment, new)
        better = new.weight > old.weight
        for name in ("weight", "confidence", "shared"):
            setattr(old, name, np.where(better, getattr(new, name), getattr(old, name)))


def _by_members(likenesses: Mapping[int, _Likeness], k: int, threshold: float) -> dict[int, ClusterMatch]:
    """Match labels to segments by the similarity of their customers."""
    segments = sorted(likenesses)
    weights = np.array([likenesses[segment].weight for segment in segments]).reshape(len(segments), k).T
    confidences = np.array([likenesses[segment].confidence for segment in segments]).reshape(-1, k).T
    matches = {}
    for label, column in _assigned(np.where(confidences >= threshold, weights, 0.0), 0.0).items():
        of = likenesses[segments[column]]
        if of.confidence[label] >= threshold:
            matches[label] = ClusterMatch(
                label, segments[column], float(of.confidence[label]), int(of.shared[label]), "members"
            )
    return matches


def _by_centroids(
    found: dict[int, ClusterMatch],
    likenesses: Mapping[int, _Likeness],
    centroids: FloatArray,
    is_strange: BoolArray,
    scale: FloatArray | None,
    threshold: float,
) -> None:
    """Match labels of mostly new customers to segments still free, by their centroids."""
    strange = [label for label in np.flatnonzero(is_strange).tolist() if label not in found]
    segments, taken = sorted(likenesses), {match.segment for match in found.values()}
    free = [place for place, segment in enumerate(segments) if segment not in taken]
    if not strange or not free:
        return
    earlier = np.array([likenesses[segment].centroid for segment in segments])
    nearness = _nearness(centroids, earlier, scale)
    for row, column in _assigned(nearness[np.ix_(strange, free)], threshold).items():
        label, place = strange[row], free[column]
        of = likenesses[segments[place]]
        found[label] = ClusterMatch(
            label, segments[place], float(nearness[label, place]), int(of.shared[label]), "centroids"
        )


def _shared_customers(customer_ids: IntArray, labels: LabelArray, run: EarlierRun, k: int) -> IntArray:
    """Count the customers in each pair of cluster and segment of the run, shape (k, n_segments)."""
    segments = np.array(sorted(run.centroids), dtype=np.int64)
    previous_ids, previous_segments = run.customer_ids, run.segment_ids
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
