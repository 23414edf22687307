import numpy as np
import pytest

from segmentation.analysis.verdict.filled import fillings, misplaced_share

RNG = np.random.default_rng(0)
CENTROIDS = np.array([[-5.0, 0.0], [5.0, 0.0], [0.0, 9.0]])
LABELS = RNG.permutation(np.repeat([0, 1, 2], 100))
X = CENTROIDS[LABELS] + RNG.normal(size=(300, 2))


def filled(column, rows):
    """The customers with this column filled in for some, and what was."""
    gaps = np.zeros(X.shape, dtype=bool)
    gaps[rows, column] = True
    return np.where(gaps, -4.0, X), gaps


@pytest.mark.parametrize(
    ("column", "share"),
    [(0, 1 / 3), (1, 1 / 3)],  # all on the right go to the left; all above come down
)
def test_customers_known_in_full_say_how_many_filled_values_misplace(column, share):
    values, gaps = filled(column, slice(0, 90))
    assert misplaced_share(values, gaps, CENTROIDS) == pytest.approx(share, abs=0.06)


def test_nobody_is_misplaced_without_gaps():
    assert misplaced_share(X, np.zeros(X.shape, dtype=bool), CENTROIDS) == 0


def test_nothing_is_known_where_nobody_is_known_in_full():
    values, gaps = filled(0, slice(None))
    assert misplaced_share(values, gaps, CENTROIDS) == 1


def test_what_was_filled_in_is_read_from_where_it_was():
    values, gaps = filled(1, slice(10, 20))
    np.testing.assert_array_equal(fillings(values, gaps), [np.nan, -4.0])
    np.testing.assert_array_equal(fillings(values, None), [np.nan, np.nan])
