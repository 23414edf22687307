"""Customers as points, and larger points where several stand in one place."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segmentation.analysis.results import FloatArray, PairPicture

# In pixels, of many and of few points.
_SMALLEST, _SMALL = 3.5, 7.5


@dataclass(frozen=True)
class Crowd:
    """The places where about equally many customers of one label stand, and how large to draw these."""

    label: int
    xs: FloatArray
    ys: FloatArray
    size: float


def has_crowds(picture: PairPicture) -> bool:
    """Return whether customers of a segment have the same values on both axes."""
    if picture.kind != "points":
        return False
    return len(set(zip(picture.xs, picture.ys, picture.labels, strict=True))) < len(picture.labels)


def find_crowds(picture: PairPicture, *, largest: float) -> Iterator[Crowd]:
    """Yield the places of a picture of points, the most crowded first, so that none hides a smaller one.

    The area of a mark grows with the number of customers there, but so
    that none is wider than `largest` pixels.
    """
    if not picture.labels:
        return
    rows = np.column_stack([picture.xs, picture.ys, picture.labels])
    places, counts = np.unique(rows, axis=0, return_counts=True)
    size = max(_SMALLEST, _SMALL - 2.9 * np.log10(max(len(rows), 200) / 200))
    most = max(2, int(counts.max()))
    power = min(0.5, float(np.log(largest / size) / np.log(most)))
    levels = np.ceil(2 * np.log2(counts)).astype(np.int64)
    for level in np.unique(levels)[::-1]:
        for label in np.unique(places[levels == level, 2]):
            chosen = (levels == level) & (places[:, 2] == label)
            xs, ys, _labels = places[chosen].T
            yield Crowd(int(label), xs, ys, size * float(counts[chosen].mean()) ** power)
