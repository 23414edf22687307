"""The scatter plot, as points and as density."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from segmentation.analysis.results import PairPicture
from segmentation.charts.palette import segment_colour
from segmentation.charts.plots.scatter import draw_scatter
from segmentation.charts.style import NARROW, ChartStyle
from segmentation.charts.text.descriptions import describe_scatter

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
    assert texts.count("16") == 2  # on or beside the centroid and in the key


@pytest.mark.parametrize(("count", "has_numbers"), [(5, False), (6, True)])
def test_with_six_or_more_segments_numbers_are_drawn_on_the_centroids(
    make: SimpleNamespace, shown: Shown, count: int, has_numbers: bool
) -> None:
    names = ["Savers", "Spenders", "Strollers", "Sleepers", "Seekers", "Strangers"][:count]
    places = tuple((100.0 * x, 100.0 * (x % 2)) for x in range(count))
    picture = PairPicture("a", "b", False, "points", (0,), places, xs=(0.0,), ys=(0.0,))
    svg = shown(draw_scatter(picture, make.marks(names)))
    assert set(names) <= set(svg.texts())
    assert ({str(number + 1) for number in range(count)} <= set(svg.texts())) is has_numbers
    assert len(svg.links()) == count


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


def test_the_picture_is_placed_over_its_cells(make: SimpleNamespace) -> None:
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


def _crowded(counts: dict[tuple[float, float, int], int]) -> PairPicture:
    rows = [place for place, count in counts.items() for _ in range(count)]
    xs, ys, labels = zip(*rows, strict=True)
    return PairPicture("Orders", "Returns", False, "points", labels, ((1, 1), (2, 2)), xs=xs, ys=ys)


def test_where_several_customers_have_the_same_values_marks_are_larger(
    make: SimpleNamespace, shown: Shown
) -> None:
    picture = _crowded({(1, 1, 0): 4, (1, 2, 0): 1, (1, 1, 1): 1})
    figure = draw_scatter(picture, make.marks("AB"))
    sizes = {
        (*line.get_xdata(), *line.get_ydata(), line.get_markerfacecolor()): line.get_markersize()
        for line in figure.axes[0].lines
    }
    assert sizes[1, 1, segment_colour(0)] == pytest.approx(2 * sizes[1, 2, segment_colour(0)])
    last = figure.axes[0].lines[-1]
    assert last.get_markerfacecolor() == segment_colour(1)  # on top of the larger one in the same place
    assert "larger marks: several customers in one place" in shown(figure).texts()
    assert "larger marks where several have the same values" in describe_scatter(picture, make.marks("AB"))


def test_marks_never_become_too_large(make: SimpleNamespace) -> None:
    picture = _crowded({(1, 1, 0): 4000, (1, 2, 0): 1, (2, 2, 1): 30})
    lines = draw_scatter(picture, make.marks("AB")).axes[0].lines
    assert len(lines) == 3
    assert max(line.get_markersize() for line in lines) <= 25


def test_without_shared_places_the_text_says_one_mark_per_customer(make: SimpleNamespace) -> None:
    assert "coloured by segment, one mark each." in describe_scatter(make.points(), make.marks())


@pytest.fixture
def single() -> PairPicture:
    """The only feature of a run, against itself."""
    xs = tuple(float(value) for value in (1, 1, 1, 2, 8, 9))
    places = ((1.25, 1.25), (8.5, 8.5))
    return PairPicture("Age", "Age", False, "points", (0, 0, 0, 0, 1, 1), places, xs=xs, ys=xs)


def test_a_single_feature_is_spread_out_upwards(
    single: PairPicture, make: SimpleNamespace, shown: Shown
) -> None:
    figure = draw_scatter(single, make.marks("AB"))
    drawn = [(x, y) for line in figure.axes[0].lines for x, y in zip(*line.get_data(), strict=True)]
    assert sorted(x for x, _y in drawn) == sorted(single.xs)
    assert len({round(y, 6) for _x, y in drawn}) == 6
    texts = shown(figure).texts()
    assert texts.count("Age") == 1
    assert "spread out vertically for legibility" in texts
    assert describe_scatter(single, make.marks("AB")) == (
        "6 customers by Age (X axis), spread out vertically for legibility; coloured by segment, one mark "
        "each. Centroids: A at 1.25; B at 8.5."
    )


def test_a_single_feature_of_many_customers_is_a_band(make: SimpleNamespace) -> None:
    picture = make.grid(
        cells=(0, 4, 4, 8), x_edges=(0.0, 1.0, 2.0, 3.0), y_edges=(0.0, 1.0, 2.0, 3.0),
        centroids=((0.5, 0.5), (2.5, 2.5)),
    )  # fmt: skip
    axes = draw_scatter(replace(picture, y_name=picture.x_name), make.marks("AB")).axes[0]
    assert axes.images[0].get_array().shape == (1, 3, 4)
    assert (axes.images[0].get_array()[0, :, 3] > 0).all()


def test_long_numbers_find_room_beside_the_axis(make: SimpleNamespace) -> None:
    ys = tuple(1_000_000_000_001.0 + number for number in range(40))
    far = replace(make.points(), ys=ys, centroids=((50.0, ys[0]),) * 5)
    left = draw_scatter(far, make.marks()).axes[0].get_position().x0 * 800
    assert left >= 100
