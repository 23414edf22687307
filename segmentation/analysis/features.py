"""From attribute values to the feature matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from common.i18n import gettext as _
from common.i18n import ngettext
from segmentation.analysis.errors import (
    ConstantFeatureError,
    InvalidSettingError,
    MissingFeatureError,
    TooFewCustomersError,
    TooManyFeaturesError,
    ValueRangeError,
)
from segmentation.analysis.kmeans.rounding import rounded
from segmentation.analysis.preparation.exceptions import are_decisive, find_exceptions
from segmentation.analysis.preparation.logarithms import LARGEST_VALUE
from segmentation.analysis.preparation.texts import block_spread, listed
from segmentation.analysis.results import BoolArray, FeatureMatrix, FloatArray, IntArray
from segmentation.analysis.samples import columns_of_numbers

# Features are divided by the standard deviation, by nothing, by the range, or by the interquartile range (the
# standard deviation where that is zero). Each also moves the median to zero, which changes no distance.
SCALINGS = ("standard", "none", "min-max", "robust")
MAX_FEATURES = 50


def prepare_features(
    values: FloatArray,
    names: Sequence[str],
    *,
    scaling: str = "standard",
    log1p: Sequence[str] = (),
    missing: str = "leave-out",
    outliers: str = "keep",
    blocks: Sequence[Sequence[int]] = (),
) -> FeatureMatrix:
    """Choose the customers that take part and scale their features.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
        In original units, NaN for missing.
    names : sequence of str
        One per column.
    scaling : {"standard", "none", "min-max", "robust"}
        What the features are divided by: see `SCALINGS`.
    log1p : sequence of str
        Features whose log(1 + value) is taken first.
    missing : {"leave-out", "median"}
        Leave out customers with a missing value, or fill in the feature's median.
    outliers : {"keep", "set-aside"}
        Exceptions (see `find_exceptions`) are named either way, and set aside only if they would decide.
    blocks : sequence of sequences of int
        Columns that together are one text (see `texts.one_hot`), and weigh as much as one number. Those of
        values that no customer has who takes part are dropped.

    Raises
    ------
    AnalysisError
        Constant or empty features, values too large, unknown settings, nobody left.
    """
    names = tuple(names)
    _check_settings(names, scaling, log1p, missing, outliers)
    numbers = columns_of_numbers(len(names), blocks)
    chosen = _choose(_checked_values(values, names, log1p), names, log1p, missing, outliers, numbers)
    chosen, names, blocks = _without_vanished(chosen, names, blocks)
    X, center, scale = _scaled(_transformed(chosen.values, names, log1p), names, scaling, blocks)
    scaled: dict[str, Any] = {"X": X, "center": center, "scale": scale, **vars(chosen)}
    as_asked: dict[str, Any] = {"names": names, "scaling": scaling, "log1p": tuple(log1p)}
    return FeatureMatrix(**scaled, **as_asked, blocks=tuple(map(tuple, blocks)))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The customers that take part, and what was counted on the way, by the names of a `FeatureMatrix`."""

    values: FloatArray
    kept: BoolArray
    missing: tuple[int, ...]
    filled: tuple[float | None, ...]
    exceptions: IntArray
    exception_shares: tuple[float, ...]
    left_out: int
    set_aside: int
    filled_in: BoolArray | None


def _choose(
    values: FloatArray,
    names: tuple[str, ...],
    log1p: Sequence[str],
    missing: str,
    outliers: str,
    numbers: Sequence[int],
) -> _Chosen:
    absent = np.isnan(values)
    counts = _count_by_column(absent)
    values, filled = _fill_in(values, absent) if missing == "median" else (values, (None,) * len(names))
    filled_in = absent if any(median is not None for median in filled) else None
    kept = _complete(values)
    left_out = int(np.count_nonzero(~kept))
    values = values if left_out == 0 else values[kept]
    transformed = _transformed(values, names, log1p)
    transformed = transformed if len(numbers) == len(names) else transformed[:, numbers]
    is_exception = find_exceptions(transformed) if numbers else np.zeros(len(values), dtype=np.bool_)
    exceptions, shares = np.flatnonzero(kept)[is_exception], _shares_of_sums(values, is_exception)
    set_aside = outliers == "set-aside" and are_decisive(transformed, is_exception)
    if set_aside:
        kept[exceptions] = False
        values = values[~is_exception]
    return _Chosen(
        values=values,
        kept=kept,
        missing=counts,
        filled=filled,
        exceptions=exceptions,
        exception_shares=shares,
        left_out=left_out,
        set_aside=len(exceptions) if set_aside else 0,
        filled_in=None if filled_in is None else filled_in[kept],
    )


def _shares_of_sums(values: FloatArray, is_exception: BoolArray) -> tuple[float, ...]:
    """Return the share of each feature's sum that the exceptions hold, by absolute values."""
    if not is_exception.any():
        return (0.0,) * int(values.shape[1])
    totals = np.abs(values).sum(axis=0)
    held = np.abs(values[is_exception]).sum(axis=0)
    shares: FloatArray = held / np.where(totals > 0, totals, 1.0)
    return tuple(map(float, shares))


def _without_vanished(
    chosen: _Chosen, names: tuple[str, ...], blocks: Sequence[Sequence[int]]
) -> tuple[_Chosen, tuple[str, ...], Sequence[Sequence[int]]]:
    """Drop the columns of texts that nobody who takes part has, unless nothing else is left of the text."""
    gone: set[int] = set()
    for block in blocks:
        unseen = {column for column in block if not chosen.values[:, column].any()}
        if len(unseen) < len(block) - 1:
            gone |= unseen
    if not gone:
        return chosen, names, blocks
    stay = [column for column in range(len(names)) if column not in gone]
    places = {column: place for place, column in enumerate(stay)}
    fewer = replace(
        chosen,
        values=chosen.values[:, stay],
        missing=tuple(chosen.missing[column] for column in stay),
        filled=tuple(chosen.filled[column] for column in stay),
        exception_shares=tuple(chosen.exception_shares[column] for column in stay),
        filled_in=None if chosen.filled_in is None else chosen.filled_in[:, stay],
    )
    kept = [[places[column] for column in block if column in places] for block in blocks]
    return fewer, tuple(names[column] for column in stay), kept


def _count_by_column(found: BoolArray) -> tuple[int, ...]:
    return tuple(int(np.count_nonzero(column)) for column in found.T)


def _check_settings(
    names: tuple[str, ...], scaling: str, log1p: Sequence[str], missing: str, outliers: str
) -> None:
    if not 1 <= len(names) <= MAX_FEATURES:
        text = _("Choose between 1 and %(limit)s features; %(count)s are chosen.")
        raise TooManyFeaturesError(text % {"limit": MAX_FEATURES, "count": len(names)})
    if len(set(names)) != len(names):
        raise InvalidSettingError(_("A feature is chosen twice."))
    unknown = [name for name in log1p if name not in names]
    if unknown:
        text = _("A logarithm is requested for %(names)s, which is not a chosen feature.")
        raise InvalidSettingError(text % {"names": listed(unknown)})
    for text, value, known in (
        (_("Unknown scaling “%(value)s”; choose one of %(known)s."), scaling, SCALINGS),
        (
            _("Unknown treatment of missing values “%(value)s”; choose one of %(known)s."),
            missing,
            ("leave-out", "median"),
        ),
        (
            _("Unknown treatment of outliers “%(value)s”; choose one of %(known)s."),
            outliers,
            ("keep", "set-aside"),
        ),
    ):
        if value not in known:
            raise InvalidSettingError(text % {"value": value, "known": ", ".join(known)})


def _checked_values(values: FloatArray, names: tuple[str, ...], log1p: Sequence[str]) -> FloatArray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(names):
        text = _("Values of shape %(shape)s do not fit %(count)s feature names.")
        raise InvalidSettingError(text % {"shape": values.shape, "count": len(names)})
    if len(values) == 0:
        raise TooFewCustomersError(_("There are no customers to segment."))
    highest = np.array([np.fmax.reduce(column) for column in values.T])
    lowest = np.array([np.fmin.reduce(column) for column in values.T])
    empty = [name for name, value in zip(names, highest, strict=True) if np.isnan(value)]
    if empty:
        raise MissingFeatureError(_("No customer has a value for %(names)s.") % {"names": listed(empty)})
    huge = np.maximum(np.abs(highest), np.abs(lowest)) > LARGEST_VALUE
    if huge.any():
        text = ngettext(
            "%(names)s holds values too large to compute with (beyond %(limit)s).",
            "%(names)s hold values too large to compute with (beyond %(limit)s).",
            int(huge.sum()),
        )
        raise ValueRangeError(text % {"names": listed(np.array(names)[huge]), "limit": f"{LARGEST_VALUE:g}"})
    below = [name for name in log1p if lowest[names.index(name)] <= -1]
    if below:
        text = ngettext(
            "%(names)s holds values of -1 or below, which have no logarithm of 1 + value.",
            "%(names)s hold values of -1 or below, which have no logarithm of 1 + value.",
            len(below),
        )
        raise ValueRangeError(text % {"names": listed(below)})
    return values


def _fill_in(values: FloatArray, absent: BoolArray) -> tuple[FloatArray, tuple[float | None, ...]]:
    """Return the values with each column's median in place of what is absent, and those medians."""
    filled: list[float | None] = []
    values = values.copy() if absent.any() else values
    for column in range(values.shape[1]):
        gaps = absent[:, column]
        median = _median(values[~gaps, column]) if gaps.any() else None
        if median is not None:
            values[gaps, column] = median
        filled.append(median)
    return values, tuple(filled)


def _complete(values: FloatArray) -> BoolArray:
    """Return which rows have a value for every feature."""
    complete = np.ones(len(values), dtype=np.bool_)
    for column in values.T:
        complete &= ~np.isnan(column)
    if not complete.any():
        raise TooFewCustomersError(_("No customer has a value for every chosen feature."))
    return complete


def _transformed(values: FloatArray, names: tuple[str, ...], log1p: Sequence[str]) -> FloatArray:
    if not log1p:
        return values
    transformed = values.copy()
    for name in log1p:
        column = names.index(name)
        transformed[:, column] = np.log1p(transformed[:, column])
    return transformed


def _scaled(
    values: FloatArray, names: tuple[str, ...], scaling: str, blocks: Sequence[Sequence[int]]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the scaled matrix, the centre and the scale."""
    if len(values) == 1:
        raise TooFewCustomersError(
            _("Only one customer is left to segment; at least two different ones are needed.")
        )
    # Column by column: along the short rows numpy takes thirty times as long.
    lowest = np.array([column.min() for column in values.T])
    highest = np.array([column.max() for column in values.T])
    constant = lowest == highest
    if constant.any():
        text = ngettext(
            "%(names)s has the same value for every customer and cannot tell them apart.",
            "%(names)s have the same value for every customer and cannot tell them apart.",
            int(constant.sum()),
        )
        raise ConstantFeatureError(text % {"names": listed(np.array(names)[constant])})
    # The median, unlike the mean, stays within the crowd when one value is far away, and with it all digits.
    center = np.array([_median(column) for column in values.T])
    X = np.subtract(values, center, order="C")
    spreads = np.array([_spread(X[:, column], scaling) for column in range(X.shape[1])])
    for block in map(list, blocks):
        spreads[block] = block_spread(X[:, block], scaling)
    scale = rounded(spreads)
    X /= scale
    narrow = (highest - lowest) / scale < 1 / LARGEST_VALUE
    if narrow.any():
        text = _(
            "The values of %(names)s differ too little to compute with unscaled; choose standard scaling."
        )
        raise ValueRangeError(text % {"names": listed(np.array(names)[narrow])})
    return X, center, scale


def _median(column: FloatArray) -> float:
    """Return the median; a selection of one rank takes a fifth of the time of `np.median`."""
    half = len(column) // 2
    parted = np.partition(column, half)
    upper = float(parted[half])
    return upper if len(column) % 2 else (upper + float(parted[:half].max())) / 2


def _spread(column: FloatArray, scaling: str) -> float:
    if scaling == "none":
        return 1.0
    if scaling == "min-max":
        return float(column.max() - column.min())
    if scaling == "robust":
        low, high = np.percentile(column, (25, 75))
        if high > low:
            return float(high - low)
    # Dividing by the reach first keeps the squares of very small or large values within range.
    reach = float(np.abs(column).max())
    return reach * float(np.std(column / reach))
