import numpy as np

from segmentation.analysis.preparation.columns import (
    N_BARS,
    ColumnCounts,
    SampledColumns,
    find_duplicates,
    summarise_columns,
    summarise_number,
    summarise_text,
)

RNG = np.random.default_rng(0)
SPEND = RNG.lognormal(3, 1.2, 400).round(2)


def counted(values: np.ndarray) -> ColumnCounts:
    known = values[np.isfinite(values)]
    return ColumnCounts(len(known), len(values) - len(known), known.min(), known.max())


def summarise(values: np.ndarray):
    return summarise_number("Spend", "number", counted(values), values)


def test_a_number_is_summarised():
    summary = summarise(np.array([3.0, 3.0, np.nan, 1.0]))
    assert (summary.sampled, summary.distinct, summary.is_whole) == (3, 2, True)
    assert summary.largest_share == 2 / 3
    assert summary.missing_share == 0.25


def test_bars_show_every_customer_before_and_after_a_logarithm():
    summary = summarise(SPEND)
    assert len(summary.bars) == len(summary.log_bars) == N_BARS
    assert sum(summary.bars) == sum(summary.log_bars) == 400
    assert max(summary.log_bars) < max(summary.bars)


def test_a_number_that_needs_no_logarithm_has_no_bars():
    assert summarise(np.arange(100.0)).bars == ()


def test_a_negative_value_outside_the_sample_forbids_the_logarithm():
    summary = summarise_number("Spend", "number", ColumnCounts(9_000, 0, -5.0, 900.0), SPEND)
    assert not summary.skewness.is_family


def test_a_text_is_summarised():
    summary = summarise_text("Region", ColumnCounts(3, 2), ["north", "north", "east", None, ""])
    assert (summary.sampled, summary.distinct, summary.largest_share) == (3, 2, 2 / 3)
    assert summary.mean_length == 14 / 3


def test_columns_without_values_are_summarised_as_empty():
    sample = SampledColumns({"Spend": np.full(3, np.nan)}, {"Region": [None, ""]})
    none = ColumnCounts(0, 3)
    found = summarise_columns({"Spend": "number", "Region": "text"}, {"Spend": none, "Region": none}, sample)
    assert [(each.sampled, each.missing_share) for each in found] == [(0, 1), (0, 1)]


def test_columns_that_rise_and_fall_together_are_duplicates_of_the_first():
    noise = RNG.normal(size=400)
    columns = {"Spend": SPEND, "Cents": -100 * SPEND, "Noise": noise, "Nearly": SPEND + 10 * noise}
    assert find_duplicates(columns) == {"Cents": ("Spend",)}


def test_a_rounded_column_is_a_duplicate():
    stars = np.array([4.4, 3.6, 1.1, 2.2, 4.9, 0.6, 3.4])
    assert find_duplicates({"Stars": stars, "Whole stars": np.rint(stars)}) == {"Whole stars": ("Stars",)}


def test_columns_known_for_different_customers_are_no_duplicates():
    one, other = SPEND.copy(), SPEND.copy()
    one[:150], other[-150:] = np.nan, np.nan
    assert find_duplicates({"One": one, "Other": other}) == {}


def test_duplicates_are_found_among_many_columns_with_gaps():
    columns = {f"x{number}": RNG.normal(size=400) for number in range(40)}
    columns["x7 again"] = np.where(np.arange(400) < 80, np.nan, columns["x7"] * 3 + 1)
    assert find_duplicates(columns) == {"x7 again": ("x7",)}


def test_constant_columns_are_no_duplicates_of_each_other():
    assert find_duplicates({"A": np.ones(9), "B": np.ones(9)}) == {}


def test_one_customer_far_away_makes_no_duplicates():
    one, other = RNG.normal(size=(2, 400))
    one[0] = other[0] = 1e6
    assert find_duplicates({"One": one, "Other": other}) == {}
