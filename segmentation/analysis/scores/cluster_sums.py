"""Sizes, means and spreads of the clusters of every k of a sweep: two passes over all samples in all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentation.analysis.engine.passes import LocalEngine
from segmentation.analysis.engine.source import ArraySource, Task
from segmentation.analysis.kmeans.nearest import CHUNK, affinities
from segmentation.analysis.results import CompressedSamples, FloatArray


@dataclass(frozen=True, eq=False)
class ClusterSums:
    """Per cluster its members, mean and summed distances and squares to the mean; and the overall mean."""

    counts: FloatArray
    means: FloatArray
    distances: FloatArray
    squares: FloatArray
    mean: FloatArray


def sum_clusters(samples: CompressedSamples, candidates: Sequence[FloatArray]) -> list[ClusterSums]:
    """Return what the scores need of the clusters around each candidate's centroids.

    Parameters
    ----------
    samples : CompressedSamples
    candidates : sequence of ndarray of shape (k, n_features)
    """
    source = ArraySource(samples.points if samples.exact else samples.X)
    weights = samples.weights if samples.exact else np.ones(samples.n_samples)
    members = LocalEngine().reduce(source, _SumMembers(candidates, weights))
    means = [sums[:, :-1] / np.maximum(sums[:, -1:], 1) for sums in members]
    spreads = LocalEngine().reduce(source, _SumSpreads(candidates, weights, means))
    return [
        ClusterSums(
            counts=sums[:, -1],
            means=mean,
            distances=spread[:, 0],
            squares=spread[:, 1],
            mean=sums[:, :-1].sum(axis=0) / sums[:, -1].sum(),
        )
        for sums, mean, spread in zip(members, means, spreads, strict=True)
    ]


def _members(points: FloatArray, centroids: FloatArray) -> FloatArray:
    """Return 1 where a point is nearest to a centroid, else 0, shape (k, n_points)."""
    values = affinities(points, centroids)
    np.equal(values, values.max(axis=0), out=values, casting="unsafe")
    if values.sum() > len(points):
        # A point equally near to several centroids belongs to the first of them.
        values[:] = values.argmax(axis=0) == np.arange(len(values))[:, None]
    return values


@dataclass(frozen=True, eq=False)
class _SumMembers:
    """Visitor: the summed members of every cluster and, in the last column, their weights."""

    candidates: Sequence[FloatArray]
    weights: FloatArray

    def new(self) -> list[FloatArray]:
        return [np.zeros((len(centroids), centroids.shape[1] + 1)) for centroids in self.candidates]

    def see(self, state: list[FloatArray], start: int, X: FloatArray) -> list[FloatArray]:
        for begin in range(0, len(X), CHUNK):
            chunk = X[begin : begin + CHUNK]
            weights = self.weights[start + begin :][: len(chunk)]
            weighted = np.column_stack((chunk, np.ones(len(chunk)))) * weights[:, None]
            for number, centroids in enumerate(self.candidates):
                state[number] += _members(chunk, centroids) @ weighted
        return state

    def merge(self, left: list[FloatArray], right: list[FloatArray]) -> list[FloatArray]:
        return [one + other for one, other in zip(left, right, strict=True)]

    def close(self, state: list[FloatArray], task: Task) -> list[FloatArray]:
        return state


@dataclass(frozen=True, eq=False)
class _SumSpreads:
    """Visitor: summed distances to the mean of every cluster, and their squares, from differences."""

    candidates: Sequence[FloatArray]
    weights: FloatArray
    means: Sequence[FloatArray]

    def new(self) -> list[FloatArray]:
        return [np.zeros((len(centroids), 2)) for centroids in self.candidates]

    def see(self, state: list[FloatArray], start: int, X: FloatArray) -> list[FloatArray]:
        for begin in range(0, len(X), CHUNK):
            chunk = np.ascontiguousarray(X[begin : begin + CHUNK].T)
            weights = self.weights[start + begin :][: chunk.shape[1]]
            for number, (centroids, means) in enumerate(zip(self.candidates, self.means, strict=True)):
                members = _members(chunk.T, centroids)
                # A product with ones and zeros looks up every point's mean.
                differences = means.T @ members
                differences -= chunk
                squares = np.einsum("ij,ij->j", differences, differences)
                state[number] += members @ np.column_stack((weights * np.sqrt(squares), weights * squares))
        return state

    def merge(self, left: list[FloatArray], right: list[FloatArray]) -> list[FloatArray]:
        return [one + other for one, other in zip(left, right, strict=True)]

    def close(self, state: list[FloatArray], task: Task) -> list[FloatArray]:
        return state
