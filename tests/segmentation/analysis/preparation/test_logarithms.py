import numpy as np
import pytest

from segmentation.analysis.preparation.logarithms import (
    Skewness,
    choose_logarithms,
    measure_skewness,
    propose_log1p,
)

CORE = Skewness(before=4, after=0.5, bulk=0.6)
FAMILY = Skewness(before=1.5, after=-0.4, bulk=0.4)
EVEN = Skewness(before=0.2, after=-1)


def test_log1p_is_proposed_for_strongly_skewed_features_only():
    rng = np.random.default_rng(0)
    values = np.column_stack((np.exp(rng.normal(3, 1.5, 500)), rng.normal(50, 5, 500), rng.normal(0, 1, 500)))
    assert propose_log1p(values, ["revenue", "age", "balance"]) == ("revenue",)


def test_a_family_of_skewed_columns_is_seen_alike():
    assert choose_logarithms([CORE, CORE, FAMILY, EVEN]) == (True, True, True, False)


def test_a_core_that_is_half_of_the_family_takes_it_along():
    assert choose_logarithms([CORE, FAMILY]) == (True, True)


def test_a_core_that_is_less_than_half_of_the_family_stays_alone():
    assert choose_logarithms([CORE, FAMILY, FAMILY]) == (True, False, False)


def test_slight_skewness_alone_takes_no_logarithm():
    assert choose_logarithms([FAMILY, EVEN]) == (False, False)
    assert choose_logarithms([]) == ()


def test_a_skewness_that_does_not_fall_by_half_is_no_reason():
    assert not Skewness(before=4, after=-2.1, bulk=0.6).is_core
    assert not Skewness(before=1.5, after=-1.6, bulk=0.6).is_family


@pytest.mark.parametrize("errors", [10, 1])
def test_a_few_errors_are_no_reason(errors):
    rng = np.random.default_rng(1)
    values = np.column_stack((rng.uniform(0, 100, 1000), np.exp(rng.normal(3, 1, 1000))))
    values[:errors] *= 100
    assert measure_skewness(values[:, 0]).before > 2
    assert propose_log1p(values, ["score", "revenue"]) == ("revenue",)


@pytest.mark.parametrize("spread", [0.2, 0.3, 0.5])
def test_log_normal_groups_of_many_are_seen_as_logarithms(spread):
    rng = np.random.default_rng(2)
    groups = [np.exp(rng.normal(middle, spread, (250, 1))) for middle in np.log([10, 60, 360, 2000])]
    assert propose_log1p(np.concatenate(groups), ["revenue"]) == ("revenue",)


def test_slightly_skewed_columns_stay_as_they_are():
    rng = np.random.default_rng(3)
    columns = rng.gamma(3, 10, 2000), np.abs(rng.normal(size=2000)), rng.weibull(2, 2000)
    assert propose_log1p(np.column_stack(columns), ["a", "b", "c"]) == ()


def test_skewness_of_four_values_by_hand():
    # Mean 1; the deviations -1, -1, 0, 2 have cubes of mean 1.5 and squares of mean 1.5.
    column = np.array([0.0, 0.0, 1.0, 3.0])
    assert measure_skewness(column).before == pytest.approx(1.5 / 1.5**1.5)


@pytest.mark.parametrize(
    "column",
    [
        [-1.0, 0.0, 5.0, 900.0],  # a negative value has no logarithm
        [0.0, 1.0, 0.0, 0.0],  # yes or no
        [1.0, 1e200, 3.0],  # beyond what can be squared
        [1.0, 2.0],
        [],
    ],
)
def test_columns_without_a_sensible_logarithm_have_no_skewness(column: list[float]):
    assert measure_skewness(np.array(column)) == Skewness()


def test_missing_values_are_passed_over():
    column = np.exp(np.linspace(0, 8, 200))
    gaps = np.concatenate((column, [np.nan, np.nan]))
    assert propose_log1p(gaps[:, np.newaxis], ["revenue"]) == ("revenue",)
