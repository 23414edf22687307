"""Where labels go, so that none covers another. Free of matplotlib."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_DISTANCES = np.array([12.0, 20.0, 32.0, 48.0, 68.0, 92.0, 120.0, 152.0])
# What it costs to cover all of the points: as much as being so many times farther away than the nearest.
_COVERING = 2_000.0
# So much nearer to its own anchor than to another one a label belongs to it at first glance.
_BETWEEN = 12.0
# Above and below read best, then the sides, then the corners.
_DIRECTIONS = np.radians([90, 270, 0, 180, 45, 135, 315, 225, 22, 158, 338, 202])


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, `x` and `y` its middle."""

    x: float
    y: float
    width: float
    height: float


def place_labels(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    bounds: Box,
    *,
    points: FloatArray | None = None,
    keep_clear: float = 18,
) -> list[Box] | None:
    """Return one box per anchor, near it, inside the bounds, clear of all anchors and of each other.

    Parameters
    ----------
    anchors : sequence of (x, y)
        In pixels.
    sizes : sequence of (width, height)
        Of the labels, in pixels.
    bounds : Box
    points : ndarray of shape (n_points, 2) or None
        In pixels; labels cover as few of them as they can.
    keep_clear : float
        Side of the square around each anchor that no label may cover.

    Returns
    -------
    list of Box or None
        `None` if no such places are found.
    """
    taken = np.array([(x, y, keep_clear, keep_clear) for x, y in anchors])
    placed: dict[int, Box] = {}
    for index in sorted(range(len(anchors)), key=lambda index: -_crowding(anchors, index)):
        boxes, prices = _candidates(anchors[index], sizes[index])
        free = _inside(boxes, bounds) & ~_overlaps(boxes, taken).any(axis=1)
        if not free.any():
            return None
        prices = prices[free] + _covered(points, boxes[free]) + _astray(anchors, index, boxes[free])
        best = boxes[free][prices.argmin()]
        taken = np.vstack([taken, best])
        placed[index] = Box(*map(float, best))
    return [placed[index] for index in range(len(anchors))]


def place_badges(anchors: Sequence[tuple[float, float]], size: float, bounds: Box) -> list[Box]:
    """Return a square for each anchor: at the anchor, or beside it where others are too near.

    Beside anchors they are clear of all anchors and of each other, as far as that can be.
    """
    points = np.array(anchors, dtype=np.float64).reshape(-1, 2)
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1)) + np.diag(np.full(len(points), np.inf))
    crowded = apart.min(axis=1, initial=np.inf) < size
    taken = np.column_stack([points, np.where(crowded, 0.7 * size, size)[:, None].repeat(2, axis=1)])
    places = [Box(x, y, size, size) for x, y in anchors]
    for index in map(int, np.flatnonzero(crowded)):
        boxes, prices = _candidates(anchors[index], (size, size))
        free = _inside(boxes, bounds) & ~_overlaps(boxes, taken).any(axis=1)
        if free.any():
            best = boxes[free][prices[free].argmin()]
            taken = np.vstack([taken, best])
            places[index] = Box(*map(float, best))
    return places


def _crowding(anchors: Sequence[tuple[float, float]], index: int) -> float:
    """Return how close the other anchors are: labels with little choice go first."""
    return sum(1 / (20 + math.dist(anchors[index], other)) for other in anchors)


def _candidates(anchor: tuple[float, float], size: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return places around the anchor, shape (n, 4), and their prices: cheap near it, above and below it."""
    across = np.cos(_DIRECTIONS) * (_DISTANCES[:, None] + size[0] / 2)
    up = np.sin(_DIRECTIONS) * (_DISTANCES[:, None] + size[1] / 2)
    xs, ys = (anchor[0] + across).ravel(), (anchor[1] - up).ravel()
    boxes = np.column_stack([xs, ys, np.full_like(xs, size[0]), np.full_like(xs, size[1])])
    prices = _DISTANCES[:, None] / 4 + np.arange(len(_DIRECTIONS)) / 4
    return boxes, prices.ravel()


def _astray(anchors: Sequence[tuple[float, float]], index: int, boxes: FloatArray) -> FloatArray:
    """Return what it costs each box to be as near to another anchor as to its own."""
    offsets = np.abs(boxes[:, None, :2] - np.array(anchors)) - boxes[:, None, 2:] / 2
    distances = np.hypot(*np.maximum(offsets, 0).transpose(2, 0, 1))
    others = np.delete(distances, index, axis=1).min(axis=1, initial=np.inf)
    return np.asarray(np.maximum(0.0, distances[:, index] + _BETWEEN - others), dtype=np.float64)


def _inside(boxes: FloatArray, bounds: Box) -> npt.NDArray[np.bool_]:
    across = np.abs(boxes[:, 0] - bounds.x) <= (bounds.width - boxes[:, 2]) / 2
    return across & (np.abs(boxes[:, 1] - bounds.y) <= (bounds.height - boxes[:, 3]) / 2)


def _overlaps(boxes: FloatArray, taken: FloatArray) -> npt.NDArray[np.bool_]:
    """Return for each box and each taken one whether they overlap, shape (n_boxes, n_taken)."""
    across = np.abs(boxes[:, None, 0] - taken[:, 0]) < (boxes[:, None, 2] + taken[:, 2]) / 2
    return across & (np.abs(boxes[:, None, 1] - taken[:, 1]) < (boxes[:, None, 3] + taken[:, 3]) / 2)


def _covered(points: FloatArray | None, boxes: FloatArray) -> FloatArray:
    """Return what it costs each box to cover the points that it covers.

    Of many points, every so many of them is enough to find the emptiest place.
    """
    if points is None or not len(points):
        return np.zeros(len(boxes))
    points = points[:: -(-len(points) // 1000)]
    near = np.abs(boxes[:, None, :2] - points[:, :2]) < boxes[:, None, 2:] / 2
    price = min(1.0, _COVERING / len(points))
    return np.asarray(near.all(axis=2).sum(axis=1) * price, dtype=np.float64)
