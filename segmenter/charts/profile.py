"""The heat map of profiles: how far each segment lies from everyone, attribute by attribute."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure

from segmenter.analysis.results import NumberProfile
from segmenter.charts.canvas import FONT_SIZE, SMALL, ChartFigure, new_figure
from segmenter.charts.inputs import SegmentMark
from segmenter.charts.key import draw_key, key_height
from segmenter.charts.style import DEFAULT_STYLE, ChartStyle, Theme
from segmenter.charts.texts import clean_text, format_number, text_width, wrap

_MARGIN = 12
_ROW = 34
_HEAD = 64
_SHORT_HEAD = 34
_FOOT = 34
# Beyond this many standard deviations a cell has its full colour.
_FULL = 2.0
# Narrower columns have no room for a name.
_NAME_WIDTH = 84


@dataclass(frozen=True)
class _Layout:
    """Where the cells stand, in pixels."""

    left: float
    top: float
    column: float
    row: float
    numbered: bool
    names_above: bool


def draw_profile(
    profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark], style: ChartStyle = DEFAULT_STYLE
) -> Figure:
    """Return a heat map, one row per attribute and one column per segment.

    The number in a cell is the segment's mean minus everyone's, in everyone's standard deviations; its
    tooltip says the same in original units. Where names do not fit above the columns, numbers and a key do.
    """
    layout = _plan(profiles, marks, style)
    bottom = layout.top + layout.row * len(profiles)
    key = key_height(marks, style) if layout.numbered else 0
    figure = new_figure(style, bottom + _FOOT + key)
    _write_heads(figure, marks, layout)
    for position, profile in enumerate(profiles):
        top = layout.top + layout.row * position
        _write_attribute(figure, profile, layout, top)
        for column, mark in enumerate(marks):
            _draw_cell(figure, profile, mark, layout, layout.left + layout.column * column, top)
    words = "Standard deviations above (+) or below (−) the average of all customers"
    note = wrap(words, style.width - 2 * _MARGIN, SMALL, lines=1)[0]
    if style.narrow:
        note = "Standard deviations (SD) from everyone’s average"
    figure.write(_MARGIN, bottom + 18, note, size=SMALL, colour=style.colours.muted)
    if layout.numbered:
        draw_key(figure, marks, bottom + _FOOT)
    return figure


def _plan(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark], style: ChartStyle) -> _Layout:
    if style.narrow:
        column = (style.width - 2 * _MARGIN) / max(1, len(marks))
        return _Layout(_MARGIN, _SHORT_HEAD, column, 50, numbered=True, names_above=True)
    longest = max((text_width(clean_text(profile.name), FONT_SIZE) for profile in profiles), default=0)
    left = _MARGIN + min(longest + 14, 220.0)
    column = min(150.0, (style.width - left - _MARGIN) / max(1, len(marks)))
    numbered = column < _NAME_WIDTH
    return _Layout(left, _SHORT_HEAD if numbered else _HEAD, column, _ROW, numbered, names_above=False)


def _write_heads(figure: ChartFigure, marks: Sequence[SegmentMark], layout: _Layout) -> None:
    for position, mark in enumerate(marks):
        left = layout.left + layout.column * position
        middle = left + layout.column / 2
        if layout.numbered:
            _write_number(figure, mark, layout, middle)
            continue
        figure.marker(middle, 14, mark.colour)
        for row, line in enumerate(wrap(mark.name, layout.column - 8, SMALL, lines=2)):
            figure.write(middle, 32 + 15 * row, line, size=SMALL, align="center")
        figure.hit_area(left, 2, layout.column, layout.top - 4, mark.name, mark.href)


def _write_number(figure: ChartFigure, mark: SegmentMark, layout: _Layout, middle: float) -> None:
    if layout.column < 34:
        figure.marker(middle, 9, mark.colour, size=8)
        figure.write(middle, 24, f"{mark.number}", size=SMALL, align="center", bold=True)
        return
    figure.marker(middle - 8, 17, mark.colour)
    figure.write(middle + 2, 17, f"{mark.number}", bold=True)


def _write_attribute(figure: ChartFigure, profile: NumberProfile, layout: _Layout, top: float) -> None:
    """Write the attribute's name to the left of its row, or on phones above it."""
    if layout.names_above:
        room = figure.style.width - 2 * _MARGIN
        figure.write(_MARGIN, top + 12, profile.name, size=SMALL, room=room)
        return
    figure.write(_MARGIN, top + layout.row / 2, profile.name, room=layout.left - _MARGIN - 8)


def _draw_cell(
    figure: ChartFigure, profile: NumberProfile, mark: SegmentMark, layout: _Layout, left: float, top: float
) -> None:
    difference = profile.standard_differences[mark.label]
    start = 22 if layout.names_above else 1
    height = layout.row - start - 1
    if difference is None:
        figure.write(left + layout.column / 2, top + start + height / 2, "–", align="center")
        return
    fill = _cell_colour(difference, figure.style.colours)
    text = f"{difference:+.1f}".replace("-", "−")
    if float(f"{difference:.1f}") == 0:
        text = "0.0"
    figure.box(left + 1, top + start, layout.column - 2, height, fill, radius=3)
    size = min(FONT_SIZE, (layout.column - 4) / max(1.0, text_width(text, 1)))
    ink = _readable(fill, figure.style.colours)
    figure.write(
        left + layout.column / 2, top + start + height / 2, text, size=size, colour=ink, align="center"
    )
    title = f"{mark.name}, {profile.name}: {_difference_words(profile, mark.label)}"
    figure.hit_area(left + 1, top + start, layout.column - 2, height, title)


def _difference_words(profile: NumberProfile, label: int) -> str:
    """Return `mean 25.3, 13.6 below everyone (-1.1 SD)`."""
    mean, difference = profile.clusters[label].mean, profile.differences[label]
    if mean is None or difference is None:
        return "no values"
    side = "above" if difference >= 0 else "below"
    return f"mean {format_number(mean)}, {format_number(abs(difference))} {side} everyone"


def _cell_colour(difference: float, theme: Theme) -> str:
    scale = LinearSegmentedColormap.from_list("differences", [theme.low, theme.middle, theme.high])
    return to_hex(scale(0.5 + max(-0.5, min(0.5, difference / _FULL / 2))))


def _readable(fill: str, theme: Theme) -> str:
    """Return black or white, whichever stands out more against the fill."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, fill))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
