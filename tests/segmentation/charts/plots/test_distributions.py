"""Box plots from stored quantiles."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from segmentation.analysis.results import NumberProfile, NumberSummary
from segmentation.charts.plots.distributions import draw_distributions
from segmentation.charts.plots.profile import draw_profile
from segmentation.charts.style import NARROW, ChartStyle
from segmentation.charts.text.descriptions import describe_distributions

Shown = Callable[..., Any]


def _boxes(figure: Figure) -> list[Rectangle]:
    return [
        artist for artist in figure.artists if isinstance(artist, Rectangle) and artist.get_height() == 16
    ]


def _scaled(values: Sequence[float]) -> list[float]:
    """Return where values lie between the first and the last of them."""
    return [(value - values[0]) / (values[-1] - values[0]) for value in values]


def test_boxes_hold_the_middle_half(make: SimpleNamespace) -> None:
    profile = make.profile("Income", 0)
    boxes = _boxes(draw_distributions([profile], make.marks()))
    ends = [end for box in boxes for end in (box.get_x(), box.get_x() + box.get_width())]
    quantiles = [summary.quantiles for summary in (profile.everyone, *profile.clusters)]
    assert _scaled(ends) == pytest.approx(_scaled([value for row in quantiles for value in (row[2], row[4])]))


def test_whiskers_reach_from_5_to_95_per_cent(make: SimpleNamespace) -> None:
    profile = make.profile("Income", 0)
    figure = draw_distributions([profile], make.marks())
    lines = [artist.get_segments() for artist in figure.artists if isinstance(artist, LineCollection)]
    whiskers = [end[0] for segments in lines if len(segments) == 3 for end in segments[0]]
    quantiles = [summary.quantiles for summary in (profile.everyone, *profile.clusters)]
    assert _scaled(whiskers) == pytest.approx(
        _scaled([value for row in quantiles for value in (row[1], row[5])])
    )


def test_ticks_are_round_values_of_the_attribute(make: SimpleNamespace, shown: Shown) -> None:
    texts = shown(draw_distributions([make.profile("Income", 0)], make.marks())).texts()
    assert [text for text in texts if text.isdigit()] == ["20", "30", "40", "50", "60", "70", "80", "90"]


@pytest.mark.parametrize("width", [800, NARROW])
def test_each_attribute_has_a_panel(make: SimpleNamespace, shown: Shown, width: int) -> None:
    profiles = [make.profile(name, 0) for name in ("Income", "Age", "Orders")]
    figure = draw_distributions(profiles, make.marks(), ChartStyle(width=width))
    assert len(_boxes(figure)) == 18
    assert {"Income", "Age", "Orders", "Everyone", "Young savers"} <= set(shown(figure).texts())


def test_missing_values_are_mentioned_not_drawn(make: SimpleNamespace, shown: Shown) -> None:
    nothing = NumberSummary(8, 8, None, None, None)
    profile = NumberProfile("Age", False, nothing, (nothing,) * 5, (None,) * 5, (None,) * 5, 0.0, (), ())
    figure = draw_distributions([profile], make.marks())
    assert shown(figure).texts().count("no values") == 6
    assert not _boxes(figure)


def test_a_constant_attribute_is_drawn_in_the_middle(make: SimpleNamespace, shown: Shown) -> None:
    same = NumberSummary(8, 0, 2.0, 0.0, (2.0,) * 7)
    profile = NumberProfile("Cards", False, same, (same,) * 5, (0.0,) * 5, (None,) * 5, 0.0, (), ())
    figure = draw_distributions([profile], make.marks())
    assert len({box.get_x() for box in _boxes(figure)}) == 1
    assert any(text.startswith("2.0") for text in shown(figure).texts())


def test_yes_and_no_attributes_show_their_share(make: SimpleNamespace, shown: Shown) -> None:
    def summary(share: float) -> NumberSummary:
        return NumberSummary(8, 0, share, (share * (1 - share)) ** 0.5, (0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0))

    differences = (0.5, -0.5)
    clusters = (summary(0.75), summary(0.25))
    profile = NumberProfile(
        "Gender: female", True, summary(0.5), clusters, differences, differences, 1, (0, 1), ((1,),) * 2
    )
    marks = make.marks("AB")
    figure = draw_distributions([profile], marks)
    widths = [box.get_width() for box in _boxes(figure)]
    assert _scaled([0, *widths]) == pytest.approx([0, 2, 3, 1])
    assert {"0\xa0%", "50\xa0%", "100\xa0%"} <= set(shown(figure).texts())
    assert "Share of Gender: female: A 75\xa0%, B 25\xa0%." in describe_distributions([profile], marks)
    assert {"50\xa0%", "75\xa0%", "25\xa0%"} <= set(shown(draw_profile([profile], marks)).texts())


@pytest.mark.parametrize("width", [800, NARROW])
def test_names_with_the_same_beginning_stay_distinguishable(
    make: SimpleNamespace, shown: Shown, width: int
) -> None:
    names = [f"High bestellungen, low {what}" for what in ("umsatz", "retouren", "besuche", "alter", "tage")]
    texts = shown(draw_distributions([make.profile("Income", 0)], make.marks(names), ChartStyle(width=width)))
    whole = " ".join(texts.texts()).replace("- ", "").replace("-gen", "gen")
    assert [name for name in names if name not in whole] == []
