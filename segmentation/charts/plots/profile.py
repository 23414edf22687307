"""The heat map of profiles: how far each segment lies from everyone, attribute by attribute."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure

from common.i18n import gettext as _
from common.number_format import format_number, format_percent
from segmentation.analysis.results import NumberProfile
from segmentation.analysis.words.traits import is_yes_or_no
from segmentation.charts.canvas import FONT_SIZE, SMALL, ChartFigure, new_figure
from segmentation.charts.contrast import readable_on
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.plots.legend import draw_key, key_height
from segmentation.charts.style import DEFAULT_STYLE, ChartStyle, Theme
from segmentation.charts.text.widths import clean_text, text_width
from segmentation.charts.text.wrapping import wrap_whole

_MARGIN = 12
_ROW = 34
_SHORT_HEAD = 34
# Above the names' first line, which a marker has; between lines.
_ABOVE_NAMES = 32
_LINE = 15
_MOST_LINES = 4
_FOOT = 34
# Beyond this many standard deviations a cell has its full colour.
_FULL = 2.0
# Narrower columns have no room for a name.
_NAME_WIDTH = 84
# Narrower ones have none for a mean in original units.
_MEAN_WIDTH = 44


@dataclass(frozen=True)
class _Layout:
    """Where the cells stand, in pixels; with means in original units everyone has the first column."""

    left: float
    top: float
    column: float
    row: float
    names_above: bool
    heads: Sequence[Sequence[str]] | None = None

    @property
    def numbered(self) -> bool:
        """Whether numbers stand above the columns, as the names find no room there."""
        return self.heads is None

    @property
    def in_units(self) -> bool:
        return self.column >= _MEAN_WIDTH

    @property
    def first(self) -> float:
        """Where the segments' columns begin."""
        return self.left + self.column * self.in_units


def draw_profile(
    profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark], style: ChartStyle = DEFAULT_STYLE
) -> Figure:
    """Return a heat map, one row per attribute and one column per segment.

    The number in a cell is the segment's mean in original units, its colour how far that lies from everyone's
    in everyone's standard deviations. Columns too narrow for means hold the standard deviations. Where names
    do not fit above the columns whole and different, numbers and a key do.
    """
    layout = _plan(profiles, marks, style)
    bottom = layout.top + layout.row * len(profiles)
    key = key_height(marks, style) if layout.numbered else 0
    figure = new_figure(style, bottom + _FOOT + key)
    _write_heads(figure, marks, layout)
    for position, profile in enumerate(profiles):
        top = layout.top + layout.row * position
        _write_attribute(figure, profile, layout, top)
        if layout.in_units:
            _write_everyone(figure, profile, layout, top)
        for column, mark in enumerate(marks):
            _draw_cell(figure, profile, mark, layout, layout.first + layout.column * column, top)
    _draw_legend(figure, layout, bottom + 18)
    if layout.numbered:
        draw_key(figure, marks, bottom + _FOOT)
    return figure


def _plan(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark], style: ChartStyle) -> _Layout:
    if style.narrow:
        column = _column_width(style.width - 2 * _MARGIN, marks)
        return _Layout(_MARGIN, _SHORT_HEAD, column, 50, names_above=True)
    longest = max((text_width(clean_text(profile.name), FONT_SIZE) for profile in profiles), default=0)
    left = _MARGIN + min(longest + 14, 220.0)
    column = min(150.0, _column_width(style.width - left - _MARGIN, marks))
    heads = _wrap_names(marks, column - 8) if column >= _NAME_WIDTH else None
    top = _ABOVE_NAMES + _LINE * max(map(len, heads), default=1) + 2 if heads is not None else _SHORT_HEAD
    return _Layout(left, top, column, _ROW, names_above=False, heads=heads)


def _wrap_names(marks: Sequence[SegmentMark], room: float) -> list[list[str]] | None:
    """Return the lines of each name; `None` if one does not fit whole, or two would read the same."""
    heads = [wrap_whole(mark.name, room, SMALL, lines=_MOST_LINES) for mark in marks]
    whole = [head for head in heads if head is not None]
    differ = len({" ".join(head) for head in whole}) == len(marks)
    return whole if differ else None


def _column_width(room: float, marks: Sequence[SegmentMark]) -> float:
    with_everyone = room / (len(marks) + 1)
    return with_everyone if with_everyone >= _MEAN_WIDTH else room / max(1, len(marks))


def _write_heads(figure: ChartFigure, marks: Sequence[SegmentMark], layout: _Layout) -> None:
    if layout.in_units:
        middle, height = layout.left + layout.column / 2, 17 if layout.numbered else _ABOVE_NAMES
        words = _("Everyone") if layout.column > 60 else _("All")
        figure.write(middle, height, words, size=SMALL, align="center", colour=figure.style.colours.muted)
    for position, mark in enumerate(marks):
        left = layout.first + layout.column * position
        middle = left + layout.column / 2
        if layout.heads is None:
            _write_number(figure, mark, layout, middle)
            continue
        figure.marker(middle, 14, mark.colour)
        for row, line in enumerate(layout.heads[position]):
            figure.write(middle, _ABOVE_NAMES + _LINE * row, line, size=SMALL, align="center")
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
        figure.write(_MARGIN, top + 12, profile.name, size=SMALL, room=figure.style.width - 2.0 * _MARGIN)
        return
    room = layout.left - _MARGIN - 8
    figure.write_over_two_lines(_MARGIN, top + layout.row / 2, profile.name, room=room)


def _write_everyone(figure: ChartFigure, profile: NumberProfile, layout: _Layout, top: float) -> None:
    start = 22 if layout.names_above else 1
    middle = layout.left + layout.column / 2, top + start + (layout.row - start - 1) / 2
    mean = profile.everyone.mean
    text = "–" if mean is None else _mean_words(profile, mean)
    size = min(FONT_SIZE, (layout.column - 4) / max(1.0, text_width(text, 1)))
    figure.write(*middle, text, size=size, colour=figure.style.colours.muted, align="center")


def _draw_legend(figure: ChartFigure, layout: _Layout, y: float) -> None:
    """Say what the numbers are, and show what the colours mean."""
    colours = figure.style.colours
    step, end = 9.0, figure.style.width - _MARGIN
    words = _("Standard deviations from everyone’s average")
    if layout.in_units:
        words = _("Averages") if figure.style.narrow else _("Averages in the file's units")
    figure.write(_MARGIN, y, words, size=SMALL, colour=colours.muted)
    if figure.style.narrow and not layout.in_units:
        return
    above, below = _("above everyone"), _("below everyone")
    left = end - text_width(above, SMALL) - 6 - step * 9
    figure.write(end, y, above, size=SMALL, colour=colours.muted, align="right")
    for position in range(9):
        fill = _cell_colour((position - 4) / 4 * _FULL, colours)
        figure.box(left + step * position, y - 5, step, 10, fill)
    figure.write(left - 6, y, below, size=SMALL, colour=colours.muted, align="right")


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
    mean = profile.clusters[mark.label].mean
    text = _mean_words(profile, mean) if layout.in_units and mean is not None else _deviations(difference)
    figure.box(left + 1, top + start, layout.column - 2, height, fill, radius=3)
    size = min(FONT_SIZE, (layout.column - 4) / max(1.0, text_width(text, 1)))
    ink = readable_on(fill)
    figure.write(
        left + layout.column / 2, top + start + height / 2, text, size=size, colour=ink, align="center"
    )
    title = f"{mark.name}, {profile.name}: {_difference_words(profile, mark.label)}"
    figure.hit_area(left + 1, top + start, layout.column - 2, height, title)


def _mean_words(profile: NumberProfile, mean: float) -> str:
    return format_percent(mean) if is_yes_or_no(profile) else format_number(mean)


def _deviations(difference: float) -> str:
    text = format_number(difference, 1)
    return f"+{text}" if difference >= 0.05 else text


def _difference_words(profile: NumberProfile, label: int) -> str:
    """Return `mean 25.3, 13.6 below everyone (−1.1 standard deviations)`."""
    mean, difference = profile.clusters[label].mean, profile.differences[label]
    if mean is None or difference is None:
        return _("no values")
    if difference >= 0:
        text = _("mean %(mean)s, %(difference)s above everyone (%(deviations)s standard deviations)")
    else:
        text = _("mean %(mean)s, %(difference)s below everyone (%(deviations)s standard deviations)")
    return text % {
        "mean": format_number(mean),
        "difference": format_number(abs(difference)),
        "deviations": _deviations(profile.standard_differences[label] or 0.0),
    }


def _cell_colour(difference: float, theme: Theme) -> str:
    scale = LinearSegmentedColormap.from_list("differences", [theme.low, theme.middle, theme.high])
    return to_hex(scale(0.5 + max(-0.5, min(0.5, difference / _FULL / 2))))
