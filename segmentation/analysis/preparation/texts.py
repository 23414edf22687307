"""Texts as features: a column of 0 and 1 for each value, which together weigh as much as one number."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from common.i18n import gettext as _
from common.i18n import join_words
from segmentation.analysis.errors import MissingFeatureError, TooManyFeaturesError
from segmentation.analysis.results import FloatArray, OneHotFeature

# With more values than this k-means would see little but them.
MAX_VALUES = 12


def one_hot(name: str, values: Sequence[str | None], *, max_values: int = MAX_VALUES) -> OneHotFeature:
    """Return a text attribute as one 0/1 column per value.

    Parameters
    ----------
    name : str
    values : sequence of (str or None) of length n_rows
        `None` and blank text mean missing.
    max_values : int
        More distinct values than this are refused.

    Returns
    -------
    OneHotFeature
        Columns by descending frequency; missing values give a row of NaN.
    """
    counts = Counter(value for value in values if value)
    if not counts:
        raise MissingFeatureError(_("No customer has a value for %(names)s.") % {"names": listed([name])})
    if len(counts) > max_values:
        text = _("“%(name)s” has %(count)s different values; a text feature may have at most %(limit)s.")
        raise TooManyFeaturesError(text % {"name": name, "count": len(counts), "limit": max_values})
    categories = tuple(sorted(counts, key=lambda value: (-counts[value], value)))
    rows = dict(zip(categories, np.eye(len(categories)), strict=True))
    absent = np.full(len(categories), np.nan)
    columns = np.array([rows[value] if value else absent for value in values])
    names = tuple(f"{name}: {category}" for category in categories)
    return OneHotFeature(names=names, categories=categories, values=columns)


def block_spread(columns: FloatArray, scaling: str) -> float:
    """Return what all columns of a text are divided by, so that together they weigh as much as one number.

    Standardised, their variances add up to 1; stretched to 0 … 1, two different texts are 1 apart. A text
    with two values weighs like a single 0/1 column.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_values), 0 and 1 apart from a shift of each column
    scaling : str
        One of `features.SCALINGS`.
    """
    if scaling == "none":
        return 1.0
    if scaling == "min-max":
        return float(np.sqrt(2))
    return float(np.sqrt(sum(np.var(column) for column in columns.T)))


def listed(names: Iterable[str]) -> str:
    """Return the names in quotation marks."""
    return join_words([f"“{name}”" for name in names])
