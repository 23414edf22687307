"""Segment sizes as horizontal bars."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from common.i18n import ngettext
from common.number_format import format_count, format_share
from segmentation.charts.canvas import FONT_SIZE, ChartFigure, new_figure
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.palette import segment_colour
from segmentation.charts.style import DEFAULT_STYLE, ChartStyle
from segmentation.charts.text.widths import clean_text, text_width

_MARGIN = 12
_MARKER = 20


def draw_sizes(marks: Sequence[SegmentMark], style: ChartStyle = DEFAULT_STYLE) -> Figure:
    """Return one bar per segment, in the order given, with its count and its share.

    Every row links to its segment. On phones the name stands above the bar.
    """
    if style.narrow:
        return _draw_stacked(marks, style)
    row = 34
    names = min(280.0, max((text_width(clean_text(mark.name), FONT_SIZE) for mark in marks), default=0))
    left = _MARGIN + _MARKER + names + 14
    figure = new_figure(style, 2 * _MARGIN + row * len(marks))
    for position, mark in enumerate(marks):
        top = _MARGIN + row * position
        middle = top + row / 2
        figure.marker(_MARGIN + 6, middle, mark.colour)
        figure.write_over_two_lines(_MARGIN + _MARKER, middle, mark.name, room=names)
        _draw_bar(figure, marks, mark, left, middle, 20)
        _link_row(figure, marks, mark, top, row)
    return figure


def _draw_stacked(marks: Sequence[SegmentMark], style: ChartStyle) -> Figure:
    row = 48
    figure = new_figure(style, 2 * _MARGIN + row * len(marks))
    for position, mark in enumerate(marks):
        top = _MARGIN + row * position
        figure.marker(_MARGIN + 6, top + 13, mark.colour)
        figure.write(_MARGIN + _MARKER, top + 13, mark.name, room=style.width - 2 * _MARGIN - _MARKER)
        _draw_bar(figure, marks, mark, _MARGIN, top + 32, 14)
        _link_row(figure, marks, mark, top, row)
    return figure


def _draw_bar(
    figure: ChartFigure,
    marks: Sequence[SegmentMark],
    mark: SegmentMark,
    left: float,
    middle: float,
    height: float,
) -> None:
    """Draw the bar and its numbers; the longest bar leaves room for the widest numbers."""
    words = max((text_width(_size_words(marks, other), FONT_SIZE) for other in marks), default=0)
    room = figure.style.width - _MARGIN - left - words - 10
    length = max(2.0, room * mark.size / (max(other.size for other in marks) or 1))
    colour = segment_colour(mark.colour, figure.style.theme)
    figure.box(left, middle - height / 2, length, height, colour, radius=min(3.0, length / 2))
    figure.write(left + length + 8, middle, _size_words(marks, mark), colour=figure.style.colours.text)


def _size_words(marks: Sequence[SegmentMark], mark: SegmentMark) -> str:
    total = sum(other.size for other in marks)
    return f"{format_count(mark.size)} · {format_share(mark.size, total)}"


def _link_row(
    figure: ChartFigure, marks: Sequence[SegmentMark], mark: SegmentMark, top: float, height: float
) -> None:
    total = sum(other.size for other in marks)
    words = ngettext(
        "%(segment)s: %(count)s customer, %(share)s", "%(segment)s: %(count)s customers, %(share)s", mark.size
    )
    words %= {
        "segment": mark.name,
        "count": format_count(mark.size),
        "share": format_share(mark.size, total),
    }
    figure.hit_area(0, top, figure.style.width, height, words, mark.href)
