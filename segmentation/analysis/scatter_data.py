"""What the scatter charts need: few samples as points, many as counts on a grid."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from common.i18n import gettext as _
from segmentation.analysis.results import (
    Clustering,
    FeatureMatrix,
    FloatArray,
    IntArray,
    LabelArray,
    PairPicture,
)

MAX_POINTS = 5_000
N_BINS = 128
CHUNK = 1 << 18
WHOLE_LIMIT = 1e9
# Features named along a principal component.
N_NAMED = 3

Columns = tuple[FloatArray, FloatArray]
Centroids = tuple[tuple[float, float] | None, ...]


def picture_pairs(
    clustering: Clustering, features: FeatureMatrix, *, max_pairs: int = 10, max_points: int = MAX_POINTS
) -> tuple[PairPicture, ...]:
    """Return a picture of each pair of features and, beyond two features, of the first principal components.

    Parameters
    ----------
    clustering : Clustering
    features : FeatureMatrix
    max_pairs : int
        Pairs of features taken at most, those on which the clusters overlap least.
    max_points : int
        Up to this many samples a picture holds the points themselves, beyond it counts on a grid.

    Returns
    -------
    tuple of PairPicture
        Pairs by how far they tell the clusters apart, the best first, then the components; a single feature
        gives one picture against itself.
    """
    middles = features.to_original(clustering.centroids)
    pictures = [
        picture_pair(
            (features.values[:, x], features.values[:, y]),
            clustering.labels,
            n_clusters=clustering.k,
            names=(features.names[x], features.names[y]),
            centroids=middles[:, [x, y]],
            is_log=(features.names[x] in features.log1p, features.names[y] in features.log1p),
            max_points=max_points,
        )
        for x, y in _pairs(clustering, features, max_pairs)
    ]
    if features.X.shape[1] > 2:
        pictures.append(_picture_components(clustering, features, max_points))
    return tuple(pictures)


def picture_pair(
    columns: Columns,
    labels: LabelArray,
    *,
    n_clusters: int,
    names: tuple[str, str],
    centroids: FloatArray | None = None,
    is_log: tuple[bool, bool] = (False, False),
    max_points: int = MAX_POINTS,
) -> PairPicture:
    """Return a picture of two attributes.

    Parameters
    ----------
    columns : pair of ndarray of shape (n_samples,)
        NaN for missing: such samples are counted, not drawn.
    labels : ndarray of int of shape (n_samples,)
    n_clusters : int
    names : (str, str)
        What stands on the axes.
    centroids : ndarray of shape (n_clusters, 2) or None
        `None` for the means of what is drawn.
    is_log : (bool, bool)
        Whether each axis is drawn by logarithm.
    max_points : int
        As in `picture_pairs`.
    """
    xs, ys, labels, missing = _present(*columns, labels)
    empty = PairPicture(
        x_name=names[0],
        y_name=names[1],
        is_components=False,
        kind="points",
        labels=(),
        centroids=_pairs_of(centroids) if centroids is not None else (),
        missing=missing,
        x_is_log=is_log[0],
        y_is_log=is_log[1],
    )
    if centroids is None:
        empty = replace(empty, centroids=_means(empty, xs, ys, labels, n_clusters))
    if len(xs) > max_points:
        return _with_grid(empty, xs, ys, labels)
    return replace(empty, labels=tuple(labels.tolist()), xs=tuple(xs.tolist()), ys=tuple(ys.tolist()))


def _present(
    xs: FloatArray, ys: FloatArray, labels: LabelArray
) -> tuple[FloatArray, FloatArray, LabelArray, int]:
    """Return those with both values, and how many others there are."""
    present = np.isfinite(xs) & np.isfinite(ys)
    missing = len(xs) - int(np.count_nonzero(present))
    return (xs[present], ys[present], labels[present], missing) if missing else (xs, ys, labels, 0)


def transpose_picture(picture: PairPicture) -> PairPicture:
    """Return the picture with its axes exchanged."""
    rows, columns = len(picture.y_edges) - 1, len(picture.x_edges) - 1
    return replace(
        picture,
        x_name=picture.y_name,
        y_name=picture.x_name,
        x_is_log=picture.y_is_log,
        y_is_log=picture.x_is_log,
        centroids=tuple(None if each is None else (each[1], each[0]) for each in picture.centroids),
        xs=picture.ys,
        ys=picture.xs,
        x_edges=picture.y_edges,
        y_edges=picture.x_edges,
        cells=tuple(cell % columns * rows + cell // columns for cell in picture.cells),
    )


def _means(
    picture: PairPicture, xs: FloatArray, ys: FloatArray, labels: LabelArray, n_clusters: int
) -> Centroids:
    """Return the middle of each cluster as its picture is drawn, in original units."""
    counts = np.bincount(labels, minlength=n_clusters)
    across, up = (
        _spaced_back(np.bincount(labels, _spaced(values, is_log), n_clusters) / np.maximum(counts, 1), is_log)
        for values, is_log in ((xs, picture.x_is_log), (ys, picture.y_is_log))
    )
    return tuple(
        (float(across[label]), float(up[label])) if count else None for label, count in enumerate(counts)
    )


def _spaced(values: FloatArray, is_log: bool) -> FloatArray:
    """Return values as the axis spaces them."""
    return np.log1p(values) if is_log else values


def _spaced_back(values: FloatArray, is_log: bool) -> FloatArray:
    return np.expm1(values) if is_log else values


def _pairs_of(centroids: FloatArray) -> Centroids:
    return tuple((float(x), float(y)) for x, y in centroids)


def _picture_components(clustering: Clustering, features: FeatureMatrix, max_points: int) -> PairPicture:
    axes, shares = _principal_axes(features.X)
    picture = picture_pair(
        (features.X @ axes[:, 0], features.X @ axes[:, 1]),
        clustering.labels,
        n_clusters=clustering.k,
        names=(
            _component_name(_("first principal component: %(parts)s"), features, axes[:, 0]),
            _component_name(_("second principal component: %(parts)s"), features, axes[:, 1]),
        ),
        centroids=clustering.centroids @ axes,
        max_points=max_points,
    )
    return replace(picture, is_components=True, explained=shares)


def _component_name(text: str, features: FeatureMatrix, axis: FloatArray) -> str:
    """Return `first principal component: more Income, less Age`, from its largest parts."""
    largest = np.argsort(-np.abs(axis), kind="stable")[:N_NAMED]
    more, less = _("more %(feature)s"), _("less %(feature)s")
    parts = [
        (more if axis[column] > 0 else less) % {"feature": features.names[column]}
        for column in largest
        if abs(axis[column]) >= abs(axis[largest[0]]) / 2
    ]
    return text % {"parts": ", ".join(parts)}


def _pairs(clustering: Clustering, features: FeatureMatrix, max_pairs: int) -> Iterator[tuple[int, int]]:
    n = len(features.names)
    if n == 1:
        return iter([(0, 0)])
    squares = _squares_between(clustering)
    overlaps = {
        (x, y): float(np.exp(-(squares[x] + squares[y]) / 8).sum()) for x, y in combinations(range(n), 2)
    }
    return iter(sorted(overlaps, key=lambda pair: (overlaps[pair], pair))[:max_pairs])


def _squares_between(clustering: Clustering) -> FloatArray:
    """Return squared differences of centroids, (n_features, n_pairs), in variances within clusters."""
    centroids, shares = clustering.centroids, np.asarray(clustering.sizes) / sum(clustering.sizes)
    explained = np.clip(clustering.explained, 1e-9, 1 - 1e-9)
    between = shares @ (centroids - shares @ centroids) ** 2
    within = np.maximum(between * (1 / explained - 1), 1e-300)
    first, second = np.triu_indices(clustering.k, k=1)
    return np.asarray(((centroids[first] - centroids[second]) ** 2 / within).T)


def _principal_axes(X: FloatArray) -> tuple[FloatArray, tuple[float, float]]:
    """Return the two directions of largest variance, (n_features, 2), and the share of variance along each.

    The largest part of each direction is positive.
    """
    centred_products = X.T @ X - len(X) * np.outer(X.mean(axis=0), X.mean(axis=0))
    values, vectors = np.linalg.eigh(centred_products)
    axes = vectors[:, [-1, -2]]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    first, second = (float(max(value, 0.0) / values.sum()) for value in values[[-1, -2]])
    return np.asarray(axes * signs), (first, second)


def _with_grid(empty: PairPicture, xs: FloatArray, ys: FloatArray, labels: LabelArray) -> PairPicture:
    xs, ys = _spaced(xs, empty.x_is_log), _spaced(ys, empty.y_is_log)
    x_axis, y_axis = _axis(xs), _axis(ys)
    n_cells = x_axis.n_bins * y_axis.n_bins
    counts = np.zeros(len(empty.centroids) * n_cells, dtype=np.int64)
    for begin in range(0, len(xs), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        columns, rows = x_axis.bins(xs[chunk]), y_axis.bins(ys[chunk])
        inside = (columns >= 0) & (rows >= 0)
        cells = rows[inside] * x_axis.n_bins + columns[inside]
        counts += np.bincount(labels[chunk][inside] * n_cells + cells, minlength=len(counts))
    occupied = np.flatnonzero(counts)
    occupied_labels, occupied_cells = np.divmod(occupied, n_cells)
    return replace(
        empty,
        kind="grid",
        labels=tuple(occupied_labels.tolist()),
        x_edges=tuple(_spaced_back(x_axis.edges, empty.x_is_log).tolist()),
        y_edges=tuple(_spaced_back(y_axis.edges, empty.y_is_log).tolist()),
        cells=tuple(occupied_cells.tolist()),
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
    def edges(self) -> FloatArray:
        return np.linspace(self.low, self.high, self.n_bins + 1)

    def bins(self, values: FloatArray) -> IntArray:
        """Return the bin of each value, -1 beyond the edges."""
        shares = (np.clip(values, self.low, self.high) - self.low) / (self.high - self.low)
        bins = np.minimum(np.floor(shares * self.n_bins), self.n_bins - 1)
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
