"""What charts accept."""

from types import SimpleNamespace

import pytest

from segmentation.analysis.results import Advice, ClusterScores, ElbowSweep, KLimits, SweepScores
from segmentation.charts.inputs import ElbowChart, SegmentMark
from segmentation.charts.style import ChartStyle


def _scores(k: int, silhouette: float | None) -> ClusterScores:
    return ClusterScores(k, 1.0, silhouette, 0.0, 4, True, None, None, None, (), (4,))


def test_elbow_chart_takes_what_a_run_froze() -> None:
    sweep = ElbowSweep((1, 2), (104.0, 4.0), (((0.0,),), ((0.0,), (1.0,))), True, 4, 4, None, 0)
    scores = SweepScores((_scores(1, None), _scores(2, 0.8)), 0)
    advice = Advice(2, 2, 2, (), KLimits(), k_useful=4)
    chart = ElbowChart.from_results(sweep, scores, advice, k=2)
    assert chart == ElbowChart((1, 2), (104.0, 4.0), 2, 2, 2, k_useful=4, silhouettes=(None, 0.8))


def test_elbow_chart_needs_as_many_values_as_ks() -> None:
    with pytest.raises(ValueError, match="1 values do not fit 2"):
        ElbowChart((1, 2), (104.0,))


def test_elbow_chart_needs_a_k() -> None:
    with pytest.raises(ValueError, match="at least one k"):
        ElbowChart((), ())


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", " javascript:alert(1)", ""])
def test_links_that_are_not_pages_are_refused(href: str, make: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="links to pages only"):
        SegmentMark(0, "Young savers", 0, 8, href)
    with pytest.raises(ValueError, match="links to pages only"):
        make.elbow(hrefs=(href,) * 6)


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="no theme 'sepia'"):
        ChartStyle(theme="sepia")  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0, 279, 2001])
def test_an_impossible_width_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="280 to 2000"):
        ChartStyle(width=width)
