"""The scatter plot: customers coloured by segment, and the centroids with their names or numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.i18n import gettext as _
from common.number_format import format_count, format_number, format_ticks
from segmentation.analysis.results import FloatArray, PairPicture
from segmentation.charts.canvas import FONT_SIZE, SMALL, TICK_HEIGHT, ChartFigure, new_figure, ticks_between
from segmentation.charts.inputs import SegmentMark, place_marks
from segmentation.charts.palette import marker_of, segment_colour
from segmentation.charts.plots.centroids import draw_named, draw_numbered, find_labels
from segmentation.charts.plots.density import density_picture
from segmentation.charts.plots.legend import draw_key, key_height
from segmentation.charts.plots.log_axes import as_drawn, log_ticks, write_log_ticks
from segmentation.charts.plots.overlaps import find_crowds, has_crowds
from segmentation.charts.plots.strip import is_single, spread_out
from segmentation.charts.style import DEFAULT_STYLE, ChartStyle
from segmentation.charts.text.descriptions import explained_words
from segmentation.charts.text.labels import Box
from segmentation.charts.text.widths import text_width
from segmentation.charts.text.wrapping import wrap

_LEFT = 64
_RIGHT = 16
_TOP = 40
_BELOW = 52
_NOTE = 20
_HEIGHT, _HEIGHT_NARROW, _HEIGHT_OF_STRIP = 460, 300, 220
# Larger points have an edge, so that others on top of them stand out.
_EDGED = 6.0
# Where many customers have the same values.
_LARGEST, _LARGEST_NARROW = 24.0, 13.0

Number = TypeVar("Number", float, FloatArray)


@dataclass(frozen=True)
class _Plot:
    """The plot area in pixels and its limits, as the axes are drawn."""

    box: Box
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]

    @property
    def left(self) -> float:
        return self.box.x - self.box.width / 2

    def pixels(self, point: tuple[Number, Number]) -> tuple[Number, Number]:
        across = (point[0] - self.x_limits[0]) / (self.x_limits[1] - self.x_limits[0])
        up = (point[1] - self.y_limits[0]) / (self.y_limits[1] - self.y_limits[0])
        return self.box.x + (across - 0.5) * self.box.width, self.box.y - (up - 0.5) * self.box.height

    def all_pixels(self, picture: PairPicture) -> FloatArray:
        """Return where the points of the picture stand, or the middles of its cells that hold customers."""
        if picture.kind == "points":
            return np.column_stack(self.pixels((np.asarray(picture.xs), np.asarray(picture.ys))))
        xs, ys = (_middles(edges) for edges in (picture.x_edges, picture.y_edges))
        rows, columns = np.divmod(np.unique(picture.cells), len(xs))
        return np.column_stack(self.pixels((xs[columns], ys[rows])))


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
    x_label, y_label : str or None
        In place of the names in the picture.
    """
    is_strip = is_single(picture)
    x_label, y_label = x_label or picture.x_name, y_label or picture.y_name
    picture = as_drawn(picture)
    if is_strip:
        picture, y_label = spread_out(picture), _("spread out vertically for legibility")
    plot = _plan(picture, style, is_strip=is_strip)
    placed = place_marks(picture, marks)
    anchors = [plot.pixels((each.x, each.y)) for each in placed]
    named = [each.mark for each in placed]
    labels = find_labels(named, anchors, plot.box, style, plot.all_pixels(picture))
    notes = _notes(picture, style)
    height = _TOP + plot.box.height + _BELOW + _NOTE * len(notes)
    figure = new_figure(style, height + (0 if labels else key_height(marks, style)))
    _draw_customers(figure, _axes_of(figure, plot, picture, is_strip=is_strip), picture, marks)
    _write_axes(figure, plot, picture, (x_label, y_label), notes, is_bold=not is_strip)
    if labels:
        draw_named(figure, named, anchors, labels)
    else:
        draw_numbered(figure, named, anchors, plot.box)
        draw_key(figure, marks, height)
    return figure


def _axes_of(figure: ChartFigure, plot: _Plot, picture: PairPicture, *, is_strip: bool) -> Axes:
    axes = figure.axes_at(plot.left, _TOP, plot.box.width, plot.box.height)
    axes.set(xlim=plot.x_limits, ylim=plot.y_limits)
    if picture.x_is_log:
        write_log_ticks(axes.xaxis, plot.x_limits, plot.box.width)
    if is_strip:
        axes.set_yticks([])
    elif picture.y_is_log:
        write_log_ticks(axes.yaxis, plot.y_limits, plot.box.height)
    return axes


def _middles(edges: Sequence[float]) -> FloatArray:
    values = np.asarray(edges, dtype=np.float64)
    return (values[:-1] + values[1:]) / 2


def _plan(picture: PairPicture, style: ChartStyle, *, is_strip: bool) -> _Plot:
    height = _HEIGHT_OF_STRIP if is_strip else _HEIGHT_NARROW if style.narrow else _HEIGHT
    x_limits, y_limits = _all_limits(picture)
    left = _RIGHT if is_strip else _room_for_ticks(y_limits, height, is_log=picture.y_is_log)
    width = style.width - left - _RIGHT
    return _Plot(Box(left + width / 2, _TOP + height / 2, width, height), x_limits, y_limits)


def _room_for_ticks(limits: tuple[float, float], height: float, *, is_log: bool) -> float:
    """Return how much stands to the left of an axis: numbers, most of the time short ones."""
    if is_log:
        texts = [format_number(value) for value in log_ticks(*limits, height, is_across=False)]
    else:
        texts = format_ticks(ticks_between(*limits, height / TICK_HEIGHT))
    return max(_LEFT, *(text_width(text, SMALL) + 14 for text in texts))


def _all_limits(picture: PairPicture) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return what both axes begin and end with."""
    centroids = [centroid for centroid in picture.centroids if centroid is not None]
    across, up = [x for x, _y in centroids], [y for _x, y in centroids]
    if picture.kind == "grid":
        # A centroid may lie beyond the grid when a few customers are very far away.
        xs, ys = (*picture.x_edges, *across), (*picture.y_edges, *up)
        return (min(xs), max(xs)), (min(ys), max(ys))
    return _limits((*picture.xs, *across)), _limits((*picture.ys, *up))


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
    by_label = {mark.label: mark for mark in marks}
    for crowd in find_crowds(picture, largest=_LARGEST_NARROW if figure.style.narrow else _LARGEST):
        mark = by_label[crowd.label]
        marker = marker_of(mark.colour)
        (points,) = axes.plot(
            crowd.xs,
            crowd.ys,
            linestyle="none",
            marker=marker.code,
            markersize=crowd.size * marker.scale,
            markerfacecolor=segment_colour(mark.colour, figure.style.theme),
            markeredgecolor=figure.style.colours.background,
            markeredgewidth=0.6 if len(picture.labels) <= 1000 or crowd.size > _EDGED else 0,
            alpha=0.85,
            zorder=2,
        )
        figure.link(points, mark.href, mark.name, primary=False)


def _write_axes(
    figure: ChartFigure,
    plot: _Plot,
    picture: PairPicture,
    names: tuple[str, str],
    notes: Sequence[str],
    *,
    is_bold: bool,
) -> None:
    x_label, y_label = (
        _("%(feature)s (logarithmic)") % {"feature": name} if is_log else name
        for name, is_log in zip(names, (picture.x_is_log, picture.y_is_log and is_bold), strict=True)
    )
    box, colour = plot.box, figure.style.colours.muted
    bottom = box.y + box.height / 2
    size, above = (FONT_SIZE, None) if is_bold else (SMALL, colour)
    room = figure.style.width - 24
    figure.write(12, _TOP - 22, y_label, room=room, bold=is_bold, size=size, colour=above)
    figure.write(box.x, bottom + 38, x_label, room=box.width, align="center", bold=True)
    for row, note in enumerate(notes, start=1):
        figure.write(box.x, bottom + 38 + _NOTE * row, note, align="center", size=SMALL, colour=colour)


def _notes(picture: PairPicture, style: ChartStyle) -> list[str]:
    """Say what a picture shows beyond its marks, and what it leaves out, in lines that fit."""
    words = []
    if picture.kind == "grid":
        text = _("%(count)s customers, stronger colour where there are more")
        words.append(text % {"count": format_count(sum(picture.counts))})
    if has_crowds(picture):
        words.append(_("larger marks: several customers in one place"))
    if picture.outside:
        words.append(_("%(count)s beyond the axes") % {"count": format_count(picture.outside)})
    if picture.missing:
        words.append(_("%(count)s without a value") % {"count": format_count(picture.missing)})
    if picture.explained:
        words.append(explained_words(picture))
    room = style.width - _LEFT - _RIGHT
    return wrap("; ".join(words), room, SMALL, lines=3) if words else []
