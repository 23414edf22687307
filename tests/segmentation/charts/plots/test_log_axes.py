import math

import numpy as np
import pytest

from segmentation.analysis.scatter_data import picture_pair, transpose_picture
from segmentation.charts.inputs import SegmentMark
from segmentation.charts.plots.log_axes import as_drawn, log_ticks
from segmentation.charts.plots.scatter import draw_scatter

MARKS = [SegmentMark(0, "Few", 0, 500), SegmentMark(1, "Many", 1, 500)]


def picture(n, **settings):
    """Two groups a hundredfold apart, and one customer far beyond."""
    rng = np.random.default_rng(0)
    spend = np.concatenate([rng.lognormal(2, 0.3, n), rng.lognormal(7, 0.3, n), [4e6]])
    age = rng.uniform(20, 60, len(spend))
    labels = np.repeat([0, 1], [n, n + 1])
    names = ("Spend", "Age")
    return picture_pair((spend, age), labels, n_clusters=2, names=names, is_log=(True, False), **settings)


def test_points_are_spread_by_logarithm_and_kept_in_original_units():
    found = picture(500)
    drawn = as_drawn(found)
    assert max(found.xs) == 4e6
    assert max(drawn.xs) == pytest.approx(math.log1p(4e6))
    assert drawn.ys == found.ys
    assert as_drawn(transpose_picture(found)).ys == drawn.xs


def test_a_centroid_is_the_middle_of_what_is_drawn():
    (few, _), (many, _) = picture(500).centroids
    assert few == pytest.approx(math.exp(2), rel=0.1)
    assert many == pytest.approx(math.exp(7), rel=0.1)  # the one far beyond does not draw it away


def test_a_grid_has_cells_equally_wide_by_logarithm():
    found = picture(5_000, max_points=100)
    widths = np.diff(np.log1p(found.x_edges))
    assert widths == pytest.approx(np.full(len(widths), widths[0]))
    assert np.diff(found.y_edges) == pytest.approx(np.full(len(found.y_edges) - 1, np.diff(found.y_edges)[0]))


@pytest.mark.parametrize("highest", [3, 9, 40, 1_234, 1e6, 4e6, 3e9])
@pytest.mark.parametrize("length", [240, 500, 900])
@pytest.mark.parametrize("is_across", [True, False])
def test_ticks_are_round_ascending_and_apart(highest, length, is_across):
    low, high = -0.05 * math.log1p(highest), 1.05 * math.log1p(highest)
    ticks = log_ticks(low, high, length, is_across=is_across)
    assert len(ticks) >= 2
    assert ticks == sorted(set(ticks))
    gaps = np.diff(np.log1p(ticks)) * length / (high - low)
    assert gaps.min() >= 20


def test_an_axis_within_one_power_of_ten_has_ticks_too():
    ticks = log_ticks(math.log1p(200), math.log1p(260), 500, is_across=True)
    assert len(ticks) >= 3
    assert all(200 <= tick <= 260 for tick in ticks)


@pytest.mark.parametrize("settings", [{}, {"max_points": 100}])
def test_the_axis_says_that_it_is_logarithmic(settings):
    figure = draw_scatter(picture(500, **settings), MARKS)
    texts = [text.get_text() for text in figure.findobj(match=lambda each: hasattr(each, "get_text"))]
    assert "Spend (logarithmic)" in texts
    assert "Age" in texts
    assert "Age (logarithmic)" not in texts
