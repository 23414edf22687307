"""A picture of one attribute over its values, spread out vertically for legibility. Free of matplotlib."""

from dataclasses import replace

import numpy as np

from segmentation.analysis.results import PairPicture

# Multiples of it, taken modulo 1, lie apart however many there are.
_GOLDEN = (5**0.5 - 1) / 2


def is_single(picture: PairPicture) -> bool:
    """Return whether both axes are the same attribute: a run with one feature has such a picture."""
    same = all(centroid is None or centroid[0] == centroid[1] for centroid in picture.centroids)
    return same and picture.x_name == picture.y_name and not picture.is_components


def spread_out(picture: PairPicture) -> PairPicture:
    """Return the picture of a single attribute with heights from 0 to 1 in place of the second values.

    Neighbours in value get heights that lie far apart, the same each time; a column of a grid takes all of
    the height, and centroids stand in the middle.
    """
    heights = np.empty(len(picture.xs))
    heights[np.argsort(picture.xs, kind="stable")] = np.arange(1, len(picture.xs) + 1) * _GOLDEN % 1
    columns = max(1, len(picture.x_edges) - 1)
    return replace(
        picture,
        centroids=tuple(each and (each[0], 0.5) for each in picture.centroids),
        ys=tuple(heights.tolist()),
        y_edges=(0.0, 1.0) if picture.y_edges else (),
        cells=tuple(cell % columns for cell in picture.cells),
    )
