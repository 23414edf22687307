"""What the scatter charts need: few samples as points, many as counts on a grid."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from segmenter.analysis.results import Clustering, FeatureMatrix, FloatArray, IntArray, PairPicture

MAX_POINTS = 5_000
N_BINS = 128
CHUNK = 1 << 18
WHOLE_LIMIT = 1e9

Columns = tuple[FloatArray, FloatArray]


def picture_pairs(
    clustering: Clustering, features: FeatureMatrix, *, max_pairs: int = 10, max_points: int = MAX_POINTS
) -> tuple[PairPicture, ...]:
    """Return a picture of each pair of features and, beyond two features, of the first principal components.

    Parameters
    ----------
    clustering : Clustering
    features : FeatureMatrix
    max_pairs : int
        Pairs of features taken at most, those whose features the clusters explain best.
    max_points : int
        Up to this many samples a picture holds the points themselves, beyond it counts on a grid.

    Returns
    -------
    tuple of PairPicture
        Pairs in the order of the features, then the components; a single feature gives one picture against
        itself.
    """
    pictures = [
        _picture(
            (features.values[:, x], features.values[:, y]),
            clustering,
            clustering.centroids_original[:, [x, y]],
            (features.names[x], features.names[y]),
            max_points,
        )
        for x, y in _pairs(clustering, features, max_pairs)
    ]
    if features.X.shape[1] > 2:
        axes = _principal_axes(features.X)
        columns = (features.X @ axes[:, 0], features.X @ axes[:, 1])
        names = ("first principal component", "second principal component")
        centroids = clustering.centroids @ axes
        pictures.append(_picture(columns, clustering, centroids, names, max_points, components=True))
    return tuple(pictures)


def _pairs(clustering: Clustering, features: FeatureMatrix, max_pairs: int) -> Iterator[tuple[int, int]]:
    n = len(features.names)
    if n == 1:
        return iter([(0, 0)])
    explained = clustering.explained
    pairs = sorted(combinations(range(n), 2), key=lambda pair: -(explained[pair[0]] + explained[pair[1]]))
    return iter(sorted(pairs[:max_pairs]))


def _principal_axes(X: FloatArray) -> FloatArray:
    """Return the two directions of largest variance, (n_features, 2), each with its largest part positive."""
    centred_products = X.T @ X - len(X) * np.outer(X.mean(axis=0), X.mean(axis=0))
    _, vectors = np.linalg.eigh(centred_products)
    axes = vectors[:, [-1, -2]]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    return np.asarray(axes * signs)


def _picture(
    columns: Columns,
    clustering: Clustering,
    centroids: FloatArray,
    names: tuple[str, str],
    max_points: int,
    *,
    components: bool = False,
) -> PairPicture:
    centers = tuple((float(x), float(y)) for x, y in centroids)
    empty = PairPicture(
        x_name=names[0],
        y_name=names[1],
        is_components=components,
        kind="points",
        labels=(),
        centroids=centers,
    )
    xs, ys = columns
    if len(xs) > max_points:
        return _with_grid(empty, xs, ys, clustering)
    return replace(
        empty,
        labels=tuple(clustering.labels.tolist()),
        xs=tuple(xs.tolist()),
        ys=tuple(ys.tolist()),
    )


def _with_grid(empty: PairPicture, xs: FloatArray, ys: FloatArray, clustering: Clustering) -> PairPicture:
    x_axis, y_axis = _axis(xs), _axis(ys)
    n_cells = x_axis.n_bins * y_axis.n_bins
    counts = np.zeros(clustering.k * n_cells, dtype=np.int64)
    for begin in range(0, len(xs), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        columns, rows = x_axis.bins(xs[chunk]), y_axis.bins(ys[chunk])
        inside = (columns >= 0) & (rows >= 0)
        cells = rows[inside] * x_axis.n_bins + columns[inside]
        counts += np.bincount(clustering.labels[chunk][inside] * n_cells + cells, minlength=len(counts))
    occupied = np.flatnonzero(counts)
    labels, cells = np.divmod(occupied, n_cells)
    return replace(
        empty,
        kind="grid",
        labels=tuple(labels.tolist()),
        x_edges=x_axis.edges,
        y_edges=y_axis.edges,
        cells=tuple(cells.tolist()),
        counts=tuple(counts[occupied].tolist()),
        outside=int(len(xs) - counts.sum()),
    )


@dataclass(frozen=True)
class _Axis:
    """Equally wide bins."""

    low: float
    high: float
    n_bins: int

    @property
    def edges(self) -> tuple[float, ...]:
        return tuple(map(float, np.linspace(self.low, self.high, self.n_bins + 1)))

    def bins(self, values: FloatArray) -> IntArray:
        """Return the bin of each value, -1 beyond the edges."""
        bins = np.floor((values - self.low) * (self.n_bins / (self.high - self.low)))
        np.clip(bins, 0, self.n_bins - 1, out=bins)
        bins[(values < self.low) | (values > self.high)] = -1
        return bins.astype(np.int64)


def _axis(values: FloatArray) -> _Axis:
    """Return the bins for some values.

    Whole numbers get bins of whole width, else some bins would hold more values than others and draw stripes.
    Long tails are cut off, or the crowd would be a dot.
    """
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = np.quantile(np.array(values), (0.001, 0.999), overwrite_input=True)
    if inner_high > inner_low and high - low > 3 * (inner_high - inner_low):
        low, high = float(inner_low), float(inner_high)
    if high - low < WHOLE_LIMIT and _are_whole(values):
        width = max(1.0, float(np.ceil((high - low + 1) / N_BINS)))
        low = float(np.floor(low)) - 0.5
        n_bins = int(np.ceil((high + 0.5 - low) / width))
        return _Axis(low, low + width * n_bins, n_bins)
    return _Axis(low, high if high > low else low + 1.0, N_BINS)


def _are_whole(values: FloatArray) -> bool:
    chunks = (values[begin : begin + CHUNK] for begin in range(0, len(values), CHUNK))
    return all(bool(np.all(chunk == np.rint(chunk))) for chunk in chunks)
