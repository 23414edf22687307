"""Names in charts."""

import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font

from segmentation.charts.text.widths import clean_text, shorten, text_width


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


def test_no_text_is_wider_in_the_font_of_pictures_than_thought() -> None:
    font = get_font(findfont(FontProperties(family="DejaVu Sans")))
    font.set_size(100, 72)
    for text in (
        "2.41 M → 124.39 M (+5,061\xa0%)",
        "−1.23×10⁻⁷",
        "<0.1\xa0%",
        "Gelegenheitskäufer",
        "1,002,500",
    ):
        font.set_text(text)
        assert font.get_width_height()[0] / 64 <= text_width(text, 100) * 1.03
