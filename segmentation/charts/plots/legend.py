"""The key below a chart that has room for segment numbers only: marker, number and name of each segment."""

from collections.abc import Sequence
from dataclasses import dataclass

from segmentation.charts.canvas import FONT_SIZE, ChartFigure
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.style import ChartStyle
from segmentation.charts.text.widths import clean_text, text_width
from segmentation.charts.text.wrapping import wrap

_ROW = 26
_LINE = 15
_MARGIN = 12
_MARKER = 18
_MOST_COLUMNS = 4
_MOST_LINES = 3


@dataclass(frozen=True)
class _Plan:
    """As many columns as have room for the longest name, whole; in a single one it may take several lines."""

    columns: int
    width: float
    row: float
    names: Sequence[Sequence[str]]

    @property
    def rows(self) -> int:
        return -(-len(self.names) // self.columns)


def key_height(marks: Sequence[SegmentMark], style: ChartStyle) -> float:
    """Return the height in pixels that `draw_key` takes."""
    plan = _plan(marks, style)
    return plan.row * plan.rows + _MARGIN


def draw_key(figure: ChartFigure, marks: Sequence[SegmentMark], top: float) -> None:
    """Draw marker, number and name of each segment, each linking to its segment."""
    plan = _plan(marks, figure.style)
    for position, (mark, lines) in enumerate(zip(marks, plan.names, strict=True)):
        x = _MARGIN + plan.width * (position // plan.rows)
        y = top + plan.row * (position % plan.rows) + _ROW / 2
        figure.marker(x + 6, y, mark.colour)
        figure.write(x + _MARKER, y, f"{mark.number}", bold=True)
        for number, line in enumerate(lines):
            figure.write(x + _before_name(), y + _LINE * number, line)
        figure.hit_area(x, y - _ROW / 2, plan.width - 4, plan.row, f"{mark.number}: {mark.name}", mark.href)


def _before_name() -> float:
    return _MARKER + text_width("00", FONT_SIZE, bold=True) + 10


def _plan(marks: Sequence[SegmentMark], style: ChartStyle) -> _Plan:
    whole = style.width - 2 * _MARGIN
    longest = max((text_width(clean_text(mark.name), FONT_SIZE) for mark in marks), default=0)
    columns = max(1, min(len(marks), _MOST_COLUMNS, int(whole / (longest + 60))))
    room = whole / columns - _before_name() - 8
    names = [wrap(mark.name, room, FONT_SIZE, lines=_MOST_LINES) for mark in marks]
    row = _ROW + _LINE * (max(map(len, names), default=1) - 1)
    return _Plan(columns, whole / columns, row, names)
