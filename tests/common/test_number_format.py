"""Number formatting for charts."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from common.number_format import (
    format_apart,
    format_count,
    format_growth,
    format_mean,
    format_number,
    format_percent,
    format_percent_floored,
    format_share,
    format_ticks,
    format_value,
    format_whole_percent,
)
from segmentation.charts.canvas import ticks_between
from segmentation.charts.text.widths import text_width

ORDINARY = st.floats(-1e17, 1e17, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (5, "5"),
        (86.5385, "86.5"),
        (0.00123456, "0.00123"),
        (-12.0, "−12"),
        (269_981.28, "269,981"),
        (1_250_000, "1.25 M"),
        (-3e9, "−3 bn"),
        (2e15, "2,000 tn"),
        (3e20, "3×10²⁰"),
        (-1.234e-7, "−1.23×10⁻⁷"),
        (5e-324, "0"),
    ],
)
def test_numbers_are_written_for_people(value: float, words: str) -> None:
    assert format_number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (82.13, "82.1"), (1234.5, "1,234"), (0.0456, "0.046"), (-2.5, "−2.5"), (1e15, "1e+15")],
)
def test_averages_are_written_as_people_do(value: float, words: str) -> None:
    assert format_mean(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (-3.0, "−3"), (12.34, "12.3"), (0.5534, "0.553"), (1234.5, "1,234"), (-4.6e-5, "−4.6e−05")],
)
def test_values_have_only_meaningful_decimals(value: float, words: str) -> None:
    assert format_value(value) == words


def test_averages_that_look_equal_get_enough_decimals_to_differ() -> None:
    assert format_apart(48.851, 48.852) == ("48.851", "48.852")
    assert format_apart(48.0, 52.0) == ("48.0", "52.0")
    assert format_apart(-5.0, -5.0) == ("−5.0", "−5.0")


def test_counts_are_grouped() -> None:
    assert [format_count(count) for count in (7, 1_234, -1_234_567)] == ["7", "1,234", "−1,234,567"]


def test_shares_in_whole_per_cent_do_not_overstate() -> None:
    shares = (0, 0.004, 0.696, 0.7, 0.999, 1)
    assert [format_percent_floored(share) for share in shares] == [
        f"{whole}\xa0%" for whole in (0, 0, 69, 70, 99, 100)
    ]
    assert [format_whole_percent(share) for share in shares] == [
        f"{whole}\xa0%" for whole in (0, 1, 70, 70, 99, 100)
    ]


def test_a_share_can_keep_the_decimals_it_has() -> None:
    assert [format_percent(share, None) for share in (0.05, 0.025)] == ["5\xa0%", "2.5\xa0%"]


def test_decimals_can_be_fixed() -> None:
    assert format_number(0.5, 2) == "0.50"
    assert format_number(-0.001, 2) == "0.00"


def test_a_small_share_is_never_shown_as_zero() -> None:
    shares = [format_share(part, 10_000) for part in (0, 1, 4050)]
    assert shares == ["0.0\xa0%", "<0.1\xa0%", "40.5\xa0%"]
    assert format_share(0, 0) == "0.0\xa0%"
    assert format_percent(0.25) == "25\xa0%"


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (80, 95, "+19\xa0%"),
        (1200, 50, "−96\xa0%"),
        (1000, 1004, "+0.4\xa0%"),
        (7, 7, "0\xa0%"),
        (0, 7, ""),
        (1, 31, "+3,000\xa0%"),
    ],
)
def test_growth_is_written_as_a_percentage(first: int, last: int, words: str) -> None:
    assert format_growth(first, last) == words


@pytest.mark.parametrize(
    ("ticks", "texts"),
    [
        ((0, 20, 40), ["0", "20", "40"]),
        ((0.5, 1, 1.5), ["0.5", "1.0", "1.5"]),
        ((-2.5, 0, 2.5), ["−2.5", "0.0", "2.5"]),
        ((0, 500_000, 1_000_000), ["0", "0.5 M", "1.0 M"]),
        ((1_000_000, 1_002_500, 1_005_000), ["1.0000 M", "1.0025 M", "1.0050 M"]),
        ((1_700_000_000, 1_700_500_000), ["1.7000 bn", "1.7005 bn"]),
        ((1_000_001, 1_000_002), ["1,000,001", "1,000,002"]),
        ((0, 2e-7, 4e-7), ["0", "2×10⁻⁷", "4×10⁻⁷"]),
        ((5, 5.0000001), ["5.0000000", "5.0000001"]),
        ((0, 1e20), ["0", "1×10²⁰"]),
        ((7,), ["7"]),
        ((), []),
    ],
)
def test_ticks_of_an_axis_have_one_unit_and_the_decimals_of_their_distance(
    ticks: tuple[float, ...], texts: list[str]
) -> None:
    assert format_ticks(ticks) == texts


@given(ORDINARY, st.floats(1e-12, 1e17))
def test_no_two_ticks_of_an_axis_read_the_same(low: float, length: float) -> None:
    assume(low + length > low)
    ticks = sorted(set(ticks_between(low, low + length, 8)))
    assert len(set(format_ticks(ticks))) == len(ticks)


@given(st.floats(-1e12, 1e12), st.integers(-9, 12), st.integers(2, 9))
def test_tick_labels_show_the_distance_between_ticks(start: float, power: int, count: int) -> None:
    step = 10.0**power
    ticks = [(round(start / step) % 10_000_000 + number) * step for number in range(count)]
    texts = format_ticks(ticks)
    assert len(set(texts)) == count
    assert len({text.partition(" ")[2] for text in texts if text != "0"}) == 1
    assert all(len(text) <= 14 for text in texts)
    read = [_read(text) for text in texts]
    assert [b - a for a, b in itertools.pairwise(read)] == pytest.approx([step] * (count - 1), rel=0.02)


def _read(text: str) -> float:
    number, _, unit = text.replace(",", "").replace("−", "-").partition(" ")
    mantissa, _, raised = number.partition("×10")
    power = int(raised.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    return float(mantissa) * 10.0**power * {"": 1, "M": 1e6, "bn": 1e9, "tn": 1e12}[unit]


@pytest.mark.parametrize(("low", "high"), [(1.7012e9, 1.7036e9), (0, 1), (1e-9, 9e-9), (-5e6, 5e6)])
@pytest.mark.parametrize("width", [120, 280, 640])
def test_ticks_along_an_axis_stand_apart(low: float, high: float, width: int) -> None:
    ticks = ticks_between(low, high, width / 55, width)
    widest = max(text_width(text, 11) for text in format_ticks(ticks))
    assert len(ticks) >= (2 if width > 120 else 1)
    assert all((b - a) / (high - low) * width > widest for a, b in itertools.pairwise(ticks))
