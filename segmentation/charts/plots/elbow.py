"""The elbow chart: WCSS for every k, with silhouette and stability beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.i18n import gettext as _
from common.i18n import ngettext
from common.number_format import format_number
from segmentation.charts.canvas import FONT_SIZE, SMALL, ChartFigure, new_figure
from segmentation.charts.inputs import ElbowChart
from segmentation.charts.palette import segment_colour
from segmentation.charts.style import DEFAULT_STYLE, ChartStyle
from segmentation.charts.text.descriptions import words_for_k
from segmentation.charts.text.widths import text_width
from segmentation.charts.text.wrapping import wrap

_LEFT = 72
_RIGHT = 16
_TITLE = 40
_TICKS = 48
_GAP = 68
_LINE = 15
_ABOVE = 1.16


@dataclass(frozen=True)
class _Place:
    left: float
    top: float
    width: float
    height: float


def draw_elbow(chart: ElbowChart, style: ChartStyle = DEFAULT_STYLE) -> Figure:
    """Return the WCSS per k with elbow, recommended and used k marked in words.

    Silhouette and stability stand beside it, on phones below it. Where `hrefs` are given, each k links to its
    address.
    """
    panels = [
        panel
        for panel in (
            (_("Silhouette"), _("higher is better"), chart.silhouettes),
            (_("Stability"), _("of the weakest segment"), chart.stabilities),
        )
        if any(value is not None for value in panel[2])
    ]
    if style.narrow:
        return _draw_stacked(chart, style, panels)
    figure = new_figure(style, 400)
    side = 250.0 if panels else 0.0
    width = style.width - _LEFT - _RIGHT - (side + 60 if panels else 0)
    _draw_curve(figure, chart, _Place(_LEFT, _TITLE, width, 400 - _TITLE - _TICKS))
    room = (400.0 - _TICKS - _TITLE - _GAP * (len(panels) - 1)) / max(1, len(panels))
    for position, panel in enumerate(panels):
        place = _Place(style.width - _RIGHT - side, _TITLE + position * (room + _GAP), side, room)
        _draw_score(figure, chart, panel, place, axis_label=position == len(panels) - 1)
    return figure


def _draw_stacked(
    chart: ElbowChart, style: ChartStyle, panels: Sequence[tuple[str, str, Sequence[float | None]]]
) -> Figure:
    figure = new_figure(style, 310 + 185 * len(panels))
    width = style.width - _LEFT - _RIGHT
    _draw_curve(figure, chart, _Place(_LEFT, _TITLE, width, 310 - _TITLE - _TICKS))
    for position, panel in enumerate(panels):
        place = _Place(_LEFT, 310 + 185 * position + _TITLE - 8, width, 185 - _TITLE - _TICKS + 8)
        _draw_score(figure, chart, panel, place, axis_label=True)
    return figure


def _draw_curve(figure: ChartFigure, chart: ElbowChart, place: _Place) -> None:
    _write_title(figure, place, "WCSS", _("sum of squared distances to the centroids"))
    axes = figure.axes_at(place.left, place.top, place.width, place.height)
    _prepare_k_axis(figure, axes, chart, place, axis_label=True)
    axes.set_ylim(0, (max(chart.inertias) or 1) * _ABOVE)
    _mark_used(figure, axes, chart.k, chart.ks, chart.inertias)
    _draw_line(figure, axes, chart.ks, chart.inertias)
    _mark_elbow(figure, axes, chart)
    _write_notes(figure, axes, chart, place)
    _link_ks(figure, axes, chart, place)


def _draw_score(
    figure: ChartFigure,
    chart: ElbowChart,
    panel: tuple[str, str, Sequence[float | None]],
    place: _Place,
    *,
    axis_label: bool,
) -> None:
    title, words, values = panel
    known = [(k, value) for k, value in zip(chart.ks, values, strict=True) if value is not None]
    _write_title(figure, place, title, words)
    axes = figure.axes_at(place.left, place.top, place.width, place.height)
    _prepare_k_axis(figure, axes, chart, place, axis_label=axis_label)
    ks, known_values = [k for k, _value in known], [value for _k, value in known]
    axes.set_ylim(min(0.0, min(known_values) * 1.22), max(0.1, max(known_values) * 1.22))
    _mark_used(figure, axes, chart.k, ks, known_values)
    _draw_line(figure, axes, ks, known_values)
    best_k, best = max(known, key=lambda pair: pair[1])
    x, y = _pixels(figure, axes, best_k, best)
    words = _("%(value)s at k = %(k)s") % {"value": format_number(best, 2), "k": best_k}
    half = text_width(words, SMALL) / 2
    x = min(max(x, place.left + half), place.left + place.width - half)
    figure.write(x, y - 13, words, size=SMALL, align="center")


def _write_title(figure: ChartFigure, place: _Place, title: str, words: str) -> None:
    x, y = max(12.0, place.left - 40), place.top - 20
    figure.write(x, y, title, bold=True)
    x += text_width(title, FONT_SIZE, bold=True) + 6
    if x + text_width(words, SMALL) <= place.left + place.width:
        figure.write(x, y, words, size=SMALL, colour=figure.style.colours.muted)


def _prepare_k_axis(
    figure: ChartFigure, axes: Axes, chart: ElbowChart, place: _Place, *, axis_label: bool
) -> None:
    first, last = chart.ks[0], chart.ks[-1]
    half = max(0.5, (last - first) * 0.04)
    axes.set_xlim(first - half, last + half)
    every = -(-len(chart.ks) // max(2, int(place.width / 22)))
    axes.set_xticks(chart.ks[::every], [str(k) for k in chart.ks[::every]])
    axes.grid(visible=False, axis="x")
    if axis_label:
        middle, below = place.left + place.width / 2, place.top + place.height + 36
        words = _("Number of segments (k)")
        figure.write(middle, below, words, colour=figure.style.colours.muted, align="center")


def _draw_line(figure: ChartFigure, axes: Axes, ks: Sequence[int], values: Sequence[float]) -> None:
    colours = figure.style.colours
    axes.plot(
        ks,
        values,
        color=colours.line,
        linewidth=2,
        marker="o",
        markersize=6,
        markerfacecolor=colours.line,
        markeredgecolor=colours.background,
        markeredgewidth=1,
        clip_on=False,
        zorder=3,
    )


def _mark_used(
    figure: ChartFigure, axes: Axes, k: int | None, ks: Sequence[int], values: Sequence[float]
) -> None:
    """Draw a dashed line from the k that was used up to the curve, in every panel."""
    if k is not None and k in ks:
        colour = figure.style.colours.muted
        axes.plot([k, k], [0, values[ks.index(k)]], color=colour, linewidth=1, dashes=(4, 3), zorder=2)


def _mark_elbow(figure: ChartFigure, axes: Axes, chart: ElbowChart) -> None:
    """Draw a ring around the elbow, and fill the point of the k that was used."""
    colour = segment_colour(1, figure.style.theme)
    for k, face, size in ((chart.k, colour, 9), (chart.elbow_k, "none", 16)):
        if k is None or k not in chart.ks:
            continue
        edge: dict[str, Any] = {"markeredgecolor": colour, "markeredgewidth": 2}
        inertia = chart.inertias[chart.ks.index(k)]
        axes.plot([k], [inertia], "o", markersize=size, markerfacecolor=face, zorder=4, **edge)


def _pixels(figure: ChartFigure, axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Return where a data point stands, in pixels from the top left corner."""
    across, up = axes.transData.transform((x, y))
    return float(across), figure.height - float(up)


def _write_notes(figure: ChartFigure, axes: Axes, chart: ElbowChart, place: _Place) -> None:
    """Write what each marked k is, above the falling curve, from the last k to the first."""
    right = place.left + place.width
    curve = [_pixels(figure, axes, k, inertia) for k, inertia in zip(chart.ks, chart.inertias, strict=True)]
    written: list[tuple[float, float]] = []
    for k, words in reversed(_notes(chart)):
        x, y = curve[chart.ks.index(k)]
        lines = [f"k = {k}", *wrap(words, max(95.0, right - x), SMALL, lines=3)]
        width = max(text_width(line, FONT_SIZE) for line in lines)
        left = min(x, right - width)
        bottom = min(
            y - 18,
            *(height - 8 for across, height in curve if left - 8 <= across <= left + width),
            *(top - 6 for start, top in written if left + width > start - 6),
        )
        top = max(place.top, bottom - _LINE * len(lines))
        written.append((left, top))
        _lead(figure, (x, y - 9), top + _LINE * len(lines) + 2)
        # Behind the words, so that the leader of another k does not strike them through.
        colour = figure.style.colours.background
        figure.box(left, top, width, _LINE * len(lines), colour, alpha=0.88, zorder=4)
        for row, line in enumerate(lines):
            figure.write(
                left, top + _LINE * (row + 0.5), line, size=SMALL if row else FONT_SIZE, bold=not row
            )


def _lead(figure: ChartFigure, point: tuple[float, float], to_y: float) -> None:
    """Lead from the point up to its words, where that is not obvious."""
    if point[1] - to_y > 14:
        figure.draw_lines([(point, (point[0], to_y))], [figure.style.colours.muted])


def _notes(chart: ElbowChart) -> list[tuple[int, str]]:
    return [(k, words) for k in chart.ks if (words := words_for_k(chart, k))]


def _link_ks(figure: ChartFigure, axes: Axes, chart: ElbowChart, place: _Place) -> None:
    """Let the whole strip above each k lead to its address."""
    step = _pixels(figure, axes, 1, 0)[0] - _pixels(figure, axes, 0, 0)[0]
    hrefs = chart.hrefs or (None,) * len(chart.ks)
    for k, inertia, href in zip(chart.ks, chart.inertias, hrefs, strict=True):
        x, _y = _pixels(figure, axes, k, 0)
        title = _strip_words(k, inertia, leads_on=href is not None)
        figure.hit_area(x - step / 2, place.top, step, place.height + 20, title, href)


def _strip_words(k: int, inertia: float, *, leads_on: bool) -> str:
    values = {"k": k, "inertia": format_number(inertia)}
    if not leads_on:
        return _("k = %(k)s: WCSS %(inertia)s") % values
    text = ngettext(
        "k = %(k)s: WCSS %(inertia)s. Run with %(k)s segment",
        "k = %(k)s: WCSS %(inertia)s. Run with %(k)s segments",
        k,
    )
    return text % values
