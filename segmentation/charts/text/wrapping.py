"""Texts over several lines. Free of matplotlib."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from segmentation.charts.text.widths import clean_text, shorten, text_width

# Spaces that hold a number and its unit together are none of these.
_SPACES = re.compile(r"[^\S\xa0\u202f]+")
_HYPHENS = re.compile(r"(?<=\w)[-‐–/](?=\w)")
_VOWELS = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýœαεηιουωаеиоуыэюяё"
# A syllable begins with the last consonant before a vowel; letters that are one sound stay together.
_SYLLABLE = re.compile(
    rf"(?<=\w{{2}})(?<!sc)(?<![sctp](?=h))(?<!s(?=ch))(?=(?:sch|ch|th|ph|sh|qu|[^\W\d_{_VOWELS}])[{_VOWELS}]\w)",
    re.IGNORECASE,
)

# Shorter words are never divided.
_SHORTEST_DIVIDED = 8


@dataclass(frozen=True)
class _Piece:
    """What no line break divides: what stands before it within a line, and in its place at a line's end."""

    text: str
    joint: str = ""
    at_end: str = ""


def wrap(text: str, width: float, size: float, *, lines: int, bold: bool = False) -> list[str]:
    """Return the text in at most `lines` lines of `width` pixels, the last one cut where needed."""
    rows, rest = _fill(
        list(_words(clean_text(text))), lambda row: text_width(row, size, bold=bold) <= width, lines
    )
    if rest:
        rows[-1] = " ".join([rows[-1], *(piece.text for piece in rest)])
    return [shorten(row, width, size, bold=bold) for row in rows]


def wrap_whole(text: str, width: float, size: float, *, lines: int, bold: bool = False) -> list[str] | None:
    """Return the text in at most `lines` lines, nothing cut; `None` if that cannot be.

    Lines break between words, if need be at hyphens, and only then inside of words.
    """

    def fits(row: str) -> bool:
        return text_width(row, size, bold=bold) <= width

    for divide in (_words, _parts, _syllables):
        rows, rest = _fill(list(divide(clean_text(text))), fits, lines)
        if not rest and all(map(fits, rows)):
            return rows
    return None


def _fill(pieces: list[_Piece], fits: Callable[[str], bool], lines: int) -> tuple[list[str], list[_Piece]]:
    """Return the lines, each as full as it may be, and the pieces for which there was no line."""
    rows = [""]
    for position, piece in enumerate(pieces):
        following = pieces[position + 1].at_end if position + 1 < len(pieces) else ""
        longer = rows[-1] + (piece.joint if rows[-1] else "") + piece.text
        if not rows[-1] or fits(longer + following):
            rows[-1] = longer
        elif len(rows) < lines:
            rows[-1] += piece.at_end
            rows.append(piece.text)
        else:
            return rows, pieces[position:]
    return rows, []


def _words(text: str) -> Iterator[_Piece]:
    return (_Piece(word, " ") for word in _SPACES.split(text) if word)


def _parts(text: str) -> Iterator[_Piece]:
    """Yield words, divided behind hyphens and between characters that are as wide as high."""
    for word in _words(text):
        ends = [match.end() for match in _HYPHENS.finditer(word.text)]
        ends += [place for place in range(1, len(word.text)) if _is_wide(word.text[place - 1 : place + 1])]
        for number, part in enumerate(_divide(word.text, ends)):
            yield _Piece(part, "" if number else word.joint)


def _syllables(text: str) -> Iterator[_Piece]:
    for part in _parts(text):
        for number, syllable in enumerate(_divide(part.text, _ends_of_syllables(part.text))):
            yield _Piece(syllable, "", "-") if number else _Piece(syllable, part.joint)


def _ends_of_syllables(word: str) -> list[int]:
    if len(word) < _SHORTEST_DIVIDED:
        return []
    first_vowel = next((place for place, letter in enumerate(word) if letter.lower() in _VOWELS), len(word))
    return [match.start() for match in _SYLLABLE.finditer(word) if match.start() > first_vowel]


def _divide(text: str, places: list[int]) -> Iterator[str]:
    start = 0
    for place in sorted({*places, len(text)}):
        yield text[start:place]
        start = place


def _is_wide(pair: str) -> bool:
    """Return whether both characters are of a script whose lines break anywhere."""
    return all(
        unicodedata.category(letter) == "Lo" and unicodedata.east_asian_width(letter) == "W"
        for letter in pair
    )
