"""Names and numbers as charts write them."""

import pytest

from segmenter.charts.texts import (
    clean_text,
    format_number,
    format_share,
    shorten,
    text_width,
    wrap,
)


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
    ],
)
def test_numbers_are_written_for_people(value: float, words: str) -> None:
    assert format_number(value) == words


def test_decimals_can_be_fixed() -> None:
    assert format_number(0.5, 2) == "0.50"


def test_a_small_share_is_not_called_nothing() -> None:
    assert [format_share(part, 10_000) for part in (0, 1, 4050)] == ["0.0%", "<0.1%", "40.5%"]
    assert format_share(0, 0) == "0%"


def test_controls_become_spaces_and_broken_characters_visible() -> None:
    assert clean_text("a\x00b\tc\nd\u2028e") == "a b c d e"
    assert clean_text("\ud800x\uffff") == "\ufffdx\ufffd"


def test_clean_text_keeps_everything_else() -> None:
    name = "<b>&\"' $x$ العملاء 客户 👩‍👧"
    assert clean_text(name) == name


def test_short_names_stay_whole() -> None:
    assert shorten("Young savers", 200, 12) == "Young savers"


@pytest.mark.parametrize("name", ["x" * 300, "客" * 300, "😀" * 300, "W" * 300])
def test_long_names_are_cut_to_their_room(name: str) -> None:
    short = shorten(name, 120, 12)
    assert short.endswith("…")
    assert text_width(short, 12) <= 120
    assert text_width(short, 12) > 90


def test_a_joined_emoji_is_not_cut_behind_its_joiner() -> None:
    name = "👩\u200d👩\u200d👧" * 20
    for room in range(30, 90):
        assert not shorten(name, room, 12).removesuffix("…").endswith("\u200d")


def test_wrapped_lines_fit_and_the_last_one_is_cut() -> None:
    lines = wrap("Customers who buy often but little and late", 80, 12, lines=2)
    assert len(lines) == 2
    assert lines[0] == "Customers"
    assert lines[1].endswith("…")
    assert max(text_width(line, 12) for line in lines) <= 80


def test_nothing_wraps_to_one_empty_line() -> None:
    assert wrap("", 80, 12, lines=2) == [""]
