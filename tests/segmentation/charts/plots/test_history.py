"""Sizes of segments over the runs."""

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.lines import Line2D

from segmentation.charts.inputs import SegmentHistory, SizeHistory
from segmentation.charts.plots.history import draw_history
from segmentation.charts.style import NARROW, ChartStyle
from segmentation.charts.text.data_tables import tabulate_history
from segmentation.charts.text.descriptions import describe_history
from segmentation.charts.text.widths import text_width

Shown = Callable[..., Any]
HISTORY = SizeHistory(
    segments=(
        SegmentHistory("Savers", 0, (80, 90, 100), href="/a/"),
        SegmentHistory("Spenders", 1, (None, 1200, 50), href="/b/"),
        SegmentHistory("Strollers", 2, (40, None, 30), is_retired=True),
    ),
    runs=("3 Jan 2026", "1 Feb 2026", "5 Mar 2026"),
)


def lines(history: SizeHistory) -> list[Line2D]:
    """The lines of the sizes; markers of the titles have one point and no line."""
    return [each for each in draw_history(history).artists + draw_history(history).lines if is_line(each)]


def is_line(artist: Any) -> bool:
    return isinstance(artist, Line2D) and artist.get_linestyle() != "None"


def test_each_segment_has_its_own_scale_from_zero() -> None:
    savers, spenders = (line.get_ydata() for line in lines(HISTORY)[:2])
    floor = 12 + 28 + 62
    assert [floor - y for y in savers] == pytest.approx([62 * 0.8, 62 * 0.9, 62])
    assert [floor - y for y in spenders] == pytest.approx([62, 62 * 50 / 1200])


@pytest.mark.parametrize("width", [800, NARROW])
def test_panels_show_first_and_last_size_and_growth(shown: Shown, width: int) -> None:
    texts = set(shown(draw_history(HISTORY, ChartStyle(width=width))).texts())
    assert {"80", "100 (+25\xa0%)", "40", "30 (−25\xa0%)"} <= texts
    assert {"50 (−96\xa0%)", "1,200 → 50 (−96\xa0%)"} & texts
    assert "Each segment on its own scale, from 0" in texts


def test_a_segment_that_one_run_found_has_no_growth(shown: Shown) -> None:
    history = SizeHistory((SegmentHistory("Savers", 0, (None, 7)),), ("run 2", "run 3"))
    assert {"7", "run 2", "run 3"} <= set(shown(draw_history(history)).texts())
    assert not any("%" in text for text in shown(draw_history(history)).texts())


def test_sizes_in_millions_stay_within_their_panel(shown: Shown) -> None:
    sizes = ((2_410_000, 3_410_000), (2_410_000, 124_390_000))
    segments = tuple(SegmentHistory("S", number, each) for number, each in enumerate(sizes))
    texts = shown(draw_history(SizeHistory(segments, ("run 2", "run 3")), ChartStyle(width=NARROW))).texts()
    assert {"2.41 M", "3.41 M (+41\xa0%)", "124.39 M (+5,061\xa0%)"} <= set(texts)
    assert max(text_width(text, 11) for text in texts if "M" in text) <= (NARROW - 24 - 22) / 2


def test_a_run_without_the_segment_breaks_its_line() -> None:
    assert [len(line.get_xdata()) for line in lines(HISTORY)] == [3, 2, 1, 1]


@pytest.mark.parametrize("width", [800, NARROW])
def test_names_latest_sizes_and_what_is_retired_are_written(shown: Shown, width: int) -> None:
    texts = set(shown(draw_history(HISTORY, ChartStyle(width=width))).texts())
    assert {"Savers", "Strollers", "retired", "5 Mar 2026"} <= texts


def test_panels_lead_to_their_segments(shown: Shown) -> None:
    links = shown(draw_history(HISTORY)).links()
    assert links == {"/a/": "Savers: from 80 to 100 customers", "/b/": "Spenders: from 1,200 to 50 customers"}


def test_the_description_says_when_and_how_sizes_changed() -> None:
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
