"""How many customers stand in another cluster than they would if their missing values were known."""

import numpy as np

from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import BoolArray, FloatArray


def misplaced_share(X: FloatArray, filled_in: BoolArray, centroids: FloatArray) -> float:
    """Return the share of customers with filled-in values who stand in another cluster than their own.

    Nobody knows what they would have said. So customers who are known in full get the same gaps, filled in
    the same way: so many of these change their cluster. 1 where nobody is known in full.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), scaled, in an order that says nothing
    filled_in : ndarray of bool of shape (n_samples, n_features)
    centroids : ndarray of shape (k, n_features)
    """
    gaps = filled_in[filled_in.any(axis=1)]
    known = X[~filled_in.any(axis=1)]
    if not len(gaps):
        return 0.0
    if not len(known):
        return 1.0
    with_gaps = np.where(np.resize(gaps, known.shape), fillings(X, filled_in), known)
    return float(np.mean(assign(known, centroids) != assign(with_gaps, centroids)))


def fillings(X: FloatArray, filled_in: BoolArray | None) -> FloatArray:
    """Return what stands for a missing value in each column, NaN where nothing does: (n_features,)."""
    found = np.full(X.shape[1], np.nan)
    if filled_in is not None:
        columns = np.flatnonzero(filled_in.any(axis=0))
        found[columns] = X[filled_in[:, columns].argmax(axis=0), columns]
    return found
