"""The key below a chart that has room for segment numbers only: marker, number and name of each segment."""

from collections.abc import Sequence

from segmenter.charts.canvas import FONT_SIZE, ChartFigure
from segmenter.charts.inputs import SegmentMark
from segmenter.charts.style import ChartStyle
from segmenter.charts.texts import clean_text, text_width

ROW = 26
_MARGIN = 12
_MARKER = 18


def key_height(marks: Sequence[SegmentMark], style: ChartStyle) -> float:
    """Return the height in pixels that `draw_key` takes."""
    return ROW * -(-len(marks) // _columns(marks, style)) + _MARGIN


def draw_key(figure: ChartFigure, marks: Sequence[SegmentMark], top: float) -> None:
    """Draw marker, number and name of each segment, each linking to its segment."""
    columns = _columns(marks, figure.style)
    width = (figure.style.width - 2 * _MARGIN) / columns
    rows = -(-len(marks) // columns)
    for position, mark in enumerate(marks):
        x = _MARGIN + width * (position // rows)
        y = top + ROW * (position % rows + 0.5)
        number = f"{mark.number}"
        figure.marker(x + 6, y, mark.colour)
        figure.write(x + _MARKER, y, number, bold=True)
        start = x + _MARKER + text_width("00", FONT_SIZE, bold=True) + 6
        figure.write(start, y, mark.name, room=x + width - start - 8)
        figure.hit_area(x, y - ROW / 2, width - 4, ROW, f"{mark.number}: {mark.name}", mark.href)


def _columns(marks: Sequence[SegmentMark], style: ChartStyle) -> int:
    """Return how many columns suit the longest name."""
    longest = max((text_width(clean_text(mark.name), FONT_SIZE) for mark in marks), default=0)
    width = min(longest, 260.0) + 60
    return max(1, min(len(marks), 4, int((style.width - 2 * _MARGIN) / width)))
