"""The scatter plot: customers coloured by segment, and the centroids with their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmenter.analysis.results import FloatArray, PairPicture
from segmenter.charts.amounts import format_count
from segmenter.charts.canvas import SMALL, ChartFigure, new_figure
from segmenter.charts.density import density_picture
from segmenter.charts.descriptions import explained_words
from segmenter.charts.inputs import SegmentMark, place_marks
from segmenter.charts.key import draw_key, key_height
from segmenter.charts.labels import Box, place_labels
from segmenter.charts.palette import marker_of, segment_colour
from segmenter.charts.style import DEFAULT_STYLE, ChartStyle
from segmenter.charts.texts import shorten, text_width
from segmenter.charts.wrapping import wrap
from segmenter.translating import gettext as _
from segmenter.translating import ngettext

_LEFT = 64
_RIGHT = 16
_TOP = 40
_BELOW = 52
_NOTE = 20
_LABEL_HEIGHT = 20
_LABEL_GROUND = 0.85
_CENTROID = 14
# With more segments than this, names would cover the customers: numbers and a key stand in.
_MOST_NAMES = 9
_MOST_NAMES_NARROW = 7

Number = TypeVar("Number", float, FloatArray)


@dataclass(frozen=True)
class _Plot:
    """The plot area in pixels and its limits in original units."""

    box: Box
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]

    def pixels(self, point: tuple[Number, Number]) -> tuple[Number, Number]:
        across = (point[0] - self.x_limits[0]) / (self.x_limits[1] - self.x_limits[0])
        up = (point[1] - self.y_limits[0]) / (self.y_limits[1] - self.y_limits[0])
        return self.box.x + (across - 0.5) * self.box.width, self.box.y - (up - 0.5) * self.box.height

    def all_pixels(self, picture: PairPicture) -> FloatArray | None:
        """Return where the points of the picture stand, if it holds points."""
        if picture.kind != "points":
            return None
        return np.column_stack(self.pixels((np.asarray(picture.xs), np.asarray(picture.ys))))


def draw_scatter(
    picture: PairPicture,
    marks: Sequence[SegmentMark],
    style: ChartStyle = DEFAULT_STYLE,
    *,
    x_label: str | None = None,
    y_label: str | None = None,
) -> Figure:
    """Return all customers by two axes, coloured by segment, with the centroids marked and named.

    Parameters
    ----------
    picture : PairPicture
        Points, or counts on a grid; a grid becomes a density picture of all customers.
    marks : sequence of SegmentMark
        One per cluster.
    style : ChartStyle
    x_label, y_label : str or None
        In place of the names in the picture.
    """
    plot = _plan(picture, style)
    placed = place_marks(picture, marks)
    anchors = [plot.pixels((each.x, each.y)) for each in placed]
    named = [each.mark for each in placed]
    texts, places = _label_centroids(picture, named, anchors, plot, style)
    numbered = places is None
    notes = _notes(picture, style)
    height = _TOP + plot.box.height + _BELOW + _NOTE * len(notes)
    figure = new_figure(style, height + (key_height(marks, style) if numbered else 0))
    axes = figure.axes_at(_LEFT, _TOP, plot.box.width, plot.box.height)
    axes.set_xlim(plot.x_limits)
    axes.set_ylim(plot.y_limits)
    _draw_customers(figure, axes, picture, marks)
    _write_axes(figure, plot, x_label or picture.x_name, y_label or picture.y_name, notes)
    _draw_centroids(figure, named, anchors)
    if places is None:
        _number_centroids(figure, named, anchors, plot)
        draw_key(figure, marks, height)
    else:
        _name_centroids(figure, named, texts, anchors, places)
    return figure


def _plan(picture: PairPicture, style: ChartStyle) -> _Plot:
    width, height = style.width - _LEFT - _RIGHT, 300 if style.narrow else 460
    box = Box(_LEFT + width / 2, _TOP + height / 2, width, height)
    centroids = [centroid for centroid in picture.centroids if centroid is not None]
    across, up = [x for x, _y in centroids], [y for _x, y in centroids]
    if picture.kind == "grid":
        # A centroid may lie beyond the grid when a few customers are very far away.
        xs, ys = (*picture.x_edges, *across), (*picture.y_edges, *up)
        return _Plot(box, (min(xs), max(xs)), (min(ys), max(ys)))
    return _Plot(box, _limits((*picture.xs, *across)), _limits((*picture.ys, *up)))


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _draw_customers(
    figure: ChartFigure, axes: Axes, picture: PairPicture, marks: Sequence[SegmentMark]
) -> None:
    if picture.kind == "grid":
        extent = (picture.x_edges[0], picture.x_edges[-1], picture.y_edges[0], picture.y_edges[-1])
        image = density_picture(picture, marks, figure.style.theme)
        axes.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="none", zorder=2)
        return
    xs, ys, labels = np.asarray(picture.xs), np.asarray(picture.ys), np.asarray(picture.labels)
    size = max(3.5, 7.5 - 2.9 * np.log10(max(len(labels), 200) / 200))
    for mark in marks:
        chosen = labels == mark.label
        marker = marker_of(mark.colour)
        (points,) = axes.plot(
            xs[chosen],
            ys[chosen],
            linestyle="none",
            marker=marker.code,
            markersize=size * marker.scale,
            markerfacecolor=segment_colour(mark.colour, figure.style.theme),
            markeredgecolor=figure.style.colours.background,
            markeredgewidth=0.6 if len(labels) <= 1000 else 0,
            alpha=0.85,
            zorder=2,
        )
        figure.link(points, mark.href, mark.name, primary=False)


def _write_axes(figure: ChartFigure, plot: _Plot, x_label: str, y_label: str, notes: Sequence[str]) -> None:
    box, colour = plot.box, figure.style.colours.muted
    bottom = box.y + box.height / 2
    figure.write(12, _TOP - 22, y_label, room=figure.style.width - 24, bold=True)
    figure.write(box.x, bottom + 38, x_label, room=box.width, align="center", bold=True)
    for row, note in enumerate(notes, start=1):
        figure.write(box.x, bottom + 38 + _NOTE * row, note, align="center", size=SMALL, colour=colour)


def _notes(picture: PairPicture, style: ChartStyle) -> list[str]:
    """Say what a picture shows beyond its marks, and what it leaves out, in lines that fit."""
    words = []
    if picture.kind == "grid":
        text = _("%(count)s customers, stronger colour where there are more")
        words.append(text % {"count": format_count(sum(picture.counts))})
    if picture.outside:
        words.append(_("%(count)s beyond the axes") % {"count": format_count(picture.outside)})
    if picture.missing:
        words.append(_("%(count)s without a value") % {"count": format_count(picture.missing)})
    if picture.explained:
        words.append(explained_words(picture))
    room = style.width - _LEFT - _RIGHT
    return wrap("; ".join(words), room, SMALL, lines=3) if words else []


def _draw_centroids(
    figure: ChartFigure, marks: Sequence[SegmentMark], anchors: Sequence[tuple[float, float]]
) -> None:
    for mark, (x, y) in zip(marks, anchors, strict=True):
        halo = figure.marker(x, y, mark.colour, size=_CENTROID + 3, zorder=6)
        halo.set(markeredgewidth=4, zorder=6)
        centroid = figure.marker(x, y, mark.colour, size=_CENTROID, zorder=7)
        centroid.set(markeredgewidth=2, markeredgecolor=figure.style.colours.text)
        figure.link(centroid, mark.href, _("%(segment)s: centroid") % {"segment": mark.name}, primary=False)


def _label_centroids(
    picture: PairPicture,
    marks: Sequence[SegmentMark],
    anchors: Sequence[tuple[float, float]],
    plot: _Plot,
    style: ChartStyle,
) -> tuple[list[str], list[Box] | None]:
    """Return the names as far as they fit, and where; no places if numbers must do."""
    points = plot.all_pixels(picture)
    if len(marks) <= (_MOST_NAMES_NARROW if style.narrow else _MOST_NAMES):
        for room in (140, 90) if style.narrow else (260, 190, 120):
            texts = [shorten(mark.name, room, SMALL, bold=True) or f"{mark.number}" for mark in marks]
            if len(set(texts)) < len({mark.name for mark in marks}):
                break  # cut so short, two names look the same
            sizes = [(text_width(text, SMALL, bold=True) + 12, _LABEL_HEIGHT) for text in texts]
            places = place_labels(anchors, sizes, plot.box, points=points)
            if places is not None:
                return texts, places
    return [], None


def _name_centroids(
    figure: ChartFigure,
    marks: Sequence[SegmentMark],
    texts: Sequence[str],
    anchors: Sequence[tuple[float, float]],
    places: Sequence[Box],
) -> None:
    for mark, text, anchor, place in zip(marks, texts, anchors, places, strict=True):
        _draw_leader(figure, anchor, place)
        _draw_label(figure, text, place)
        left, top = place.x - place.width / 2, place.y - place.height / 2
        title = ngettext("%(segment)s: %(count)s customer", "%(segment)s: %(count)s customers", mark.size) % {
            "segment": mark.name,
            "count": format_count(mark.size),
        }
        figure.hit_area(left, top - 2, place.width, place.height + 4, title, mark.href)


def _number_centroids(
    figure: ChartFigure, marks: Sequence[SegmentMark], anchors: Sequence[tuple[float, float]], plot: _Plot
) -> None:
    """Write numbers beside the centroids, to the upper right where nothing better is found."""
    sizes = [(text_width(f"{mark.number}", SMALL, bold=True) + 6, 16.0) for mark in marks]
    places = place_labels(anchors, sizes, plot.box, keep_clear=12) or [
        Box(x + 14, y - 14, *size) for (x, y), size in zip(anchors, sizes, strict=True)
    ]
    for mark, anchor, place in zip(marks, anchors, places, strict=True):
        _draw_leader(figure, anchor, place)
        _draw_label(figure, f"{mark.number}", place)


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
