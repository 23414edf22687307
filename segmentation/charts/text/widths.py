"""Names as charts write them. Free of matplotlib.

Widths are estimated, because what is written in an SVG is set by the reader's fonts, not by ours.
"""

import unicodedata

_NARROW_LETTERS = frozenset("iljtfrI.,:;'|!()[]{}/\\ \xa0\u202f")
_SIGNS = frozenset("+−×±=<>→")
_WIDE_LETTERS = frozenset("mwMW%@&ÆŒ")
_INVISIBLE = ("Mn", "Me", "Cf")


def clean_text(text: str) -> str:
    """Return the text without what XML cannot hold: controls become spaces, broken characters U+FFFD."""
    return "".join(_clean_character(character) for character in text).strip()


def _clean_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "\ufffd" if category == "Cs" or ord(character) & 0xFFFE == 0xFFFE else character


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how many pixels the text takes at this font size, rather too many than too few."""
    return sum(map(_character_width, text)) * size * (1.1 if bold else 1.0)


def _character_width(character: str) -> float:
    if unicodedata.category(character) in _INVISIBLE:
        return 0.0
    if unicodedata.east_asian_width(character) in {"W", "F"} or ord(character) >= 0x1F000:
        return 1.25 if ord(character) >= 0x1F000 else 1.05
    if character in _NARROW_LETTERS:
        return 0.36
    if character in _SIGNS:
        return 0.84
    if character in _WIDE_LETTERS:
        return 0.95
    return 0.7 if character.isupper() else 0.62


def shorten(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the cleaned text, cut with an ellipsis where it is wider than `width` pixels."""
    text = clean_text(text)
    if text_width(text, size, bold=bold) <= width:
        return text
    room = width - text_width("…", size, bold=bold)
    taken, end = 0.0, 0
    for character in text:
        taken += text_width(character, size, bold=bold)
        if taken > room:
            break
        end += 1
    # An emoji of several joined characters must not be cut behind its joiner.
    return text[:end].rstrip(" \u200d") + "…"
