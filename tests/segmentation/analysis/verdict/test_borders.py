import numpy as np
import pytest
from scipy.special import ndtri

from segmentation.analysis.verdict.borders import (
    find_borders,
    find_valley,
    has_gap,
    neighbours,
    spread,
    spread_discrete,
)

SHARES = (np.arange(600) + 0.5) / 600
NORMAL = ndtri(SHARES)


def spread_out(column):
    values = np.asarray(column, dtype=np.float64)[:, np.newaxis]
    return spread_discrete(values, np.random.default_rng(0))[:, 0]


def valley_where_cut(values):
    """The valley of values cut at their mean into two, on the line between the means of the parts."""
    is_first = values < values.mean()
    first, second = values[is_first].mean(), values[~is_first].mean()
    return find_valley((values - first) / (second - first), is_first)


# ---- Few values are a continuum that was rounded -----------------------------------------------------------


def test_yes_and_no_become_uniform():
    answers = np.repeat([0.0, 1.0], 500)
    seen = spread_out(answers)
    assert ((seen >= -0.5) & (seen < 0.5)).tolist() == (answers == 0).tolist()
    assert seen.max() < 1.5
    np.testing.assert_allclose(np.histogram(seen, np.linspace(-0.5, 1.5, 5))[0], 250, atol=40)


def test_a_value_reaches_half_of_the_way_to_its_neighbours():
    seen = spread_out(np.repeat([0.0, 1.0, 10.0], 200)).reshape(3, 200)
    np.testing.assert_allclose(seen.min(axis=1), [-0.5, 0.5, 5.5], atol=0.3)
    np.testing.assert_allclose(seen.max(axis=1), [0.5, 5.5, 14.5], atol=0.3)


@pytest.mark.parametrize("column", [np.repeat(np.arange(31.0), 10), np.arange(20.0), np.zeros(20)])
def test_many_values_rare_values_and_one_value_stay_as_they_are(column):
    np.testing.assert_array_equal(spread_out(column), column)


# ---- Who is beside whom ------------------------------------------------------------------------------------


def test_the_ends_of_a_line_of_three_are_no_neighbours():
    assert list(neighbours(np.array([[0.0], [1.0], [2.0]]))) == [(0, 1), (1, 2)]


def test_the_corners_of_a_triangle_are_all_neighbours():
    assert list(neighbours(np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 1.5]]))) == [(0, 1), (0, 2), (1, 2)]


def test_two_are_neighbours_however_far():
    assert list(neighbours(np.array([[0.0, 0.0], [1e9, 0.0]]))) == [(0, 1)]


# ---- The valley --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [3, 4, 5])
def test_the_valley_between_two_normal_groups(apart):
    valley = valley_where_cut(np.concatenate((NORMAL, NORMAL + apart)))
    # Both densities in the middle over both at a peak: 0.64, 0.27 and 0.09; a kernel fills it up a little.
    exact = 2 * np.exp(-(apart**2) / 8) / (1 + np.exp(-(apart**2) / 2))
    assert exact < valley.depth < exact + 0.05
    assert valley.position == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    "crowd",
    [NORMAL, SHARES, np.exp(NORMAL), np.exp(1.5 * NORMAL), -np.log(SHARES), SHARES**3],
    ids=["normal", "uniform", "log-normal", "more skewed", "exponential", "piled up at zero"],
)
def test_one_crowd_has_no_valley_however_skewed(crowd):
    assert valley_where_cut(crowd).depth == pytest.approx(1, abs=0.02)


def test_a_valley_need_not_be_in_the_middle():
    few = ndtri((np.arange(60) + 0.5) / 60)
    positions = np.concatenate((NORMAL, few + 6)) / 6
    valley = find_valley(positions, positions < 0.3)  # k-means cuts into the larger group
    assert valley.depth < 0.15
    assert valley.position > 0.5


def test_a_valley_is_surer_with_more_customers():
    several = valley_where_cut(np.concatenate((NORMAL, NORMAL + 4)))
    few = valley_where_cut(np.concatenate((NORMAL[::20], NORMAL[::20] + 4)))
    assert several.deviations > 2 * few.deviations > 0


def test_nobody_on_the_line_is_no_valley():
    assert find_valley(np.array([-9.0, -9.0, 9.0, 9.0]), np.array([True, True, False, False])).depth == 1


# ---- All borders of a clustering ---------------------------------------------------------------------------


def test_each_pair_of_neighbours_has_a_border_along_what_parts_it():
    rng = np.random.default_rng(0)
    centroids = np.array([[0.0, 0.0], [10.0, 1.0], [-9.0, 12.0]])
    labels = np.repeat([0, 1, 2], 100)
    borders = find_borders(rng.normal(centroids[labels], 1.0), labels, centroids)
    assert [(border.first, border.second, border.feature) for border in borders] == [(0, 1, 0), (0, 2, 1)]
    assert max(border.depth for border in borders) < 0.05


def test_a_single_customer_has_no_valley_beside_it():
    X = np.array([[0.0], [0.1], [0.2], [9.0]])
    (border,) = find_borders(X, np.array([0, 0, 0, 1]), np.array([[0.1], [9.0]]))
    assert (border.depth, border.deviations) == (1.0, 0.0)


# ---- How wide ----------------------------------------------------------------------------------------------


def test_the_spread_is_what_the_quartiles_say_if_that_is_less():
    assert spread(np.array([0.0, 1.0, 2.0, 3.0, 1_000.0])) == pytest.approx(2 / 1.349)
    assert spread(np.array([-1.0, 1.0])) == pytest.approx(1 / 1.349)
    assert spread(np.array([0.0, 0.0, 0.0, 0.0, 5.0])) == pytest.approx(2)  # the quartiles are equal


def test_the_spread_is_never_nothing():
    assert spread(np.zeros(9)) == 0.02
    assert spread(np.zeros(9), least=1e-3) == 1e-3


# ---- A gap in one column -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "is_there"),
    [
        (np.concatenate((NORMAL, NORMAL + 6)), True),
        (np.concatenate((NORMAL, NORMAL + 8, NORMAL + 16)), True),
        (NORMAL, False),
        (SHARES, False),
        (np.exp(NORMAL), False),
        (
            np.concatenate((NORMAL[:70] * 0, NORMAL + 6)),
            False,
        ),  # many bought nothing
        (np.repeat([0.0, 1.0], 300), False),
    ],
)
def test_a_column_has_a_gap_between_two_parts(column, is_there):
    assert has_gap(column) == is_there
