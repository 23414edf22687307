"""Density pictures: every customer is visible, and each segment keeps its colour."""

from types import SimpleNamespace

import numpy as np

from segmentation.charts.inputs import SegmentMark
from segmentation.charts.palette import segment_colour
from segmentation.charts.plots.density import density_picture


def _rgb(index: int) -> list[int]:
    colour = segment_colour(index)
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def test_cells_have_the_colour_of_their_segment(make: SimpleNamespace) -> None:
    marks = [SegmentMark(0, "A", 3, 103), SegmentMark(1, "B", 5, 2)]
    picture = density_picture(make.grid(), marks, "light")
    assert picture.shape == (2, 3, 4)
    assert picture[0, 0, :3].tolist() == _rgb(3)
    assert picture[0, 2, :3].tolist() == _rgb(5)


def test_row_zero_is_the_lowest(make: SimpleNamespace) -> None:
    picture = density_picture(make.grid(), make.marks("AB"), "light")
    assert (picture[..., 3] > 0).tolist() == [[True, False, True], [False, True, False]]


def test_a_single_customer_is_visible_beside_a_crowd(make: SimpleNamespace) -> None:
    picture = density_picture(make.grid(), make.marks("AB"), "light")
    assert picture[0, 0, 3] == 255
    assert 64 <= picture[0, 2, 3] < 128


def test_shared_cells_lie_between_the_colours_nearer_the_larger(make: SimpleNamespace) -> None:
    picture = density_picture(make.grid(), make.marks("AB"), "light")
    larger, smaller, mixed = np.array(_rgb(0)), np.array(_rgb(1)), picture[1, 1, :3].astype(int)
    assert np.all((mixed >= np.minimum(larger, smaller)) & (mixed <= np.maximum(larger, smaller)))
    assert np.abs(mixed - larger).sum() < np.abs(mixed - smaller).sum()


def test_more_customers_never_look_fainter(make: SimpleNamespace) -> None:
    grid = make.grid(labels=(0,) * 6, cells=tuple(range(6)), counts=(1, 2, 10, 100, 1000, 10_000))
    opacity = density_picture(grid, make.marks("A"), "dark")[..., 3].ravel().astype(int)
    assert np.all(np.diff(opacity) > 0)


def test_cells_of_one_customer_each_are_drawn(make: SimpleNamespace) -> None:
    grid = make.grid(labels=(0,), cells=(0,), counts=(1,))
    assert density_picture(grid, make.marks("A"), "light")[0, 0, 3] > 0
