"""Exceptions: the few customers who are far from everyone, judged over all features together."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from segmentation.analysis.engine.passes import LocalEngine
from segmentation.analysis.engine.source import ArraySource, Task
from segmentation.analysis.kmeans.hashing import sample_rows
from segmentation.analysis.results import BoolArray, FloatArray, IntArray

# Fewer customers have no exceptions, only differences.
FEWEST = 30
SAMPLE, REFERENCE = 20_000, 5_000
# Far is measured to the customer that this share (or five) of all stand nearer than.
NEAR_SHARE, NEAR_CUSTOMERS = 0.0025, 5
# In interquartile ranges of the logarithm of that distance above its upper quartile, at least so wide each.
FENCE, LEAST_RANGE = 4.0, 0.25
# Nor is anybody far who is nearer than this to others, in everybody's deviations: where many have the same
# values, all distances between them are nothing.
LEAST_FENCE = 1.5
MOST_SHARE = 0.01
# So many far customers beside one another are a group, however small or sparse.
GROUP = 10
# In everybody's deviations from the middle. So far away, with nobody halfway, stand codes for "unknown" and
# slipped decimals: however many of them there are up to this share, they are no group.
BEYOND, MOST_BEYOND = 50.0, 0.02
# Exceptions decide what k-means finds when they hold this share of a feature's squares.
DECISIVE = 0.10
CENTRES, WITNESSES = 32, 96
# Beyond so many features a tree is no faster than looking at all.
FEW_FEATURES = 6
CHUNK = 500


def find_exceptions(values: FloatArray) -> BoolArray:
    """Return which customers are exceptions, shape (n_samples,): few, and each far from everyone.

    A customer is far whose distance to the 0.25 % nearest others is beyond a fence on the logarithms of all
    such distances. Features are centred at the median and divided by the reach from 5 to 95 %, which no
    single customer sets. Ten or more far ones beside one another are a group and stay, unless they are beyond
    all measure in one feature (`BEYOND`).

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        After logarithms, no value missing.

    References
    ----------
    Ramaswamy, Rastogi and Shim, "Efficient algorithms for mining outliers from large data sets", 2000.
    """
    n = len(values)
    none = np.zeros(n, dtype=np.bool_)
    if n < FEWEST:
        return none
    sample = values[sample_rows(values, SAMPLE)]
    scaling = _Scaling.of(sample)
    none = _beyond_measure(values, scaling)
    reference = _Reference(scaling.scaled(sample[:REFERENCE]))
    if np.count_nonzero(reference.reaches) < len(reference.reaches) / 2:
        return none
    limit = _fence(reference.reaches)
    suspects = LocalEngine().reduce(ArraySource(values), _Suspects(scaling, reference.proofs(limit)))
    far = scaling.scaled(values[suspects])
    reached = reference.distances(far) if len(far) else np.zeros(0)
    kept = reached > limit
    suspects, far, reached = suspects[kept], far[kept], reached[kept]
    alone = _alone(far, reached)
    suspects, reached = suspects[alone], reached[alone]
    most = max(1, int(MOST_SHARE * n))
    none[suspects[np.argsort(-reached, kind="stable")[:most]]] = True
    return none


def _beyond_measure(values: FloatArray, scaling: "_Scaling") -> BoolArray:
    """Return who is beyond all measure in some feature, other than one in which 1 in 20 differs at most."""
    n = len(values)
    most = int(MOST_BEYOND * n)
    found = np.zeros(n, dtype=np.bool_)
    for column in np.flatnonzero(scaling.is_spread) if most else ():
        sizes = np.abs(values[:, column] - scaling.center[column]) / scaling.scale[column]
        largest = np.sort(np.partition(sizes, n - most - 1)[n - most - 1 :])
        is_first = (largest[1:] >= BEYOND) & (largest[:-1] <= largest[1:] / 2)
        if is_first.any():
            found |= sizes >= largest[1:][is_first.argmax()]
    return found


def are_decisive(values: FloatArray, exceptions: BoolArray) -> bool:
    """Return whether k-means would look at the exceptions more than at the others in some feature.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features), after logarithms
    exceptions : ndarray of bool of shape (n_samples,)
    """
    return any(share >= DECISIVE for share in shares_of_squares(values, exceptions))


def shares_of_squares(values: FloatArray, exceptions: BoolArray) -> list[float]:
    """Return the share of each feature's squared distances from its mean that the exceptions hold."""
    shares = []
    for column in values.T:
        reach = float(np.abs(column).max()) or 1.0
        squares = (column / reach - np.mean(column / reach)) ** 2
        total = float(squares.sum())
        shares.append(float(squares[exceptions].sum()) / total if total > 0 else 0.0)
    return shares


@dataclass(frozen=True, eq=False)
class _Scaling:
    """What features are centred at and divided by, whether more than 1 in 20 differ: (n_features,) each."""

    center: FloatArray
    scale: FloatArray
    is_spread: BoolArray

    @classmethod
    def of(cls, sample: FloatArray) -> "_Scaling":
        low, middle, high = np.percentile(sample, (5, 50, 95), axis=0)
        reach = (high - low) / 3.29
        # Fewer than one in twenty differ: their deviation says how far.
        deviation = sample.std(axis=0)
        scale = np.where(reach > 0, reach, np.where(deviation > 0, deviation, 1.0))
        return cls(middle, scale, reach > 0)

    def scaled(self, values: FloatArray) -> FloatArray:
        return np.asarray((values - self.center) / self.scale)


class _Reference:
    """A sample of customers, scaled, and how far each is from its own nearest ones."""

    def __init__(self, X: FloatArray) -> None:
        self.X = X
        self._near = min(max(NEAR_CUSTOMERS, int(np.ceil(NEAR_SHARE * len(X)))), len(X) - 1)
        self._tree = cKDTree(X) if X.shape[1] <= FEW_FEATURES else None
        self.reaches = self.distances(X)

    def distances(self, scaled: FloatArray) -> FloatArray:
        """Return the distance to the customer that the nearest share stands nearer than, (n,)."""
        if self._tree is not None:
            return np.asarray(self._tree.query(scaled, k=[self._near + 1])[0][:, 0], dtype=np.float64)
        chunks = np.array_split(scaled, len(scaled) // CHUNK + 1)
        parted = [np.partition(cdist(chunk, self.X), self._near, axis=1) for chunk in chunks]
        return np.concatenate([each[:, self._near] for each in parted])

    def proofs(self, limit: float) -> "_Proofs":
        """Return what proves cheaply that a customer is in the crowd."""
        crowd = self.reaches <= limit / 2
        chosen = [int(self.reaches.argmin())]
        nearest = ((self.X - self.X[chosen[0]]) ** 2).sum(axis=1)
        for _ in range(min(CENTRES, len(self.X)) - 1):
            chosen.append(int(np.where(crowd, nearest, -1.0).argmax()))
            nearest = np.minimum(nearest, ((self.X - self.X[chosen[-1]]) ** 2).sum(axis=1))
        room = np.maximum(limit - self.reaches[chosen], 0.0)
        return _Proofs(self.X[chosen], room, self.X[:WITNESSES], limit, self._near + 1)


@dataclass(frozen=True, eq=False)
class _Proofs:
    """Centres with room around them, and witnesses of whom `needed` within the limit are enough.

    Whoever is within `limit - reach` of a centre is no farther than `limit` from the centre's neighbours.
    """

    centres: FloatArray
    room: FloatArray
    witnesses: FloatArray
    limit: float
    needed: int

    def hold(self, scaled: FloatArray) -> BoolArray:
        """Return which customers are proven to have their nearest ones within the limit."""
        # A little less, for what rounding may have taken.
        near = _squares(self.centres, scaled) <= (0.999999 * self.room**2)[:, None]
        proven: BoolArray = np.logical_or.reduce(near, axis=0)
        if len(self.witnesses) >= self.needed:
            unproven = np.flatnonzero(~proven)
            within = _squares(self.witnesses, scaled[unproven]) <= 0.999999 * self.limit**2
            proven[unproven] = np.count_nonzero(within, axis=0) >= self.needed
        return proven


def _squares(points: FloatArray, scaled: FloatArray) -> FloatArray:
    """Return squared distances, shape (n_points, n_samples)."""
    squares = points @ scaled.T
    squares *= -2
    squares += np.einsum("ij,ij->i", points, points)[:, None]
    squares += np.einsum("ij,ij->i", scaled, scaled)
    return np.asarray(squares)


@dataclass(frozen=True, eq=False)
class _Suspects:
    """Visitor: the rows that are not proven to be in the crowd."""

    scaling: _Scaling
    proofs: _Proofs

    def new(self) -> IntArray:
        return np.zeros(0, dtype=np.int64)

    def see(self, state: IntArray, start: int, X: FloatArray) -> IntArray:
        proven = self.proofs.hold(self.scaling.scaled(X))
        return np.concatenate((state, start + np.flatnonzero(~proven)))

    def merge(self, left: IntArray, right: IntArray) -> IntArray:
        return np.concatenate((left, right))

    def close(self, state: IntArray, task: Task) -> IntArray:
        return state


def _fence(distances: FloatArray) -> float:
    logarithms = np.log(np.maximum(distances, distances[distances > 0].min()))
    low, high = np.percentile(logarithms, (25, 75))
    return max(float(np.exp(high + FENCE * max(high - low, LEAST_RANGE))), LEAST_FENCE)


def _alone(far: FloatArray, reached: FloatArray) -> BoolArray:
    """Return which of the far ones do not stand beside nine others, directly or in a chain.

    Two stand beside one another if one of them has the other among its nearest.
    """
    if len(far) < GROUP:
        return np.ones(len(far), dtype=np.bool_)
    apart = cdist(far, far)
    _, components = connected_components(apart <= np.maximum(reached[:, None], reached), directed=False)
    return np.asarray(np.bincount(components)[components] < GROUP)
