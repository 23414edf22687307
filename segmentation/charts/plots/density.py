"""A picture of any number of customers from counts on a grid, coloured by segment."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from segmentation.analysis.results import PairPicture
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.palette import ThemeName, segment_colour

_FAINTEST = 0.3
# Steps of opacity: nobody sees more, and fewer make the PNG inside the SVG small.
_STEPS = 24


def density_picture(
    picture: PairPicture, marks: Sequence[SegmentMark], theme: ThemeName
) -> npt.NDArray[np.uint8]:
    """Return the grid of a picture as RGBA, row 0 the lowest.

    Opacity grows with the logarithm of a cell's count, so that single customers stay visible beside crowds.
    Cells that segments share get the mean of their colours, weighted by counts.

    Returns
    -------
    ndarray of uint8 of shape (n_rows, n_columns, 4)
    """
    shape = (len(picture.y_edges) - 1, len(picture.x_edges) - 1)
    cells = np.asarray(picture.cells, dtype=np.int64)
    counts = np.asarray(picture.counts, dtype=np.float64)
    colours = _label_colours(marks, theme)[np.asarray(picture.labels, dtype=np.int64)]
    n_cells = shape[0] * shape[1]
    totals = np.bincount(cells, counts, minlength=n_cells).astype(np.float64)
    filled = totals > 0
    rgba = np.zeros((n_cells, 4))
    for channel in range(3):
        mixed = np.bincount(cells, counts * colours[:, channel], minlength=n_cells)
        rgba[filled, channel] = np.sqrt(mixed[filled] / totals[filled])
    rgba[filled, 3] = _opacity(totals[filled])
    return np.round(rgba * 255).astype(np.uint8).reshape(*shape, 4)


def _label_colours(marks: Sequence[SegmentMark], theme: ThemeName) -> npt.NDArray[np.float64]:
    """Return squared RGB per label: means of squares look like mixed light, means of sRGB muddy."""
    colours = np.zeros((max(mark.label for mark in marks) + 1, 3))
    for mark in marks:
        code = segment_colour(mark.colour, theme)
        colours[mark.label] = [int(code[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return colours**2


def _opacity(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    level = np.log(totals) / max(np.log(totals.max()), np.log(2))
    opacity = _FAINTEST + (1 - _FAINTEST) * level
    return np.asarray(np.round(opacity * _STEPS) / _STEPS, dtype=np.float64)
