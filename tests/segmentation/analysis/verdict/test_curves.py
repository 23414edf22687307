import numpy as np
import pytest

from segmentation.analysis.verdict.curves import is_cut_curve


def on_a_curve(angles, width=0.02):
    rng = np.random.default_rng(0)
    return np.column_stack((np.cos(angles), np.sin(angles))) + rng.normal(0, width, (len(angles), 2))


def angles(n, *pieces):
    rng = np.random.default_rng(1)
    drawn = np.concatenate([rng.uniform(*piece, n // len(pieces)) for piece in pieces])
    return rng.permutation(drawn)


@pytest.mark.parametrize("n", [200, 800, 3_000])
def test_a_thin_curve_goes_on_across_a_cut(n):
    view = on_a_curve(angles(n, (0, np.pi)))
    assert is_cut_curve(view, view[:, 0] < 0)


def test_two_pieces_of_a_curve_with_a_gap_are_two():
    view = on_a_curve(angles(800, (0, 1.2), (1.9, np.pi)))
    assert not is_cut_curve(view, view[:, 0] < 0)


def test_a_few_customers_in_a_gap_do_not_make_a_curve_go_on():
    whole = np.concatenate((angles(800, (0, 1.2), (1.9, np.pi)), angles(30, (1.2, 1.9))))
    view = on_a_curve(np.random.default_rng(2).permutation(whole))
    assert not is_cut_curve(view, view[:, 0] < 0)


def test_a_round_crowd_is_no_curve():
    view = np.random.default_rng(0).normal(size=(800, 2))
    assert not is_cut_curve(view, view[:, 0] < 0)


def test_a_few_customers_show_no_curve():
    view = on_a_curve(angles(140, (0, np.pi)))
    assert not is_cut_curve(view, view[:, 0] < 0)


def test_customers_many_times_over_at_few_places_are_no_curve():
    places = np.random.default_rng(0).uniform(0, 1e9, (8, 2))
    view = np.repeat(places, 60, axis=0)
    assert not is_cut_curve(np.random.default_rng(1).permutation(view), np.arange(480) % 2 == 0)


def test_customers_who_are_all_the_same_are_no_curve():
    assert not is_cut_curve(np.zeros((100, 2)), np.arange(100) < 50)
