import numpy as np
import pytest
from scipy.special import ndtri

from segmentation.analysis.verdict.margins import closest_unimodal, rising_fit, unimodal_margin

SHARES = (np.arange(1_000) + 0.5) / 1_000
NORMAL = ndtri(SHARES)


def shares_of(margin, values):
    drawn = margin.at(SHARES)
    return [float(np.mean(drawn == value)) for value in values]


def test_what_falls_is_levelled():
    assert rising_fit(np.array([3.0, 1.0, 2.0]), np.ones(3)).tolist() == [2, 2, 2]
    assert rising_fit(np.array([1.0, 4.0, 2.0, 5.0]), np.ones(4)).tolist() == [1, 3, 3, 5]
    assert rising_fit(np.array([4.0, 0.0]), np.array([1.0, 3.0])).tolist() == [1, 1]


def test_the_closest_unimodal_shares_by_hand():
    # Rising, 0.25, 0.25, 0.5, is likelier than falling, 0.4, 0.3, 0.3.
    np.testing.assert_allclose(closest_unimodal(np.array([0.4, 0.1, 0.5]), np.ones(3)), [0.25, 0.25, 0.5])


@pytest.mark.parametrize("densities", [[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [1.0, 3.0, 2.0], [2.0, 2.0, 2.0]])
def test_what_has_one_mode_stays(densities):
    np.testing.assert_allclose(closest_unimodal(np.array(densities), np.ones(3)), densities)


@pytest.mark.parametrize("counts", [[700, 300], [4, 1], [1, 3]])
def test_yes_and_no_keep_their_shares(counts):
    shares = shares_of(unimodal_margin(np.repeat([0.0, 1.0], counts)), [0, 1])
    assert shares == [each / sum(counts) for each in counts]


def test_ratings_with_two_modes_get_one():
    margin = unimodal_margin(np.repeat([1.0, 2.0, 3.0], [400, 100, 500]))
    assert shares_of(margin, [1, 2, 3]) == pytest.approx([0.25, 0.25, 0.5], abs=0.002)


@pytest.mark.parametrize("column", [NORMAL, np.exp(NORMAL), SHARES, -np.log(SHARES)])
def test_one_crowd_comes_back_as_it_is(column):
    between = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(
        unimodal_margin(column).at(between), np.quantile(column, between), atol=0.05 * column.std()
    )


def test_of_two_humps_one_becomes_a_box_that_fills_the_gap():
    margin = unimodal_margin(np.concatenate((NORMAL - 5, NORMAL + 5)))
    box = margin.at(np.linspace(0.55, 0.95, 9))
    np.testing.assert_allclose(np.diff(box), np.diff(box).mean(), rtol=0.05)
    assert np.mean(np.abs(margin.at(SHARES)) < 1.5) > 0.1  # where nobody was


def test_a_margin_grows_denser_up_to_one_mode_and_thinner_after_it():
    margin = unimodal_margin(np.concatenate((NORMAL - 5, NORMAL / 3, NORMAL + 5)))
    widths = np.diff(margin.at(np.linspace(0, 1, 41)))
    mode = int(widths.argmin())
    assert (np.diff(widths[: mode + 1]) < 0.01).all()
    assert (np.diff(widths[mode:]) > -0.01).all()


def test_point_masses_keep_their_share_and_their_place():
    column = np.concatenate((np.zeros(600), np.full(100, 50.0), 100 * SHARES[:300] + 0.01))
    assert shares_of(unimodal_margin(column), [0, 50]) == pytest.approx([0.6, 0.1], abs=0.002)


def test_beside_a_point_mass_the_others_are_one_crowd():
    column = np.concatenate((np.zeros(600), 100 + NORMAL[::2]))
    others = unimodal_margin(column).at((600 + 500 * SHARES) / 1_100)
    assert others.mean() == pytest.approx(100, abs=0.2)
    assert others.min() > 90


def test_no_value_beyond_those_that_are_there():
    for column in (NORMAL, np.concatenate((np.zeros(500), 1 + SHARES))):
        ends = unimodal_margin(column).at(np.array([0.0, 1.0]))
        np.testing.assert_allclose(ends, [column.min(), column.max()], atol=1e-6)
