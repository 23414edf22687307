"""Sizes of segments through the runs."""

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.lines import Line2D

from segmenter.charts.descriptions import describe_history
from segmenter.charts.history import draw_history
from segmenter.charts.inputs import SegmentHistory, SizeHistory
from segmenter.charts.numbers import tabulate_history
from segmenter.charts.style import NARROW, ChartStyle

Shown = Callable[..., Any]
HISTORY = SizeHistory(
    segments=(
        SegmentHistory("Savers", 0, (80, 90, 100), href="/a/"),
        SegmentHistory("Spenders", 1, (None, 1200, 50), href="/b/"),
        SegmentHistory("Strollers", 2, (40, None, 30), is_retired=True),
    ),
    days=("3 Jan 2026", "1 Feb 2026", "5 Mar 2026"),
)


def lines(history: SizeHistory) -> list[Line2D]:
    """The lines of the sizes; markers of the titles have one point and no line."""
    return [each for each in draw_history(history).artists + draw_history(history).lines if is_line(each)]


def is_line(artist: Any) -> bool:
    return isinstance(artist, Line2D) and artist.get_linestyle() != "None"


def test_all_segments_share_one_scale_from_zero() -> None:
    savers, spenders = (line.get_ydata() for line in lines(HISTORY)[:2])
    floors = [12 + 26 + 62] * 2
    heights = [floor - min(ys) for floor, ys in zip(floors, (savers, spenders), strict=True)]
    assert heights == pytest.approx([62 * 100 / 1200, 62])


def test_a_run_without_the_segment_breaks_its_line() -> None:
    assert [len(line.get_xdata()) for line in lines(HISTORY)] == [3, 2, 1, 1]


@pytest.mark.parametrize("width", [800, NARROW])
def test_names_latest_sizes_and_what_is_retired_are_written(shown: Shown, width: int) -> None:
    texts = set(shown(draw_history(HISTORY, ChartStyle(width=width))).texts())
    assert {"Savers", "100", "50", "Strollers", "retired", "5 Mar 2026"} <= texts


def test_panels_lead_to_their_segments(shown: Shown) -> None:
    links = shown(draw_history(HISTORY)).links()
    assert links == {"/a/": "Savers: from 80 to 100 customers", "/b/": "Spenders: from 1,200 to 50 customers"}


def test_the_words_say_when_and_how_sizes_changed() -> None:
    assert describe_history(HISTORY) == (
        "Sizes of 3 segments in 3 runs, from 3 Jan 2026 to 5 Mar 2026. Savers: from 80 to 100 customers; "
        "Spenders: from 1,200 to 50 customers; Strollers: from 40 to 30 customers, retired."
    )


def test_a_single_run_is_a_point(shown: Shown) -> None:
    once = SizeHistory((SegmentHistory("Savers", 0, (7,)),), ("3 Jan 2026",))
    assert shown(draw_history(once)).texts().count("3 Jan 2026") == 1
    assert describe_history(once) == "Sizes of 1 segment in the run of 3 Jan 2026. Savers: 7 customers."


def test_sizes_must_fit_the_runs() -> None:
    with pytest.raises(ValueError, match="1 sizes do not fit 2 runs"):
        SizeHistory((SegmentHistory("Savers", 0, (7,)),), ("today", "now"))


def test_the_numbers_are_those_of_the_picture() -> None:
    table = tabulate_history(HISTORY)
    assert table.header == ("Segment", "State", "3 Jan 2026", "1 Feb 2026", "5 Mar 2026")
    assert table.rows[2] == ("Strollers", "retired", 40, None, 30)
