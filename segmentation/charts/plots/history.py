"""Segment sizes from run to run, as one small panel for each segment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon

from common.i18n import gettext as _
from common.number_format import format_count, format_growth, format_number
from segmentation.charts.canvas import FONT_SIZE, SMALL, ChartFigure, Point, new_figure
from segmentation.charts.inputs import SegmentHistory, SizeHistory
from segmentation.charts.palette import segment_colour
from segmentation.charts.style import DEFAULT_STYLE, ChartStyle
from segmentation.charts.text.descriptions import words_for_history
from segmentation.charts.text.widths import clean_text, text_width
from segmentation.charts.text.wrapping import wrap

_MARGIN = 12.0
_GAP = 22.0
_TITLE = 28.0
_LINE = 15.0
_PLOT = 62.0
_SIZES = 20.0
_DATES = 16.0
_BELOW = 18.0
_FOOT = 24.0
_MARKER = 18.0
# With more runs than this, dots overlap and the line says it all.
_MOST_DOTS = 24
# Between the first and the last size.
_APART = 16.0
# Larger sizes are written in millions: there is no room for their digits.
_MOST_DIGITS = 1_000_000


@dataclass(frozen=True)
class _Grid:
    """How panels stand beside and below each other, in pixels."""

    columns: int
    width: float
    title: float
    names: Sequence[Sequence[str]]

    @property
    def rows(self) -> int:
        return -(-len(self.names) // self.columns)

    @property
    def row(self) -> float:
        return self.title + _PLOT + _SIZES + _DATES + _BELOW

    def panel(self, position: int, run_count: int) -> "_Panel":
        row, column = divmod(position, self.columns)
        left, top = _MARGIN + column * (self.width + _GAP), _MARGIN + row * self.row
        return _Panel(left, top, self.width, top + self.title + _PLOT, run_count)


@dataclass(frozen=True)
class _Panel:
    """One segment's place; `floor` is where its size would be 0."""

    left: float
    top: float
    width: float
    floor: float
    run_count: int

    @property
    def right(self) -> float:
        return self.left + self.width

    def place(self, run: int) -> float:
        """Return where a run stands, from the left."""
        if self.run_count == 1:
            return self.left + self.width / 2
        return self.left + 4 + (self.width - 8) * run / (self.run_count - 1)


def draw_history(history: SizeHistory, style: ChartStyle = DEFAULT_STYLE) -> Figure:
    """Return one panel for each segment, in the order given, each on a scale of its own from 0.

    The runs stand side by side, the newest at the right; a gap is a run that did not find the segment. Below
    its line each panel says the first and the last size, and the growth. Each panel links to its segment.
    """
    grid = _plan(history, style)
    bottom = _MARGIN + grid.rows * grid.row
    figure = new_figure(style, bottom + _FOOT)
    for position, segment in enumerate(history.segments):
        panel = grid.panel(position, history.run_count)
        _write_title(figure, segment, panel, grid.names[position])
        _draw_sizes(figure, segment, panel)
        _write_sizes(figure, segment, panel)
        _write_runs(figure, history, panel)
        title, height = words_for_history(segment), panel.floor + _SIZES - panel.top
        figure.hit_area(panel.left, panel.top, panel.width, height, title, segment.href)
    words = _("Each segment on its own scale, from 0")
    figure.write(_MARGIN, bottom, words, size=SMALL, colour=style.colours.muted)
    return figure


def _plan(history: SizeHistory, style: ChartStyle) -> _Grid:
    most = 2 if style.narrow else 4
    rows = -(-len(history.segments) // most)
    columns = -(-len(history.segments) // max(1, rows)) or 1
    width = (style.width - 2 * _MARGIN - (columns - 1) * _GAP) / columns
    names = [wrap(each.name, width - _before_end(each), FONT_SIZE, lines=2) for each in history.segments]
    title = _TITLE + _LINE * (max(map(len, names), default=1) - 1)
    return _Grid(columns, width, title, names)


def _before_end(segment: SegmentHistory) -> float:
    """Return how much of a title's width is not available for the name."""
    end = _title_end(segment)
    return _MARKER + (text_width(end, SMALL) + 6 if end else 0)


def _title_end(segment: SegmentHistory) -> str:
    return _("retired") if segment.is_retired else "" if segment.known else "–"


def _write_title(figure: ChartFigure, segment: SegmentHistory, panel: _Panel, name: Sequence[str]) -> None:
    """Write marker and name; say if the segment is retired."""
    middle, muted = panel.top + 9, figure.style.colours.muted
    figure.marker(panel.left + 6, middle, segment.colour)
    for number, line in enumerate(name):
        figure.write(panel.left + _MARKER, middle + _LINE * number, line)
    figure.write(panel.right, middle, _title_end(segment), size=SMALL, align="right", colour=muted)


def _draw_sizes(figure: ChartFigure, segment: SegmentHistory, panel: _Panel) -> None:
    base = ((panel.left, panel.floor), (panel.right, panel.floor))
    figure.draw_lines([base], [figure.style.colours.grid])
    colour = segment_colour(segment.colour, figure.style.theme)
    for stretch in _stretches(segment, panel):
        _draw_stretch(figure, stretch, panel.floor, colour, dots=panel.run_count <= _MOST_DOTS)


def _stretches(segment: SegmentHistory, panel: _Panel) -> Iterator[list[Point]]:
    """Yield the points of each unbroken sequence of runs that found the segment."""
    highest = max((size for _run, size in segment.known), default=0) or 1
    stretch: list[Point] = []
    for run, size in enumerate(segment.sizes):
        if size is not None:
            stretch.append((panel.place(run), panel.floor - _PLOT * size / highest))
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


def _write_sizes(figure: ChartFigure, segment: SegmentHistory, panel: _Panel) -> None:
    """Write the last size with the growth where the line ends, and the first where there is room."""
    if not segment.known:
        return
    (first_run, first), (last_run, last) = segment.known[0], segment.known[-1]
    words, before = _size_words(last), ""
    if first_run != last_run:
        growth, before = format_growth(first, last), _size_words(first)
        words = f"{words} ({growth})" if growth else words
    start = max(panel.left, panel.place(first_run) - 4)
    end = min(panel.right, panel.place(last_run) + 4)
    y = panel.floor + 13
    if before and start + text_width(before, SMALL) + _APART <= end - text_width(words, SMALL):
        figure.write(start, y, before, size=SMALL)
    elif before and text_width(f"{before} → {words}", SMALL) <= panel.width:
        words = f"{before} → {words}"
    end = min(panel.right, max(end, panel.left + text_width(words, SMALL)))
    figure.write(end, y, words, size=SMALL, align="right")


def _size_words(size: int) -> str:
    return format_count(size) if size < _MOST_DIGITS else format_number(size)


def _write_runs(figure: ChartFigure, history: SizeHistory, panel: _Panel) -> None:
    """Write the names of the first and the last run below the panel."""
    y, muted = panel.floor + _SIZES + 9, figure.style.colours.muted
    first, last = clean_text(history.first), clean_text(history.last)
    figure.write(panel.right, y, last, size=SMALL, align="right", colour=muted)
    if history.run_count > 1 and text_width(first + last, SMALL) + 8 <= panel.width:
        figure.write(panel.left, y, first, size=SMALL, colour=muted)
