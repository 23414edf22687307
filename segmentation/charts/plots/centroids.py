"""The centroids of a scatter plot, with the segments' names beside them or their numbers on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Circle

from common.i18n import gettext as _
from common.i18n import ngettext
from common.number_format import format_count
from segmentation.analysis.results import FloatArray
from segmentation.charts.canvas import SMALL, ChartFigure, Point
from segmentation.charts.contrast import readable_on
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.palette import segment_colour
from segmentation.charts.style import ChartStyle
from segmentation.charts.text.labels import Box, place_badges, place_labels
from segmentation.charts.text.widths import shorten, text_width

_LABEL_HEIGHT = 20
_LABEL_GROUND = 0.95
_CENTROID = 14
_BADGE = 23.0
# With more segments than this, names would cover the customers: numbers and a key stand in.
_MOST_NAMES = 5
_ROOM_NARROW = 140


@dataclass(frozen=True)
class Labels:
    """The segments' names as far as they fit, and where each stands."""

    texts: Sequence[str]
    places: Sequence[Box]


def find_labels(
    marks: Sequence[SegmentMark],
    anchors: Sequence[Point],
    bounds: Box,
    style: ChartStyle,
    points: FloatArray | None,
) -> Labels | None:
    """Return where names can stand, in the emptiest places near their centroids; else numbers must do."""
    if len(marks) > _MOST_NAMES:
        return None
    for room in (_ROOM_NARROW,) if style.narrow else (260, 190, 120):
        if style.narrow and any(text_width(mark.name, SMALL, bold=True) > room for mark in marks):
            break  # where there is so little room, numbers and whole names below say more than cut ones
        texts = [shorten(mark.name, room, SMALL, bold=True) or f"{mark.number}" for mark in marks]
        if len(set(texts)) < len({mark.name for mark in marks}):
            break  # cut so short, two names look the same
        sizes = [(text_width(text, SMALL, bold=True) + 12, _LABEL_HEIGHT) for text in texts]
        places = place_labels(anchors, sizes, bounds, points=points)
        if places is not None:
            return Labels(texts, places)
    return None


def draw_named(
    figure: ChartFigure, marks: Sequence[SegmentMark], anchors: Sequence[Point], labels: Labels
) -> None:
    """Draw the centroids with their names beside them, each leading to its segment."""
    for mark, text, anchor, place in zip(marks, labels.texts, anchors, labels.places, strict=True):
        _draw_centroid(figure, mark, anchor, _CENTROID)
        _draw_leader(figure, anchor, place)
        _draw_label(figure, text, place)
        left, top = place.x - place.width / 2, place.y - place.height / 2
        figure.hit_area(left, top - 2, place.width, place.height + 4, _size_words(mark), mark.href)


def draw_numbered(
    figure: ChartFigure, marks: Sequence[SegmentMark], anchors: Sequence[Point], bounds: Box
) -> None:
    """Draw the centroids as the numbers of their segments; where they are close, the numbers stand beside."""
    places = place_badges(anchors, _BADGE, bounds)
    for mark, anchor, place in zip(marks, anchors, places, strict=True):
        if (place.x, place.y) != anchor:
            _draw_leader(figure, anchor, place)
            _draw_centroid(figure, mark, anchor, _CENTROID - 3)
    for mark, place in zip(marks, places, strict=True):
        _draw_badge(figure, mark, place)


def _draw_centroid(figure: ChartFigure, mark: SegmentMark, place: Point, size: float) -> None:
    halo = figure.marker(*place, mark.colour, size=size + 3, zorder=6)
    halo.set(markeredgewidth=4, zorder=6)
    centroid = figure.marker(*place, mark.colour, size=size, zorder=7)
    centroid.set(markeredgewidth=2, markeredgecolor=figure.style.colours.text)
    figure.link(centroid, mark.href, _("%(segment)s: centroid") % {"segment": mark.name}, primary=False)


def _draw_badge(figure: ChartFigure, mark: SegmentMark, place: Box) -> None:
    """Draw a disc of the segment's colour that carries its number, with a halo."""
    fill, ground = segment_colour(mark.colour, figure.style.theme), figure.style.colours.background
    for colour, size in ((ground, _BADGE + 4), (fill, _BADGE)):
        disc = Circle((place.x, place.y), size / 2, color=colour, linewidth=0, transform=figure.pixels)
        disc.set_zorder(8)
        figure.add_artist(disc)
    figure.link(disc, mark.href, _size_words(mark), primary=False)
    ink = readable_on(fill)
    number = figure.write(
        place.x, place.y, f"{mark.number}", size=SMALL, align="center", bold=True, colour=ink, zorder=9
    )
    figure.link(number, mark.href, _size_words(mark), primary=False)


def _size_words(mark: SegmentMark) -> str:
    words = ngettext("%(segment)s: %(count)s customer", "%(segment)s: %(count)s customers", mark.size)
    return words % {"segment": mark.name, "count": format_count(mark.size)}


def _draw_label(figure: ChartFigure, text: str, place: Box) -> None:
    """Write a label on a ground that lets the customers under it shine through.

    Readers' fonts are narrower than the one that places are measured with: the ground is, too.
    """
    width, colours = _LABEL_GROUND * place.width, figure.style.colours
    left, top = place.x - width / 2, place.y - place.height / 2
    figure.box(left, top, width, place.height, colours.background, radius=4, alpha=0.7, zorder=8)
    figure.write(place.x, place.y, text, size=SMALL, align="center", bold=True, zorder=9)


def _draw_leader(figure: ChartFigure, anchor: tuple[float, float], place: Box) -> None:
    """Lead from the centroid to the nearest edge of its label, where that is not obvious."""
    x = min(max(anchor[0], place.x - place.width / 2), place.x + place.width / 2)
    y = min(max(anchor[1], place.y - place.height / 2), place.y + place.height / 2)
    if np.hypot(x - anchor[0], y - anchor[1]) > 16:
        figure.draw_lines([(anchor, (x, y))], [figure.style.colours.text], zorder=6)
