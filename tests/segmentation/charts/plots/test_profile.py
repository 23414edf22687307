"""The heat map of profiles."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from segmentation.analysis.results import NumberProfile, NumberSummary
from segmentation.charts.contrast import contrast
from segmentation.charts.plots.profile import draw_profile
from segmentation.charts.style import NARROW, ChartStyle, ThemeName

Shown = Callable[..., Any]
EVERYONE = NumberSummary(4, 0, 40.0, 10.0, (20.0,) * 7)


def _profile(*differences: float | None) -> NumberProfile:
    clusters = tuple(
        NumberSummary(2, 0, 40 + 10 * value, 1.0, None)
        if value is not None
        else NumberSummary(2, 2, None, None, None)
        for value in differences
    )
    units = tuple(10 * value if value is not None else None for value in differences)
    return NumberProfile("Age", True, EVERYONE, clusters, units, differences, 0.5, (0.0, 1.0), ((1,),))


@pytest.mark.parametrize("width", [800, NARROW])
def test_cells_hold_means_in_original_units_beside_everyone_s(
    make: SimpleNamespace, shown: Shown, width: int
) -> None:
    figure = draw_profile([_profile(1.26, -0.8, 0.01, None)], make.marks("ABCD"), ChartStyle(width=width))
    assert {"40", "52.6", "32", "40.1", "–", "Age"} <= set(shown(figure).texts())


def test_columns_too_narrow_for_means_show_standard_deviations(make: SimpleNamespace, shown: Shown) -> None:
    differences = (1.26, -0.8, 0.01, None, *[0.5] * 6)
    figure = draw_profile([_profile(*differences)], make.marks("ABCDEFGHIJ"), ChartStyle(width=NARROW))
    assert {"+1.3", "−0.8", "0.0", "–", "Age"} <= set(shown(figure).texts())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_above_and_below_have_their_own_colours(
    make: SimpleNamespace, theme: ThemeName, shown: Shown
) -> None:
    style = ChartStyle(theme=theme)
    svg = shown(draw_profile([_profile(2.5, -2.5)], make.marks("AB"), style))
    colours = [path.get("fill") for path in svg.all("path")]
    wanted = [style.colours.high, style.colours.low]
    legend = [style.colours.low, style.colours.high]
    assert [colour for colour in colours if colour in wanted] == wanted + legend


def test_tooltips_speak_in_original_units(make: SimpleNamespace, shown: Shown) -> None:
    titles = [
        title.text for title in shown(draw_profile([_profile(1.5, -1.5)], make.marks("AB"))).all("title")
    ]
    assert "A, Age: mean 55, 15 above everyone (+1.5 standard deviations)" in titles
    assert "B, Age: mean 25, 15 below everyone (−1.5 standard deviations)" in titles


def test_few_segments_have_their_names_above_their_columns(make: SimpleNamespace, shown: Shown) -> None:
    svg = shown(draw_profile([_profile(0.5, -0.5)], make.marks(["Savers", "Spenders"])))
    assert {"Savers", "Spenders"} <= set(svg.texts())
    assert "1" not in svg.texts()


def test_many_segments_have_numbers_and_a_key(make: SimpleNamespace, shown: Shown) -> None:
    names = [f"Segment {letter}" for letter in "ABCDEFGHIJKL"]
    svg = shown(draw_profile([_profile(*[0.1] * 12)], make.marks(names)))
    assert set(names) <= set(svg.texts())
    assert svg.texts().count("12") == 2
    assert len(svg.links()) == 12


GERMAN = ["Gelegenheitskäufer", "Retouren-Vielkäufer", "Stammkundinnen", "Neue"]


def test_names_above_columns_break_inside_of_long_words(make: SimpleNamespace, shown: Shown) -> None:
    texts = shown(
        draw_profile([_profile(0.5, -0.5, 1.0, 0.1)], make.marks(GERMAN), ChartStyle(width=580))
    ).texts()
    assert {"Gelegenheits-", "käufer", "Retouren-", "Vielkäufer", "Neue"} <= set(texts)
    assert not any("…" in text for text in texts)


@pytest.mark.parametrize("width", [800, NARROW])
def test_no_two_columns_have_the_same_label(make: SimpleNamespace, shown: Shown, width: int) -> None:
    start = "High number of orders of the last twelve months, few returns, low turnover, an old age and many "
    marks = make.marks([start + end for end in ("visits", "calls")])
    texts = shown(draw_profile([_profile(0.5, -0.5)], marks, ChartStyle(width=width))).texts()
    assert {"1", "2"} <= set(texts)
    assert all(mark.name in " ".join(texts) for mark in marks)


def test_attributes_of_long_names_take_two_lines(make: SimpleNamespace, shown: Shown) -> None:
    profile = replace(_profile(0.5, -0.5), name="Revenue of the last twelve months (k$)")
    texts = shown(draw_profile([profile], make.marks("AB"))).texts()
    assert {"Revenue of the last twelve months", "(k$)"} <= set(texts)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_are_readable_on_every_cell(make: SimpleNamespace, theme: ThemeName, shown: Shown) -> None:
    differences = [step / 4 for step in range(-12, 13)]
    svg = shown(draw_profile([_profile(*differences)], make.marks("A" * 25), ChartStyle(theme=theme)))
    cells = [path.attrib["fill"] for path in svg.all("path") if path.get("fill", "none") != "none"]
    inks = [text.get("fill", "#000000") for text in svg.all("text") if (text.text or "")[-2:-1] == "."]
    colours = [cell for cell in cells if cell not in {"#182433", "#ffffff"}][-34:-9]  # then the legend
    assert len(inks) == len(colours) == 25
    assert min(contrast(ink, cell) for ink, cell in zip(inks, colours, strict=True)) >= 4.5


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
