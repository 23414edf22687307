"""How a segment looks in every chart and on every page: a colour and, as a second sign, a marker.

Eight colours and seven markers cycle together, so that 56 segments look different. The colours keep at least
3 : 1 contrast against the backgrounds of their theme, and stay apart for people who confuse red with green
or blue with yellow (simulated after Machado, Oliveira and Fernandes, 2009).
"""

from dataclasses import dataclass
from typing import Literal

from common.i18n import gettext as _
from common.i18n import gettext_noop

ThemeName = Literal["light", "dark"]

_COLOURS: dict[str, tuple[str, ...]] = {
    "light": ("#1d3aba", "#cc7717", "#328872", "#e83c9c", "#4a1070", "#2592cc", "#7d1008", "#856309"),
    "dark": ("#6474fb", "#f39b0d", "#33cea2", "#c853aa", "#c398fe", "#98f3f5", "#ee3014", "#f3ec3a"),
}


# What the colours are called, in both themes.
COLOUR_NAMES = (
    gettext_noop("blue"),
    gettext_noop("orange"),
    gettext_noop("green"),
    gettext_noop("pink"),
    gettext_noop("violet"),
    gettext_noop("light blue"),
    gettext_noop("red"),
    gettext_noop("yellow"),
)


@dataclass(frozen=True)
class Marker:
    """One marker: as text, as matplotlib's code, the factor that makes all look equally large, its name."""

    symbol: str
    code: str
    scale: float
    name: str


MARKERS = (
    Marker("●", "o", 1.0, gettext_noop("disc")),
    Marker("■", "s", 0.9, gettext_noop("square")),
    Marker("▲", "^", 1.1, gettext_noop("triangle")),
    Marker("◆", "D", 0.85, gettext_noop("diamond")),
    Marker("▼", "v", 1.1, gettext_noop("triangle pointing down")),
    Marker("★", "*", 1.4, gettext_noop("star")),
    Marker("✚", "P", 1.1, gettext_noop("cross")),
)
N_COLOURS = len(_COLOURS["light"])
N_LOOKS = N_COLOURS * len(MARKERS)


def segment_colour(index: int, theme: ThemeName = "light") -> str:
    """Return the colour of a segment's colour index as `#rrggbb`; indices beyond the last begin again."""
    return _COLOURS[theme][index % N_COLOURS]


def segment_marker(index: int) -> str:
    """Return the marker of a segment's colour index as a text symbol."""
    return marker_of(index).symbol


def marker_of(index: int) -> Marker:
    """Return the marker of a segment's colour index."""
    return MARKERS[index % len(MARKERS)]


def look_name(index: int) -> str:
    """Return what a segment's colour index looks like, for example `orange square`."""
    look = {"colour": _(COLOUR_NAMES[index % N_COLOURS]), "marker": _(marker_of(index).name)}
    return _("%(colour)s %(marker)s") % look
