"""Segment sizes from run to run, as one small panel for each segment."""

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from segmenter.charts.amounts import format_count
from segmenter.charts.canvas import FONT_SIZE, SMALL, ChartFigure, Point, new_figure
from segmenter.charts.descriptions import words_for_history
from segmenter.charts.inputs import SegmentHistory, SizeHistory
from segmenter.charts.palette import segment_colour
from segmenter.charts.style import DEFAULT_STYLE, ChartStyle
from segmenter.charts.texts import clean_text, text_width
from segmenter.translating import gettext as _

_MARGIN = 12.0
_GAP = 22.0
_TITLE = 26.0
_PLOT = 62.0
_DATES = 22.0
_BELOW = 14.0
_MARKER = 18.0
# With more runs than this, dots run into each other and the line says it all.
_MOST_DOTS = 24


@dataclass(frozen=True)
class _Panel:
    left: float
    top: float
    width: float

    @property
    def floor(self) -> float:
        return self.top + _TITLE + _PLOT


def draw_history(history: SizeHistory, style: ChartStyle = DEFAULT_STYLE) -> Figure:
    """Return one panel for each segment, in the order given, all on one scale from 0.

    The runs stand side by side, the newest at the right; a gap is a run that did not find the segment. Each
    panel links to its segment.
    """
    most = 2 if style.narrow else 4
    rows = -(-len(history.segments) // most)
    columns = -(-len(history.segments) // max(1, rows)) or 1
    below = _TITLE + _PLOT + _DATES + _BELOW
    figure = new_figure(style, 2 * _MARGIN + rows * below - _BELOW)
    width = (style.width - 2 * _MARGIN - (columns - 1) * _GAP) / columns
    highest = max((size for each in history.segments for _run, size in each.known), default=0) or 1
    for position, segment in enumerate(history.segments):
        row, column = divmod(position, columns)
        panel = _Panel(_MARGIN + column * (width + _GAP), _MARGIN + row * below, width)
        _draw_panel(figure, segment, panel, history.run_count, highest)
        _write_dates(figure, history, panel)
    return figure


def _draw_panel(
    figure: ChartFigure, segment: SegmentHistory, panel: _Panel, run_count: int, highest: int
) -> None:
    _write_title(figure, segment, panel)
    base = ((panel.left, panel.floor), (panel.left + panel.width, panel.floor))
    figure.draw_lines([base], [figure.style.colours.grid])
    colour = segment_colour(segment.colour, figure.style.theme)
    for stretch in _stretches(segment, panel, run_count, highest):
        _draw_stretch(figure, stretch, panel.floor, colour, dots=run_count <= _MOST_DOTS)
    title = words_for_history(segment)
    figure.hit_area(panel.left, panel.top, panel.width, _TITLE + _PLOT, title, segment.href)


def _write_title(figure: ChartFigure, segment: SegmentHistory, panel: _Panel) -> None:
    """Write marker, name and the latest size; a retired segment is said to be."""
    muted = figure.style.colours.muted
    last = (
        _("retired") if segment.is_retired else format_count(segment.known[-1][1]) if segment.known else "–"
    )
    middle = panel.top + 9
    room = panel.width - _MARKER - text_width(last, FONT_SIZE) - 6
    figure.marker(panel.left + 6, middle, segment.colour)
    figure.write(panel.left + _MARKER, middle, segment.name, room=room)
    figure.write(panel.left + panel.width, middle, last, align="right", colour=muted)


def _stretches(segment: SegmentHistory, panel: _Panel, run_count: int, highest: int) -> Iterator[list[Point]]:
    """Yield the points of each unbroken sequence of runs that found the segment."""
    step = (panel.width - 8) / max(1, run_count - 1)
    left = panel.left + 4 if run_count > 1 else panel.left + panel.width / 2
    stretch: list[Point] = []
    for position, size in enumerate(segment.sizes):
        if size is not None:
            stretch.append((left + position * step, panel.floor - _PLOT * size / highest))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _draw_stretch(figure: ChartFigure, points: list[Point], floor: float, colour: str, *, dots: bool) -> None:
    if len(points) > 1:
        outline = [(points[0][0], floor), *points, (points[-1][0], floor)]
        area = Polygon(outline, facecolor=colour, alpha=0.16, linewidth=0, transform=figure.pixels, zorder=2)
        figure.add_artist(area)
    xs, ys = zip(*points, strict=True)
    line = Line2D(
        xs,
        ys,
        color=colour,
        linewidth=2,
        marker="o" if dots or len(points) == 1 else "",
        markersize=4,
        transform=figure.pixels,
        zorder=3,
    )
    figure.add_artist(line)


def _write_dates(figure: ChartFigure, history: SizeHistory, panel: _Panel) -> None:
    """Write when the first and the last run were, below the panel."""
    y, muted = panel.floor + 13, figure.style.colours.muted
    first, last = clean_text(history.first), clean_text(history.last)
    figure.write(panel.left + panel.width, y, last, size=SMALL, align="right", colour=muted)
    if history.run_count > 1 and text_width(first + last, SMALL) + 8 <= panel.width:
        figure.write(panel.left, y, first, size=SMALL, colour=muted)
