"""Refine several candidates for every k together, giving up those that fall behind."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segmentation.analysis.kmeans.initialisation import Optima
from segmentation.analysis.kmeans.lloyd import pass_over_points
from segmentation.analysis.kmeans.search import distinct
from segmentation.analysis.results import FloatArray

# Early inertias say only roughly where a candidate will arrive.
BEHIND = 0.01
ARRIVED = 1e-6


@dataclass
class _Candidate:
    k: int
    centroids: FloatArray
    means: FloatArray
    inertia: float = np.inf
    arrived: bool = False


def refine(
    points: FloatArray,
    weights: FloatArray,
    candidates: Mapping[int, FloatArray],
    *,
    max_passes: int = 30,
    behind: float = BEHIND,
    tolerated: float = 0.0,
    arrived: float = ARRIVED,
) -> dict[int, Optima]:
    """Iterate candidates over the points until they arrive at local optima or fall behind.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_features)
    weights : ndarray of shape (n_points,)
    candidates : mapping of int to ndarray of shape (n_candidates, k, n_features)
    max_passes : int
    behind : float
        A candidate this share above the best of its k is given up; the share halves from pass to pass.
    tolerated : float
        Candidates within this share of the best, divided by k, survive: on a sample their order is not yet
        certain. With few clusters differences are larger, and candidates cost less.
    arrived : float
        One whose inertia falls by less than this share has arrived.

    Returns
    -------
    dict of int to Optima
        The surviving candidates for each k, best first, with the inertia of all points at their centroids.
    """
    running = [_Candidate(k, each, each) for k, several in candidates.items() for each in several]
    for number in range(max_passes):
        moving = [candidate for candidate in running if not candidate.arrived]
        if not moving:
            break
        is_last = number == max_passes - 1
        seen = pass_over_points(points, weights, [candidate.means for candidate in moving], is_last=is_last)
        for candidate, each in zip(moving, seen, strict=True):
            candidate.arrived = each.gain <= arrived * each.inertia
            if each.inertia < candidate.inertia:
                candidate.inertia, candidate.centroids = each.inertia, candidate.means
            candidate.means = each.means
        running = _survivors(running, behind * 0.5**number, tolerated)
    return {k: _optima([candidate for candidate in running if candidate.k == k]) for k in candidates}


def _survivors(running: list[_Candidate], behind: float, tolerated: float) -> list[_Candidate]:
    best: dict[int, float] = {}
    for candidate in running:
        best[candidate.k] = min(candidate.inertia, best.get(candidate.k, np.inf))
    return [
        candidate
        for candidate in running
        if candidate.inertia <= best[candidate.k] * (1 + max(behind, tolerated / candidate.k))
    ]


def _optima(candidates: list[_Candidate]) -> Optima:
    optima = Optima(
        np.array([candidate.centroids for candidate in candidates]),
        np.array([candidate.inertia for candidate in candidates]),
    )
    return distinct(optima, len(candidates))
