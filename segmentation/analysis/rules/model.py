"""What decides who is in which segment: frozen with a run, it assigns anybody at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import Clustering, FeatureMatrix, FloatArray, LabelArray

# The label of those who lack a value: they are in no segment.
NO_LABEL = -1


@dataclass(frozen=True)
class ModelColumn:
    """One column of the feature matrix: where its values come from, and what is done to them.

    Attributes
    ----------
    attribute
        The name of the attribute.
    value
        Of a text: the value for which the column is 1, and 0 for every other.
    reference
        Of a date: the day from which days are counted back, as ISO text.
    filled
        What stands in for a missing value, in the column's own units; without it those who lack one are in no
        segment.
    is_log1p
        Whether log(1 + value) is taken.
    center, scale
        What is then subtracted, and what the difference is divided by.
    """

    attribute: str
    value: str | None = None
    reference: str | None = None
    filled: float | None = None
    is_log1p: bool = False
    center: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class FrozenModel:
    """Columns and centroids: a customer is in the segment whose centroid is nearest, the first of equals.

    `centroids` has a row for each label, in scaled units.
    """

    columns: tuple[ModelColumn, ...] = ()
    centroids: tuple[tuple[float, ...], ...] = ()

    def scaled(self, values: FloatArray) -> FloatArray:
        """Return the feature matrix of these values.

        Parameters
        ----------
        values : ndarray of shape (n_samples, n_columns)
            In original units: numbers, days before the reference, 0 and 1 for texts; NaN where missing.
        """
        X = np.array(values, dtype=np.float64, order="C")
        for place, column in enumerate(self.columns):
            if column.filled is not None:
                X[np.isnan(X[:, place]), place] = column.filled
            if column.is_log1p:
                X[:, place] = np.log1p(X[:, place])
        X -= [column.center for column in self.columns]
        X /= [column.scale for column in self.columns]
        return X

    def assign(self, values: FloatArray) -> LabelArray:
        """Return the label of each customer; `NO_LABEL` for who lacks a value."""
        return self.nearest(self.scaled(values))

    def nearest(self, X: FloatArray) -> LabelArray:
        """Return the label of each row of a feature matrix; `NO_LABEL` for one with NaN."""
        is_complete = ~np.isnan(X).any(axis=1)
        labels = np.full(len(X), NO_LABEL, dtype=np.int32)
        labels[is_complete] = assign(X[is_complete], np.array(self.centroids))
        return labels


def freeze_model(
    features: FeatureMatrix, clustering: Clustering, sources: Mapping[str, ModelColumn]
) -> FrozenModel:
    """Return what decided this clustering.

    Parameters
    ----------
    features, clustering
        What was clustered, and the result.
    sources
        For each feature by name where its values come from.
    """
    columns = (
        replace(
            sources[name],
            filled=features.filled[place],
            is_log1p=name in features.log1p,
            center=float(features.center[place]),
            scale=float(features.scale[place]),
        )
        for place, name in enumerate(features.names)
    )
    return FrozenModel(tuple(columns), tuple(map(tuple, clustering.centroids.tolist())))
