"""The feature matrix and its compressed form: what the analysis computes on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
LabelArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


def columns_of_numbers(n_columns: int, blocks: Sequence[Sequence[int]]) -> list[int]:
    """Return the columns that are no part of a text."""
    in_texts = {column for block in blocks for column in block}
    return [column for column in range(n_columns) if column not in in_texts]


@dataclass(frozen=True, eq=False)
class FeatureMatrix:
    """Features of the customers that take part, scaled for k-means.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        Scaled, the median of every feature at zero; distances are measured here.
    values : ndarray of shape (n_samples, n_features)
        The same samples in original units (medians where a missing value was filled in).
    kept : ndarray of bool of shape (n_rows,)
        Which of the rows given take part; `n_samples` of them are true.
    names : tuple of str
        Feature names, in the order of the columns.
    scaling : str
        `standard`, `none`, `min-max` or `robust`.
    log1p : tuple of str
        Features whose logarithm (of 1 + value) was taken before scaling.
    center, scale : ndarray of shape (n_features,)
        `X = (transformed value - center) / scale`.
    missing : tuple of int
        Missing values per feature among the rows given.
    filled : tuple of (float or None)
        The median filled in per feature, `None` where nothing was filled in.
    exceptions : ndarray of int of shape (n_exceptions,)
        Rows given that are far from everyone, whether they take part or not.
    exception_shares : tuple of float
        Share of each feature's sum that the exceptions hold.
    left_out : int
        Rows left out because a value is missing.
    set_aside : int
        Exceptions that were left out.
    blocks : tuple of tuple of int
        Columns that together are one text, each with a column per value: a block weighs as much as a number.
    filled_in : ndarray of bool of shape (n_samples, n_features) or None
        Which values are medians that were filled in; `None` where none was.
    """

    X: FloatArray
    values: FloatArray
    kept: BoolArray
    names: tuple[str, ...]
    scaling: str
    log1p: tuple[str, ...]
    center: FloatArray
    scale: FloatArray
    missing: tuple[int, ...]
    filled: tuple[float | None, ...]
    exceptions: IntArray
    exception_shares: tuple[float, ...]
    left_out: int
    set_aside: int
    blocks: tuple[tuple[int, ...], ...] = ()
    filled_in: BoolArray | None = None

    @property
    def n_samples(self) -> int:
        return int(self.X.shape[0])

    def without_samples(self) -> "FeatureMatrix":
        """Return the same with no rows in `X` and `values`, which most of the memory goes into."""
        none = np.empty((0, len(self.names)))
        return replace(self, X=none, values=none, filled_in=None)

    def to_original(self, points: FloatArray) -> FloatArray:
        """Return points of shape (m, n_features) in original units."""
        original = np.asarray(points, dtype=np.float64) * self.scale + self.center
        for column in self._log1p_columns():
            original[:, column] = np.expm1(original[:, column])
        return original

    def _log1p_columns(self) -> list[int]:
        return [self.names.index(name) for name in self.log1p]


@dataclass(frozen=True, eq=False)
class OneHotFeature:
    """A text attribute as 0/1 columns: `values` of shape (n_rows, n_values), a name for each category."""

    names: tuple[str, ...]
    categories: tuple[str, ...]
    values: FloatArray


@dataclass(frozen=True, eq=False)
class GridCells:
    """Samples sorted by the cell they fall into, so that the samples of a cell lie together.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples in the order of their cells.
    starts : ndarray of shape (n_cells + 1,)
        Samples of cell i are `X[starts[i]:starts[i + 1]]`.
    lower, upper : ndarray of shape (n_cells, n_features)
        Tight bounds of each cell's samples.
    """

    X: FloatArray
    starts: IntArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True, eq=False)
class CompressedSamples:
    """Samples collapsed into weighted points.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        All samples, as in the feature matrix.
    points : ndarray of shape (n_points, n_features)
        Distinct rows when `exact`, else means of the samples of one grid cell.
    weights : ndarray of shape (n_points,)
        Samples per point.
    exact : bool
        Whether every sample equals its point.
    inverse : ndarray of int32 of shape (n_samples,) or None
        Point of each sample; `None` when the points are the samples themselves, in their order, or cells.
    scatter : ndarray of shape (n_points,)
        Sum of squared distances of a point's samples from it; zeros when `exact`.
    cells : GridCells or None
        The samples by cell, when the points are means of cells.
    """

    X: FloatArray
    points: FloatArray
    weights: FloatArray
    exact: bool
    inverse: npt.NDArray[np.int32] | None
    scatter: FloatArray
    cells: GridCells | None = None

    @property
    def n_samples(self) -> int:
        return int(self.X.shape[0])

    @property
    def n_points(self) -> int:
        return int(self.points.shape[0])
