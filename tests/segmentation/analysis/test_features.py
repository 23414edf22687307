import numpy as np
import pytest

from segmentation.analysis.errors import (
    AnalysisError,
    ConstantFeatureError,
    InvalidSettingError,
    MissingFeatureError,
    TooFewCustomersError,
    TooManyFeaturesError,
    ValueRangeError,
)
from segmentation.analysis.features import SCALINGS, prepare_features

NAMES = ["income", "spending"]
VALUES = np.array([[10.0, 1.0], [20.0, 3.0], [30.0, 5.0], [40.0, 7.0]])


def test_standard_scaling_gives_unit_variance():
    features = prepare_features(VALUES, NAMES)
    np.testing.assert_allclose(features.X.std(axis=0), 1)


def test_no_scaling_keeps_distances():
    features = prepare_features(VALUES, NAMES, scaling="none")
    np.testing.assert_allclose(features.X[1] - features.X[0], [10, 2])


def test_min_max_scaling_gives_a_range_of_one():
    features = prepare_features(VALUES, NAMES, scaling="min-max")
    np.testing.assert_allclose(np.ptp(features.X, axis=0), 1)


def test_robust_scaling_divides_by_the_interquartile_range():
    assert prepare_features(VALUES, NAMES, scaling="robust").scale.tolist() == [15.0, 3.0]


def test_robust_scaling_of_a_feature_with_equal_quartiles_uses_the_standard_deviation():
    values = np.array([[0.0], [0.0], [0.0], [0.0], [1.0]])
    features = prepare_features(values, ["visits"], scaling="robust")
    assert features.scale[0] == pytest.approx(0.4)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_original_units_come_back(scaling: str):
    features = prepare_features(VALUES, NAMES, scaling=scaling, log1p=["income"])
    np.testing.assert_allclose(features.to_original(features.X), VALUES)


def test_customers_with_a_missing_value_are_left_out_and_counted():
    values = np.vstack((VALUES, [[np.nan, 2.0], [np.nan, np.nan]]))
    features = prepare_features(values, NAMES)
    assert features.kept.tolist() == [True, True, True, True, False, False]
    assert (features.left_out, features.missing) == (2, (2, 1))


def test_missing_values_can_be_filled_with_the_median():
    values = np.vstack((VALUES, [[np.nan, 4.0]]))
    features = prepare_features(values, NAMES, missing="median")
    assert features.values[4].tolist() == [25.0, 4.0]
    assert (features.filled, features.left_out) == ((25.0, None), 0)
    assert np.isnan(values[4, 0])


def crowd_and_whale() -> np.ndarray:
    crowd = np.random.default_rng(0).normal(50.0, 5.0, (40, 1))
    return np.vstack((crowd, [[np.nan], [5000.0]]))


def test_exceptions_are_named_and_kept_by_default():
    features = prepare_features(crowd_and_whale(), ["spending"])
    assert (features.exceptions.tolist(), features.n_samples, features.set_aside) == ([41], 41, 0)
    assert features.exception_shares == pytest.approx([0.71], abs=0.01)


def test_exceptions_that_would_decide_can_be_set_aside():
    features = prepare_features(crowd_and_whale(), ["spending"], outliers="set-aside")
    assert features.kept.tolist() == [True] * 40 + [False, False]
    assert (features.left_out, features.set_aside) == (1, 1)


def test_exceptions_are_judged_by_numbers_not_by_rare_texts():
    rng = np.random.default_rng(0)
    text = np.zeros((200, 2))
    text[:, 0], text[0] = 1, [0, 1]
    values = np.column_stack((rng.normal(size=(200, 1)), text))
    features = prepare_features(values, ["spend", "a: x", "a: y"], blocks=[[1, 2]], outliers="set-aside")
    assert features.exceptions.tolist() == []


def test_a_constant_feature_is_refused_by_name():
    values = np.column_stack((VALUES, np.full(4, 7.0)))
    with pytest.raises(ConstantFeatureError, match="“country” has the same value for every customer"):
        prepare_features(values, [*NAMES, "country"])


def test_a_feature_that_is_constant_among_the_kept_is_refused():
    values = np.array([[1.0, 5.0], [2.0, 5.0], [np.nan, 6.0]])
    with pytest.raises(ConstantFeatureError, match="spending"):
        prepare_features(values, NAMES)


def test_a_feature_without_any_value_is_refused_by_name():
    values = np.column_stack((VALUES[:, 0], np.full(4, np.nan)))
    with pytest.raises(MissingFeatureError, match="No customer has a value for “spending”"):
        prepare_features(values, NAMES)


def test_a_dataset_without_complete_customers_is_refused():
    with pytest.raises(TooFewCustomersError, match="No customer has a value for every"):
        prepare_features(np.array([[1.0, np.nan], [np.nan, 2.0]]), NAMES)


def test_no_customers_are_refused():
    with pytest.raises(TooFewCustomersError, match="no customers"):
        prepare_features(np.empty((0, 2)), NAMES)


@pytest.mark.parametrize("huge", [1e308, -1e308, np.inf, -np.inf])
def test_values_too_large_are_refused_by_name(huge: float):
    values = VALUES.copy()
    values[2, 1] = huge
    with pytest.raises(ValueRangeError, match="“spending” holds values too large"):
        prepare_features(values, NAMES)


def test_values_too_close_for_unscaled_distances_are_refused():
    with pytest.raises(ValueRangeError, match="choose standard scaling"):
        prepare_features(VALUES * 1e-200, NAMES, scaling="none")


def test_tiny_values_are_standardised_like_any_others():
    tiny = prepare_features(VALUES * 1e-200, NAMES)
    np.testing.assert_allclose(tiny.X, prepare_features(VALUES, NAMES).X)


def test_a_logarithm_of_values_below_zero_is_refused():
    with pytest.raises(ValueRangeError, match="no logarithm"):
        prepare_features(VALUES - 20, NAMES, log1p=["income"])


@pytest.mark.parametrize("count", [0, 51])
def test_too_few_or_many_features_are_refused(count: int):
    values = np.random.default_rng(0).random((5, count))
    with pytest.raises(TooManyFeaturesError, match=f"{count} are chosen"):
        prepare_features(values, [str(column) for column in range(count)])


@pytest.mark.parametrize(
    "settings",
    [{"scaling": "log"}, {"missing": "zero"}, {"outliers": "drop"}, {"log1p": ["age"]}],
)
def test_unknown_settings_are_refused(settings: dict[str, str]):
    with pytest.raises(InvalidSettingError):
        prepare_features(VALUES, NAMES, **settings)


def test_every_refusal_is_a_value_error():
    assert issubclass(AnalysisError, ValueError)


def test_features_can_be_kept_without_their_samples():
    values = np.array([[1.0, 2.0], [3.0, 5.0], [np.nan, 1.0]])
    features = prepare_features(values, ["age", "income"])
    kept = features.without_samples()
    assert (kept.X.shape, kept.values.shape) == ((0, 2), (0, 2))
    assert (kept.names, kept.missing, kept.left_out) == (features.names, (1, 0), 1)
    np.testing.assert_array_equal(kept.to_original(features.X), features.values)


def test_it_is_known_which_values_were_filled_in():
    values = np.random.default_rng(0).normal(50.0, 5.0, (50, 2))
    values[0, 1] = values[2, 0] = np.nan
    values[1] = 9_000.0
    features = prepare_features(values, NAMES, missing="median", outliers="set-aside")
    assert np.flatnonzero(~features.kept).tolist() == [1]
    assert features.filled_in is not None
    assert np.argwhere(features.filled_in).tolist() == [[0, 1], [1, 0]]


def test_nothing_was_filled_in_where_nothing_is_missing():
    assert prepare_features(VALUES, NAMES, missing="median").filled_in is None
    assert prepare_features(np.vstack((VALUES, [[np.nan, 2.0]])), NAMES).filled_in is None
