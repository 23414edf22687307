"""Axes on which the run compared by logarithm: drawn so too, with ticks in original units."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axis import Axis, XAxis
from matplotlib.ticker import FixedFormatter, FixedLocator

from common.number_format import format_number
from segmentation.analysis.results import PairPicture
from segmentation.charts.canvas import SMALL, TICK_HEIGHT, ticks_between
from segmentation.charts.text.widths import text_width

# The digits of round values, from many to few ticks; then every second power of ten, every third …
_DIGITS = ((1, 2, 5), (1, 3), (1,))
_FEWEST, _GAP = 3, 14.0


def as_drawn(picture: PairPicture) -> PairPicture:
    """Return the picture with log(1 + value) in place of the values of each axis that is logarithmic."""
    across, up = picture.x_is_log, picture.y_is_log
    if not (across or up):
        return picture
    return replace(
        picture,
        xs=_drawn(picture.xs, across),
        ys=_drawn(picture.ys, up),
        x_edges=_drawn(picture.x_edges, across),
        y_edges=_drawn(picture.y_edges, up),
        centroids=tuple(
            None if each is None else (_drawn(each[:1], across)[0], _drawn(each[1:], up)[0])
            for each in picture.centroids
        ),
    )


def _drawn(values: Sequence[float], is_log: bool) -> tuple[float, ...]:
    return tuple(np.log1p(values).tolist()) if is_log else tuple(values)


def write_log_ticks(axis: Axis, limits: tuple[float, float], length: float) -> None:
    """Give an axis that is `length` pixels long and drawn by logarithm ticks at round values."""
    ticks = log_ticks(*limits, length, is_across=isinstance(axis, XAxis))
    axis.set_major_locator(FixedLocator([math.log1p(value) for value in ticks]))
    axis.set_major_formatter(FixedFormatter([format_number(value) for value in ticks]))


def log_ticks(low: float, high: float, length: float, *, is_across: bool) -> list[float]:
    """Return round values whose texts stand apart on an axis of log(1 + value) from `low` to `high`."""
    scale = length / (high - low)
    first, last = math.expm1(low), math.expm1(high)
    for values in (*_rounds(first, last), [first, last]):
        apart = [(math.log1p(b) - math.log1p(a)) * scale for a, b in itertools.pairwise(values)]
        if all(gap >= room for gap, room in zip(apart, _rooms(values, is_across), strict=True)):
            return values
    return [last]


def _rounds(first: float, last: float) -> Iterator[list[float]]:
    """Yield ever fewer round values, zero among them where it is on the axis."""
    top = math.floor(math.log10(max(last, 1e-9)))
    bottom = math.floor(math.log10(first)) if first > 0 else min(0, top - 1)
    for digits in _DIGITS:
        powers = (float(digit * 10**power) for power in range(bottom, top + 1) for digit in digits)
        yield from _long_enough([0.0, *powers], first, last)
    for step in range(2, top - bottom + 1):
        yield from _long_enough([0.0, *(10.0**power for power in range(bottom, top + 1, step))], first, last)
    for most in range(8, 1, -1):  # of a narrow axis, where powers of ten are too far apart
        yield ticks_between(first, last, most)


def _long_enough(values: Sequence[float], first: float, last: float) -> Iterator[list[float]]:
    inside = [value for value in values if first <= value <= last]
    if len(inside) >= _FEWEST:
        yield inside


def _rooms(values: Sequence[float], is_across: bool) -> list[float]:
    """The room that neighbouring ticks need."""
    if not is_across:
        return [TICK_HEIGHT / 2] * (len(values) - 1)
    widths = [text_width(format_number(value), SMALL) for value in values]
    return [(a + b) / 2 + _GAP for a, b in itertools.pairwise(widths)]
