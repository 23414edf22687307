"""Themes and sizes of charts."""

from dataclasses import dataclass

from segmentation.charts.palette import ThemeName

WIDE = 800
NARROW = 360
_NARROW_BELOW = 560


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is not a segment. `low`, `middle` and `high` span the heat map."""

    background: str
    text: str
    muted: str
    grid: str
    line: str
    low: str
    middle: str
    high: str


THEMES: dict[str, Theme] = {
    "light": Theme(
        background="#ffffff",
        text="#182433",
        muted="#5b6878",
        grid="#e3e8ee",
        line="#3b4a5e",
        low="#2166ac",
        middle="#f3f4f6",
        high="#c2410c",
    ),
    "dark": Theme(
        background="#182433",
        text="#f1f5f9",
        muted="#a3b1c2",
        grid="#2f3e50",
        line="#c9d4e0",
        low="#5aa9ff",
        middle="#24344a",
        high="#ff9a5c",
    ),
}


@dataclass(frozen=True)
class ChartStyle:
    """Theme, and width in CSS pixels; below 560 the layout is that of phones."""

    theme: ThemeName = "light"
    width: int = WIDE

    def __post_init__(self) -> None:
        if self.theme not in THEMES:
            raise ValueError(f"There is no theme {self.theme!r}; there are {', '.join(THEMES)}.")
        if not 280 <= self.width <= 2000:
            raise ValueError(f"A chart is 280 to 2000 pixels wide, not {self.width}.")

    @property
    def narrow(self) -> bool:
        return self.width < _NARROW_BELOW

    @property
    def colours(self) -> Theme:
        return THEMES[self.theme]


DEFAULT_STYLE = ChartStyle()
