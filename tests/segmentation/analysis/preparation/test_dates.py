import numpy as np

from segmentation.analysis.preparation.dates import days_before, days_since


def test_dates_become_days_before_the_newest():
    days = days_before(np.array([100.0, np.nan, 90.0]), 100.0)
    np.testing.assert_array_equal(days, [0, np.nan, 10])


def test_the_feature_of_a_date_is_named_after_it():
    assert days_since("Last order") == "days since Last order"
