"""Distributions per attribute: one box per segment, and everyone for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from common.i18n import gettext as _
from common.number_format import format_percent
from segmentation.analysis.results import NumberProfile, NumberSummary
from segmentation.analysis.words.traits import is_yes_or_no
from segmentation.charts.canvas import (
    FONT_SIZE,
    SMALL,
    ChartFigure,
    NumberFormatter,
    new_figure,
    ticks_between,
)
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.palette import segment_colour
from segmentation.charts.style import DEFAULT_STYLE, ChartStyle
from segmentation.charts.text.widths import clean_text, text_width

_MARGIN = 12
_MARKER = 18
_ROW = 28
_TITLE = 34
_TICKS = 40
_GAP = 36
_FOOT = 30


def draw_distributions(
    profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark], style: ChartStyle = DEFAULT_STYLE
) -> Figure:
    """Return one panel per attribute with a box per segment, drawn from stored quantiles.

    A box holds the middle half of a segment's customers with a line at the median; whiskers reach from 5 % to
    95 %. Panels stand in two columns, on phones in one.
    """
    columns = 1 if style.narrow or len(profiles) < 2 else 2
    names = _names_width(marks, style)
    height = _TITLE + _ROW * (len(marks) + 1) + _TICKS
    rows = -(-len(profiles) // columns)
    figure = new_figure(style, rows * height + _FOOT)
    first = _MARGIN + names
    width = (style.width - first - _MARGIN - _GAP * (columns - 1)) / columns
    for position, profile in enumerate(profiles):
        row, column = divmod(position, columns)
        left, top = first + column * (width + _GAP), row * height
        if column == 0:
            _write_names(figure, marks, names, top + _TITLE)
        _draw_panel(figure, profile, marks, left, top, width)
    if any(map(is_yes_or_no, profiles)):
        text = _("Box: middle half and median; line: %(low)s to %(high)s; bar: share")
    else:
        text = _("Box: middle half and median; line: %(low)s to %(high)s")
    words = text % {"low": format_percent(0.05), "high": format_percent(0.95)}
    figure.write(_MARGIN, rows * height + 12, words, size=SMALL, colour=style.colours.muted)
    return figure


def _names_width(marks: Sequence[SegmentMark], style: ChartStyle) -> float:
    texts = [_("Everyone"), *(clean_text(mark.name) for mark in marks)]
    longest = max(text_width(text, FONT_SIZE) for text in texts)
    return _MARKER + min(longest, 110.0 if style.narrow else 200.0) + 12


def _write_names(figure: ChartFigure, marks: Sequence[SegmentMark], width: float, top: float) -> None:
    room = width - _MARKER - 12
    figure.write(_MARGIN + _MARKER, top + _ROW / 2, _("Everyone"), colour=figure.style.colours.muted)
    for row, mark in enumerate(marks, start=1):
        y = top + _ROW * (row + 0.5)
        figure.marker(_MARGIN + 6, y, mark.colour)
        figure.write_over_two_lines(_MARGIN + _MARKER, y, mark.name, room=room)
        figure.hit_area(_MARGIN, y - _ROW / 2 + 1, width - 6, _ROW - 2, mark.name, mark.href)


def _draw_panel(
    figure: ChartFigure,
    profile: NumberProfile,
    marks: Sequence[SegmentMark],
    left: float,
    top: float,
    width: float,
) -> None:
    figure.write_over_two_lines(left, top + 18, profile.name, room=width, bold=True)
    colours = figure.style.colours
    rows = [(profile.everyone, colours.muted)]
    rows += [
        (profile.clusters[mark.label], segment_colour(mark.colour, figure.style.theme)) for mark in marks
    ]
    top += _TITLE
    bottom = top + _ROW * len(rows)
    if is_yes_or_no(profile):
        _draw_shares(figure, rows, left, top, width)
        return
    known = [summary.quantiles for summary, _colour in rows if summary.quantiles]
    scale = _Scale.around([value for quantiles in known for value in quantiles[1:-1]], left, width)
    if known:
        _draw_ticks(figure, scale, top, bottom)
    figure.draw_lines([((left, bottom), (left + width, bottom))], [colours.muted])
    for row, (summary, colour) in enumerate(rows):
        middle = top + _ROW * (row + 0.5)
        if summary.quantiles:
            _draw_box(figure, [scale.pixel(value) for value in summary.quantiles], middle, colour)
        else:
            figure.write(
                left + width / 2, middle, _("no values"), size=SMALL, colour=colours.muted, align="center"
            )


def _draw_shares(
    figure: ChartFigure, rows: Sequence[tuple[NumberSummary, str]], left: float, top: float, width: float
) -> None:
    """Draw bars: of yes and no the share of yes says everything."""
    scale, muted = _Scale(0.0, 1.0, left, width), figure.style.colours.muted
    bottom = top + _ROW * len(rows)
    quarters = [(scale.pixel(share), format_percent(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    figure.draw_lines(
        [((x, top), (x, bottom)) for x, _words in quarters], [figure.style.colours.grid], zorder=1
    )
    for x, words in quarters:
        figure.write(x, bottom + 14, words, size=SMALL, colour=muted, align="center")
    figure.draw_lines([((left, bottom), (left + width, bottom))], [muted])
    for row, (summary, colour) in enumerate(rows):
        length = scale.pixel(summary.mean or 0.0) - left
        figure.box(left, top + _ROW * (row + 0.5) - 8, max(length, 1.0), 16, colour, zorder=4)


@dataclass(frozen=True)
class _Scale:
    """Values in original units along a panel, with a little room at both ends."""

    low: float
    high: float
    left: float
    width: float

    @classmethod
    def around(cls, values: Sequence[float], left: float, width: float) -> "_Scale":
        low, high = min(values, default=0.0), max(values, default=1.0)
        margin = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
        return cls(low - margin, high + margin, left, width)

    def pixel(self, value: float) -> float:
        return self.left + self.width * (value - self.low) / (self.high - self.low)


def _draw_ticks(figure: ChartFigure, scale: _Scale, top: float, bottom: float) -> None:
    """Draw the grid and its numbers. A panel has no axes of matplotlib's: they cost 25 ms each."""
    colours = figure.style.colours
    ticks = ticks_between(scale.low, scale.high, scale.width / 45, scale.width)
    places = [scale.pixel(value) for value in ticks]
    figure.draw_lines([((x, top), (x, bottom)) for x in places], [colours.grid], zorder=1)
    for x, words in zip(places, NumberFormatter().format_ticks(ticks), strict=True):
        figure.write(x, bottom + 14, words, size=SMALL, colour=colours.muted, align="center")


def _draw_box(figure: ChartFigure, pixels: Sequence[float], y: float, colour: str) -> None:
    """Draw one box from its quantiles in pixels."""
    _lowest, low, first, median, third, high, _highest = pixels
    ends = [((end, y - 4), (end, y + 4)) for end in (low, high)]
    figure.draw_lines([((low, y), (high, y)), *ends], [colour], width=1.5, zorder=3)
    figure.box(first, y - 8, max(third - first, 1), 16, colour, zorder=4)
    # On a box too thin to show a gap, the median is a line of the segment's colour.
    line = figure.style.colours.background if third - first > 6 else colour
    figure.draw_lines([((median, y - 8), (median, y + 8))], [line], width=2.5, zorder=5)
