"""Texts over several lines."""

import pytest

from segmentation.charts.text.widths import text_width
from segmentation.charts.text.wrapping import wrap, wrap_whole


def test_wrapped_lines_fit_and_the_last_one_is_cut() -> None:
    lines = wrap("Customers who buy often but little and late", 80, 12, lines=2)
    assert len(lines) == 2
    assert lines[0] == "Customers"
    assert lines[1].endswith("…")
    assert max(text_width(line, 12) for line in lines) <= 80


def test_nothing_wraps_to_one_empty_line() -> None:
    assert wrap("", 80, 12, lines=2) == [""]
    assert wrap_whole("", 80, 12, lines=2) == [""]


def test_a_number_stays_with_its_unit() -> None:
    assert wrap("about 63.3\xa0% of all", 60, 12, lines=3) == ["about", "63.3\xa0% of", "all"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Young savers", ["Young", "savers"]),
        ("Retouren-Vielkäufer", ["Retouren-", "Vielkäufer"]),
        ("Gelegenheitskäufer", ["Gelegen-", "heitskäufer"]),
        ("Discount/Outlet-Shoppers", ["Discount/", "Outlet-", "Shoppers"]),
        ("Schnäppchenjäger", ["Schnäpp-", "chenjäger"]),
        ("客户客户客户客户", ["客户客户客户", "客户"]),
    ],
)
def test_names_break_between_words_then_at_hyphens_then_between_syllables(
    name: str, lines: list[str]
) -> None:
    assert wrap_whole(name, 76, 11, lines=3) == lines
    assert max(text_width(line, 11) for line in lines) <= 76


@pytest.mark.parametrize("name", ["x" * 40, "One two three four five six seven", "Gelegenheitskäufer " * 4])
def test_text_that_does_not_fit_is_not_wrapped(name: str) -> None:
    assert wrap_whole(name, 76, 11, lines=3) is None
