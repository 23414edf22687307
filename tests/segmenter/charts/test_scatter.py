"""The scatter plot, as points and as density."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from segmenter.analysis.results import PairPicture
from segmenter.charts.palette import segment_colour
from segmenter.charts.scatter import draw_scatter
from segmenter.charts.style import NARROW, ChartStyle

Shown = Callable[..., Any]


def test_every_customer_is_a_point_in_the_colour_of_the_segment(make: SimpleNamespace) -> None:
    picture = make.points()
    lines = draw_scatter(picture, make.marks()).axes[0].lines
    drawn = sorted((x, y) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert drawn == sorted(zip(picture.xs, picture.ys, strict=True))
    assert [line.get_markerfacecolor() for line in lines] == [segment_colour(index) for index in range(5)]


def test_segments_differ_in_their_markers_too(make: SimpleNamespace) -> None:
    lines = draw_scatter(make.points(), make.marks()).axes[0].lines
    assert len({line.get_marker() for line in lines}) == 5


def test_centroids_carry_the_names(make: SimpleNamespace, shown: Shown, names: tuple[str, ...]) -> None:
    assert set(names) <= set(shown(draw_scatter(make.points(), make.marks())).texts())


def test_axes_are_in_original_units_and_labelled(make: SimpleNamespace, shown: Shown) -> None:
    figure = draw_scatter(make.points(), make.marks(), y_label="First component")
    low, high = figure.axes[0].get_xlim()
    assert low < min(make.points().xs) < max(make.points().xs) < high
    assert {"Income (k$)", "First component"} <= set(shown(figure).texts())


@pytest.mark.parametrize("width", [800, NARROW])
def test_many_segments_get_numbers_and_a_key(make: SimpleNamespace, shown: Shown, width: int) -> None:
    names = [f"Segment {letter}" for letter in "ABCDEFGHIJKLMNOP"]
    picture = PairPicture(
        "a", "b", False, "points", tuple(range(16)), tuple((float(x), 0.0) for x in range(16)),
        xs=tuple(map(float, range(16))), ys=(0.0,) * 16,
    )  # fmt: skip
    texts = shown(draw_scatter(picture, make.marks(names), ChartStyle(width=width))).texts()
    assert set(names) <= set(texts)
    assert texts.count("16") >= 2  # beside the centroid and in the key


def test_every_name_leads_to_its_segment(make: SimpleNamespace, shown: Shown) -> None:
    links = shown(draw_scatter(make.points(), make.marks())).links()
    assert links["/runs/1/segments/4/"] == "Young savers: 8 customers"
    assert len(links) == 5


def test_points_lead_to_their_segment_without_stopping_the_keyboard(
    make: SimpleNamespace, shown: Shown
) -> None:
    anchors = shown(draw_scatter(make.points(), make.marks())).all("a")
    repeated = [anchor for anchor in anchors if anchor.get("aria-hidden") == "true"]
    assert len(repeated) == 10  # five clouds and five centroids
    assert {anchor.get("tabindex") for anchor in repeated} == {"-1"}


def test_a_grid_becomes_one_small_picture(make: SimpleNamespace, shown: Shown) -> None:
    svg = shown(draw_scatter(make.grid(), make.marks("AB")))
    assert len(svg.all("image")) == 1
    assert "105 customers, stronger colour where there are more; 7 beyond the axes" in svg.texts()


def test_the_picture_stands_where_its_cells_are(make: SimpleNamespace) -> None:
    axes = draw_scatter(make.grid(), make.marks("AB")).axes[0]
    assert axes.images[0].get_extent() == [0.0, 3.0, 0.0, 2.0]
    assert axes.images[0].origin == "lower"
    assert (axes.get_xlim(), axes.get_ylim()) == ((0.0, 3.0), (0.0, 2.0))


def test_a_full_density_picture_stays_below_500_kilobytes(make: SimpleNamespace, shown: Shown) -> None:
    random = np.random.default_rng(0)
    cells = tuple(range(320 * 240)) * 2
    grid = make.grid(
        labels=(0,) * 76_800 + (1,) * 76_800, cells=cells,
        counts=tuple(random.integers(1, 5_000, len(cells)).tolist()),
        x_edges=tuple(np.linspace(0, 3, 321).tolist()), y_edges=tuple(np.linspace(0, 2, 241).tolist()),
    )  # fmt: skip
    assert len(shown(draw_scatter(grid, make.marks("AB"))).bytes) <= 500_000


def test_one_place_for_everyone_still_has_axes(make: SimpleNamespace, shown: Shown) -> None:
    picture = PairPicture("a", "b", False, "points", (0, 0), ((5.0, 0.0),), xs=(5.0, 5.0), ys=(0.0, 0.0))
    assert "Middle" in shown(draw_scatter(picture, make.marks()[:1])).texts()


def test_a_centroid_beyond_the_grid_stays_on_the_axes(make: SimpleNamespace) -> None:
    axes = draw_scatter(make.grid(centroids=((0.5, 0.5), (9.0, 0.5))), make.marks("AB")).axes[0]
    assert axes.get_xlim() == (0.0, 9.0)
