"""Names and numbers as charts write them. Free of matplotlib.

Widths are estimated, because what is written in an SVG is set by the reader's fonts, not by ours.
"""

import math
import unicodedata

_NARROW_LETTERS = frozenset("iljtfrI.,:;'|!()[]{}/\\ ")
_WIDE_LETTERS = frozenset("mwMW%@&ÆŒ")
_COMPACT = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"))
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


def wrap(text: str, width: float, size: float, *, lines: int, bold: bool = False) -> list[str]:
    """Return the text in at most `lines` lines of `width` pixels, the last one cut where needed."""
    words, rows = clean_text(text).split(), [""]
    for position, word in enumerate(words):
        longer = f"{rows[-1]} {word}".strip()
        if not rows[-1] or text_width(longer, size, bold=bold) <= width:
            rows[-1] = longer
        elif len(rows) < lines:
            rows.append(word)
        else:
            rows[-1] = " ".join([rows[-1], *words[position:]])
            break
    return [shorten(row, width, size, bold=bold) for row in rows]


def format_number(value: float, decimals: int | None = None) -> str:
    """Return a number for people: three significant digits or more, thousands grouped, millions in words."""
    for unit, name in _COMPACT:
        if abs(value) >= unit:
            return _signed(value / unit, 2).rstrip("0").rstrip(".") + f" {name}"
    if decimals is None:
        decimals = 0 if value == int(value) else max(0, 2 - math.floor(math.log10(abs(value))))
        return _trimmed(_signed(value, min(decimals, 6)))
    return _signed(value, decimals)


def _signed(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def format_count(count: int) -> str:
    """Return a count with its thousands grouped."""
    return f"{count:,}"


def format_share(part: float, whole: float) -> str:
    """Return a share in per cent; what is there is never called 0 %."""
    if not whole:
        return "0%"
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1%"
    return f"{percent:.1f}%"
