import numpy as np
import pytest

from segmentation.analysis.errors import ConstantFeatureError, TooManyFeaturesError
from segmentation.analysis.features import SCALINGS, prepare_features
from segmentation.analysis.preparation.texts import one_hot

REGIONS = ["north"] * 5 + ["south"] * 3 + ["east", "west"]


def with_regions(regions: list[str], **settings: str):
    """Spend of as many customers as there are regions, beside their regions as a block."""
    feature = one_hot("Region", regions)
    values = np.column_stack((np.arange(len(regions), dtype=float), feature.values))
    blocks = [tuple(range(1, values.shape[1]))]
    return prepare_features(values, ["Spend", *feature.names], blocks=blocks, **settings)


def test_a_text_becomes_a_column_per_value_the_frequent_first():
    feature = one_hot("Region", ["north", "south", "south", "", None])
    assert feature.names == ("Region: south", "Region: north")
    np.testing.assert_array_equal(feature.values[:3], [[0, 1], [1, 0], [1, 0]])
    assert np.isnan(feature.values[3:]).all()


def test_a_text_with_many_values_is_refused():
    with pytest.raises(TooManyFeaturesError, match="13 different values"):
        one_hot("City", [str(number) for number in range(13)])


def test_all_values_of_a_text_together_weigh_as_much_as_one_number():
    features = with_regions(REGIONS)
    assert features.blocks == ((1, 2, 3, 4),)
    assert features.X[:, 0].var() == pytest.approx(1)
    assert features.X[:, 1:].var(axis=0).sum() == pytest.approx(1)
    assert len({*features.scale[1:]}) == 1


def test_a_text_with_two_values_weighs_like_one_column_of_yes_and_no():
    features = with_regions(["yes", "no", "no", "no"])
    flag = prepare_features(np.array([[1.0], [0.0], [0.0], [0.0]]), ["flag"])
    apart = np.linalg.norm(features.X[0, 1:] - features.X[1, 1:])
    assert apart == pytest.approx(abs(flag.X[0, 0] - flag.X[1, 0]))


def test_stretched_two_different_texts_are_one_apart():
    features = with_regions(REGIONS, scaling="min-max")
    assert np.linalg.norm(features.X[0, 1:] - features.X[9, 1:]) == pytest.approx(1)


def test_raw_texts_stay_as_they_are():
    features = with_regions(REGIONS, scaling="none")
    assert features.scale.tolist() == [1.0] * 5


@pytest.mark.parametrize("scaling", SCALINGS)
def test_original_units_of_a_text_come_back(scaling: str):
    features = with_regions(REGIONS, scaling=scaling)
    np.testing.assert_allclose(features.to_original(features.X), features.values, atol=1e-12)


def test_a_text_that_nobody_who_takes_part_has_gets_no_column():
    feature = one_hot("Region", REGIONS)
    spend = np.arange(10.0)
    spend[9] = np.nan  # the only customer in the west
    values = np.column_stack((feature.values, spend))
    features = prepare_features(values, [*feature.names, "Spend"], blocks=[(0, 1, 2, 3)])
    assert features.names == ("Region: north", "Region: south", "Region: east", "Spend")
    assert (features.blocks, features.missing) == (((0, 1, 2),), (0, 0, 0, 1))
    assert features.X.shape == features.values.shape == (9, 4)


def test_a_text_with_one_value_left_is_refused_by_name():
    spend = [1.0, 2.0, np.nan]
    values = np.column_stack((one_hot("Region", ["north", "north", "south"]).values, spend))
    with pytest.raises(ConstantFeatureError, match="Region: north"):
        prepare_features(values, ["Region: north", "Region: south", "Spend"], blocks=[(0, 1)])


def test_filled_in_texts_are_known_by_the_columns_that_are_left():
    feature = one_hot("Region", ["north", "north", "south", None])
    values = np.column_stack(([1.0, 2.0, 3.0, 5.0], feature.values))
    features = prepare_features(values, ["Spend", *feature.names], missing="median", blocks=[(1, 2)])
    assert features.filled_in is not None
    assert np.argwhere(features.filled_in).tolist() == [[3, 1], [3, 2]]
