"""Segment sizes."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.patches import FancyBboxPatch

from segmentation.charts.inputs import SegmentMark
from segmentation.charts.plots.sizes import draw_sizes
from segmentation.charts.style import NARROW, ChartStyle

Shown = Callable[..., Any]
MARKS = [
    SegmentMark(0, "Savers", 0, 81, "/a/"),
    SegmentMark(1, "Spenders", 1, 39, "/b/"),
    SegmentMark(2, "", 2, 0),
]


def test_bars_are_as_long_as_segments_are_large() -> None:
    widths = [bar.get_width() for bar in draw_sizes(MARKS).artists if isinstance(bar, FancyBboxPatch)]
    assert len(widths) == 3
    assert widths[1] / widths[0] == pytest.approx(39 / 81)


@pytest.mark.parametrize("width", [800, NARROW])
def test_counts_and_shares_are_written(shown: Shown, width: int) -> None:
    texts = shown(draw_sizes(MARKS, ChartStyle(width=width))).texts()
    assert {"Savers", "81 · 67.5\xa0%", "39 · 32.5\xa0%", "0 · 0.0\xa0%"} <= set(texts)


def test_rows_lead_to_their_segments(shown: Shown) -> None:
    links = shown(draw_sizes(MARKS)).links()
    assert links == {"/a/": "Savers: 81 customers, 67.5\xa0%", "/b/": "Spenders: 39 customers, 32.5\xa0%"}


def test_segments_without_customers_cause_no_division_by_zero(shown: Shown) -> None:
    assert "0 · 0.0\xa0%" in shown(draw_sizes([SegmentMark(0, "Empty", 0, 0)])).texts()


def test_more_segments_make_a_taller_chart(make: SimpleNamespace) -> None:
    heights = [draw_sizes(make.marks("ABCDEFGHIJKL"[:count])).get_figheight() for count in (1, 5, 12)]
    assert heights == sorted(set(heights))
