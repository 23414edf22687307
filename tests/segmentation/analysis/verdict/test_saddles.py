import numpy as np
import pytest

from segmentation.analysis.verdict.borders import find_borders
from segmentation.analysis.verdict.saddles import with_saddles

RNG = np.random.default_rng(0)


def cut(X, labels, quantile=None):
    """The one border between two clusters, with its pass."""
    centroids = np.array([X[labels == label].mean(axis=0) for label in (0, 1)])
    borders = find_borders(X, labels, centroids)
    (border,) = with_saddles(X, labels, centroids, borders, quantile=quantile)
    return border


def two_groups(apart, n=500, n_features=2):
    labels = np.repeat([0, 1], n)
    X = np.random.default_rng(1).normal(size=(2 * n, n_features))
    X[:, 0] += apart * labels
    return X, labels


def arc(n, width):
    rng = np.random.default_rng(2)
    angles = rng.uniform(0, np.pi, n)
    return np.column_stack((np.cos(angles), np.sin(angles))) + rng.normal(0, width, (n, 2))


@pytest.mark.parametrize("n_features", [2, 5])
def test_between_two_groups_the_pass_is_as_low_as_the_valley(n_features):
    border = cut(*two_groups(4, n_features=n_features))
    assert border.saddle == pytest.approx(border.depth, abs=0.12)
    assert border.saddle < 0.5


def test_one_crowd_is_passed_at_the_height_of_its_peaks():
    X = RNG.normal(size=(1_000, 2))
    assert cut(X, (X[:, 0] > 0).astype(int)).saddle > 0.9


def test_a_crescent_has_a_valley_on_the_line_and_none_around_it():
    X = arc(1_500, width=0.12)
    border = cut(X, (X[:, 0] > 0).astype(int))
    assert border.depth < 0.65
    assert border.saddle > 0.75


def test_a_pass_is_higher_over_what_three_quarters_of_the_customers_have_than_over_a_peak():
    X, labels = two_groups(4)
    by_peak, by_most = cut(X, labels).saddle, cut(X, labels, quantile=0.75).saddle
    # In a normal group the density that three quarters stay below is 0.75 of the peak.
    assert by_most == pytest.approx(by_peak / 0.75, rel=0.1)


def test_one_feature_has_no_other_way():
    X, labels = two_groups(4, n_features=1)
    assert cut(X, labels).saddle is None


def test_fewer_than_five_customers_show_no_pass():
    X = np.vstack((RNG.normal(size=(100, 2)), RNG.normal(size=(4, 2)) + 20))
    assert cut(X, np.repeat([0, 1], [100, 4])).saddle == 1


def test_a_pass_does_not_depend_on_where_the_groups_lie_or_how_they_are_turned():
    X, labels = two_groups(4)
    turned = X @ np.array([[0.6, 0.8], [-0.8, 0.6]]) * 7 + 100
    assert cut(turned, labels).saddle == pytest.approx(cut(X, labels).saddle, abs=0.05)
