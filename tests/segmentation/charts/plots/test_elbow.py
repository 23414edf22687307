"""The elbow chart."""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.text import Text

from segmentation.charts.inputs import ElbowChart
from segmentation.charts.plots.elbow import draw_elbow
from segmentation.charts.style import NARROW, ChartStyle

Shown = Callable[..., Any]


def test_the_curve_is_the_wcss_of_every_k(make: SimpleNamespace) -> None:
    chart = make.elbow()
    curve = max(draw_elbow(chart).axes[0].lines, key=lambda line: len(line.get_xdata()))
    assert tuple(curve.get_xdata()) == chart.ks
    assert tuple(curve.get_ydata()) == chart.inertias


def test_elbow_recommended_and_used_k_are_marked_in_words(make: SimpleNamespace, shown: Shown) -> None:
    words = " ".join(shown(draw_elbow(make.elbow(elbow_k=3, k_recommended=5, k=5))).texts())
    assert "k = 3 elbow" in words
    assert "k = 5 clear groups and used" in words


def test_without_an_elbow_none_is_marked(make: SimpleNamespace, shown: Shown) -> None:
    texts = shown(draw_elbow(make.elbow(elbow_k=None, k_recommended=None, k=2))).texts()
    assert texts[texts.index("k = 2") + 1] == "used"
    assert not any("elbow" in text or "clear" in text for text in texts)


@pytest.mark.parametrize("width", [800, NARROW])
def test_scores_are_drawn_beside_the_curve_if_there_are_any(make: SimpleNamespace, width: int) -> None:
    style = ChartStyle(width=width)
    assert len(draw_elbow(make.elbow(), style).axes) == 3
    assert len(draw_elbow(make.elbow(silhouettes=(None,) * 6, stabilities=()), style).axes) == 1


def test_the_best_silhouette_is_named(make: SimpleNamespace, shown: Shown) -> None:
    assert "0.55 at k = 5" in shown(draw_elbow(make.elbow())).texts()


def test_each_k_leads_to_a_run_with_it(make: SimpleNamespace, shown: Shown) -> None:
    links = shown(draw_elbow(make.elbow())).links()
    assert links["/datasets/shop/runs/new/?k=4"] == "k = 4: WCSS 74,000. Run with 4 segments"
    assert len(links) == 6


@pytest.mark.parametrize("inertias", [(0.0,) * 6, (1e-9,) * 6, (1e15,) * 6])
def test_flat_curves_of_any_height_are_drawn(
    make: SimpleNamespace, shown: Shown, inertias: tuple[float, ...]
) -> None:
    assert shown(draw_elbow(make.elbow(inertias=inertias))).texts()


def test_notes_of_neighbouring_points_are_stacked() -> None:
    ks = tuple(range(1, 41))
    figure = draw_elbow(ElbowChart(ks, tuple(1000 / k for k in ks), 20, 21, 22))
    heads = [text for text in figure.artists if isinstance(text, Text) and text.get_text().startswith("k = ")]
    heights = sorted(head.get_position()[1] for head in heads)
    assert len(heights) == 3
    assert min(lower - upper for upper, lower in itertools.pairwise(heights)) >= 30
