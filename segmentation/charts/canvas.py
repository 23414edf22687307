"""A Figure laid out in pixels that remembers what SVG needs and matplotlib has no place for."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.text import Text
from matplotlib.ticker import Formatter, MaxNLocator
from matplotlib.transforms import Affine2D

from common.number_format import format_number, format_ticks
from segmentation.charts.palette import marker_of, segment_colour
from segmentation.charts.style import ChartStyle
from segmentation.charts.text.widths import clean_text, shorten, text_width
from segmentation.charts.text.wrapping import wrap, wrap_whole

# An SVG figure has 72 pixels per inch, so that points, pixels and SVG units are one and the same.
PIXELS_PER_INCH = 72
FONT_SIZE = 12.0
SMALL = 11.0
# Between two lines of small letters.
_LINE = 13.0
# Ticks of an axis that stands up are this far apart, at least.
TICK_HEIGHT = 42
_MISSING = "\N{WHITE SQUARE}"
# matplotlib leaves out what is fully transparent; SVG gets 0.
HIT_AREA_OPACITY = 0.004


Point = tuple[float, float]
Segment = tuple[Point, Point]


@dataclass(frozen=True)
class Link:
    """Where an artist links to and its title; without `href` only a tooltip.

    Artists that repeat a link are not `primary`: the mouse reaches them, keyboards and screen readers do not.
    """

    href: str | None
    title: str
    primary: bool = True


@functools.lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    """Return the code points that the font of our pictures has glyphs for."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    return frozenset(font.get_charmap())


def drawable(text: str) -> str:
    """Return the text with a square for each character the font lacks.

    matplotlib would draw such a square too, but warn about it each time. SVG gets the text itself.
    """
    known = _known_characters()
    return "".join(letter if ord(letter) in known else _MISSING for letter in text)


class NumberFormatter(Formatter):
    """Tick labels in one unit, with as many decimals as the distance between ticks asks for."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return format_number(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return format_ticks(values)


class RoundLocator(MaxNLocator):
    """Ticks at round values, not many more than `most`, and few enough to stand apart along `width`."""

    def __init__(self, most: float, width: float | None = None) -> None:
        super().__init__(nbins=max(3, int(most)), steps=[1, 2, 2.5, 5, 10])
        self._most, self._width = max(3, int(most)), width

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        values: Sequence[float] = ()
        for most in range(self._most, 0, -1):
            self.set_params(nbins=most)
            values = [float(value) for value in super().tick_values(vmin, vmax)]
            if self._width is None or _fit(_within(values, vmin, vmax), self._width / (vmax - vmin)):
                return values
        return _within(values, vmin, vmax)[::2]


def _within(values: Sequence[float], low: float, high: float) -> list[float]:
    return [value for value in values if low <= value <= high]


def _fit(ticks: Sequence[float], scale: float) -> bool:
    """Return whether the texts of ticks stand apart, at so many pixels per unit."""
    widest = max((text_width(text, SMALL) for text in format_ticks(ticks)), default=0.0)
    return all((b - a) * scale >= widest + 8 for a, b in itertools.pairwise(ticks))


def ticks_between(low: float, high: float, most: float, width: float | None = None) -> list[float]:
    """Return round values from `low` to `high`, as few as a `RoundLocator` finds."""
    return _within(RoundLocator(most, width).tick_values(low, high), low, high)


class ChartFigure(Figure):
    """A figure laid out in pixels from its top left corner.

    Attributes
    ----------
    links : dict of str to Link
        By gid of the artist.
    verbatim : dict of str to str
        By gid of a text: what stands there in SVG, where our font lacks a character of it.
    """

    def __init__(self, style: ChartStyle, height: float) -> None:
        size = (style.width / PIXELS_PER_INCH, height / PIXELS_PER_INCH)
        super().__init__(figsize=size, dpi=PIXELS_PER_INCH, facecolor=style.colours.background)
        self.style = style
        self.height = height
        self.links: dict[str, Link] = {}
        self.verbatim: dict[str, str] = {}
        self.pixels = Affine2D().scale(1 / style.width, -1 / height).translate(0, 1) + self.transFigure

    def axes_at(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes with the chart's looks whose plot area is this rectangle."""
        place = (left / self.style.width, 1 - (top + height) / self.height)
        axes = self.add_axes((*place, width / self.style.width, height / self.height))
        colours = self.style.colours
        axes.patch.set_visible(False)
        axes.set_axisbelow(True)
        axes.tick_params(colors=colours.muted, labelsize=SMALL, length=0, pad=6)
        axes.grid(color=colours.grid, linewidth=1, linestyle="-")
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(colours.muted)
        axes.xaxis.set_major_locator(RoundLocator(width / 55, width))
        axes.yaxis.set_major_locator(RoundLocator(height / TICK_HEIGHT))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(NumberFormatter())
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = FONT_SIZE,
        colour: str | None = None,
        align: Literal["left", "center", "right"] = "left",
        bold: bool = False,
        room: float | None = None,
        zorder: float = 5,
    ) -> Text:
        """Write one line, its middle at height `y`, cut where wider than `room`; never as mathematics."""
        text = clean_text(text) if room is None else shorten(text, room, size, bold=bold)
        shown = drawable(text)
        artist = Text(
            x,
            y,
            shown,
            fontsize=size,
            color=colour or self.style.colours.text,
            horizontalalignment=align,
            verticalalignment="center_baseline",
            fontweight="bold" if bold else "normal",
            parse_math=False,
            transform=self.pixels,
            zorder=zorder,
        )
        self.add_artist(artist)
        if shown != text:
            self.verbatim[self._identify(artist)] = text
        return artist

    def write_over_two_lines(self, x: float, y: float, text: str, *, room: float, bold: bool = False) -> None:
        """Write one line as `write` does or, where that is too long, two smaller lines around `y`."""
        if text_width(clean_text(text), FONT_SIZE, bold=bold) <= room:
            self.write(x, y, text, bold=bold)
            return
        lines = wrap_whole(text, room, SMALL, lines=2, bold=bold) or wrap(
            text, room, SMALL, lines=2, bold=bold
        )
        for number, line in enumerate(lines):
            self.write(x, y + _LINE * (number - (len(lines) - 1) / 2), line, size=SMALL, bold=bold)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: str,
        *,
        radius: float = 0,
        **settings: Any,
    ) -> Rectangle | FancyBboxPatch:
        """Draw a filled rectangle whose top left corner is (x, y)."""
        settings = {"facecolor": colour, "linewidth": 0, "transform": self.pixels, **settings}
        if radius:
            shape = f"round,pad=0,rounding_size={radius}"
            rounded = FancyBboxPatch((x, y), width, height, boxstyle=shape, **settings)
            self.add_artist(rounded)
            return rounded
        rectangle = Rectangle((x, y), width, height, **settings)
        self.add_artist(rectangle)
        return rectangle

    def draw_lines(
        self, segments: Sequence[Segment], colours: Sequence[str], *, width: float = 1.0, zorder: float = 2
    ) -> LineCollection:
        """Draw straight lines, each from one point to another."""
        lines = LineCollection(
            segments, colors=colours, linewidths=width, transform=self.pixels, zorder=zorder
        )
        self.add_artist(lines)
        return lines

    def marker(self, x: float, y: float, colour: int, *, size: float = 9, zorder: float = 5) -> Line2D:
        """Draw the marker of a segment's colour index, its middle at (x, y)."""
        marker = marker_of(colour)
        artist = Line2D(
            [x],
            [y],
            marker=marker.code,
            markersize=size * marker.scale,
            markerfacecolor=segment_colour(colour, self.style.theme),
            markeredgecolor=self.style.colours.background,
            markeredgewidth=0,
            linestyle="none",
            transform=self.pixels,
            zorder=zorder,
        )
        self.add_artist(artist)
        return artist

    def hit_area(
        self, x: float, y: float, width: float, height: float, title: str, href: str | None = None
    ) -> None:
        """Cover a rectangle with an invisible target that links to `href` and carries the tooltip `title`."""
        area = self.box(x, y, width, height, self.style.colours.background, alpha=HIT_AREA_OPACITY, zorder=20)
        self.link(area, href, title)

    def link(self, artist: Artist, href: str | None, title: str, *, primary: bool = True) -> None:
        """Let the artist link to `href` in SVG, with a tooltip; without an address, the tooltip alone."""
        self.links[self._identify(artist)] = Link(href, clean_text(title), primary)

    def _identify(self, artist: Artist) -> str:
        gid = artist.get_gid()
        if gid is None:
            gid = f"mark-{len(self.links) + len(self.verbatim) + 1}"
            artist.set_gid(gid)
        return gid


def new_figure(style: ChartStyle, height: float) -> ChartFigure:
    """Return an empty figure of the style's width and this height in pixels."""
    return ChartFigure(style, height)
