"""How the lines of a file are split into cells: by which character, and with which quotation marks."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.importing.columns.headers import understand
from customers.importing.errors import AmbiguousFileError, ImportRefusedError

DELIMITERS = (",", ";", "\t", "|")
RARE_DELIMITERS = (":", "^", "~", "\x1f", "¦", "§")
# The option that says so.
BY_SPACES = "--delimiter space"
DELIMITER_NAMES = {
    ",": gettext_lazy("comma"),
    ";": gettext_lazy("semicolon"),
    "\t": gettext_lazy("tab"),
    "|": gettext_lazy("bar"),
    " ": gettext_lazy("space"),
}
HEAD_CHARACTERS = 64 * 1024
HEAD_ROWS = 200
# The share of rows that must be alike.
MOST, NEARLY_ALL = 0.5, 0.9


@dataclass(frozen=True)
class Dialect:
    """How lines are split into cells."""

    delimiter: str
    quote: str = '"'
    # Quotation marks follow a space: `a, "b, c"`.
    skips_spaces: bool = False


def find_quoting(head: str, delimiter: str) -> Dialect:
    """How cells are quoted in a file with this delimiter."""
    lines = _lines(head)
    between = re.escape(delimiter)
    spaced = re.compile(rf'{between} +"')
    if delimiter != " " and sum(bool(spaced.search(line)) for line in lines) > MOST * len(lines):
        return Dialect(delimiter, skips_spaces=True)
    # Every text at both ends: an apostrophe at a cell's start alone keeps a spreadsheet from changing it.
    # Possessive, so that no line takes long.
    text, end = r"'(?:[^']|'')*+'", rf"(?= *+(?:{between}|$))"
    plain = rf"(?:null|true|false|\\N){end}|(?:[^{between}'\w]|[\d_])*+"
    cell = rf" *+(?:{text}|{plain}) *+"
    single = re.compile(rf"{cell}(?:{between}{cell})*+", re.IGNORECASE)
    below = lines[1:]
    quoted = sum("'" in line and bool(single.fullmatch(line)) for line in below)
    if below and quoted >= NEARLY_ALL * len(below):
        is_spaced = any(f"{delimiter} " in line for line in below)
        return Dialect(delimiter, quote="'", skips_spaces=is_spaced)
    return Dialect(delimiter)


def find_delimiter(head: str) -> str:
    """The delimiter that splits the first rows consistently into the most columns.

    Raises
    ------
    ImportRefusedError
        The columns are aligned by spaces.
    AmbiguousFileError
        Two characters split the rows equally well, or a space does.
    """
    scores = {delimiter: _alike(head, delimiter) for delimiter in DELIMITERS}
    best = max(scores.values())
    if best[0] < MOST:
        refuse_fixed_width(head)
        # The first line may be a title: then the rows below it tell.
        scores = {delimiter: _alike(head, delimiter, below=True) for delimiter in DELIMITERS}
        best = max(scores.values())
    if best[0] < MOST:
        scores = {delimiter: _alike(head, delimiter) for delimiter in RARE_DELIMITERS}
        best = max(scores.values())
        if best[0] < NEARLY_ALL:
            _ask_about_spaces(head)
            return ","  # one column, or nothing that a delimiter of ours splits
    found = [delimiter for delimiter, score in scores.items() if score == best]
    if len(found) > 1:
        names = reduce(
            lambda first, last: _("%(first)s or a %(last)s") % {"first": first, "last": last},
            (str(DELIMITER_NAMES.get(delimiter, delimiter)) for delimiter in found),
        )
        sentence = _("The columns could be separated by a %(names)s: choose the right one.") % {
            "names": names
        }
        raise AmbiguousFileError(sentence, "--delimiter", guess=found[0])
    return found[0]


def _alike(head: str, delimiter: str, *, below: bool = False) -> tuple[float, int]:
    """The share of rows with as many columns as the first one, or as the most, and that number of columns."""
    widths = [len(row) for row in _split(head, find_quoting(head, delimiter))]
    if len(widths) > 2 and len(head) >= HEAD_CHARACTERS:
        widths.pop()  # cut off
    if not widths:
        return 0, 0
    width = Counter(widths).most_common(1)[0][0] if below else widths[0]
    return (round(widths.count(width) / len(widths), 1), width) if width > 1 else (0, 0)


def _split(head: str, dialect: Dialect) -> list[list[str]]:
    reader = csv.reader(
        io.StringIO(head, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        skipinitialspace=dialect.skips_spaces,
    )
    try:
        return [row for row in islice(reader, HEAD_ROWS) if row]
    except csv.Error:
        return []


# ---- Spaces ------------------------------------------------------------------------------------------------


def refuse_fixed_width(head: str) -> None:
    """Refuse lines whose columns are aligned by spaces.

    Raises
    ------
    ImportRefusedError
        It says how to make a table of them.
    """
    lines = [line for line in _lines(head) if line.strip("-=_ ")]
    gaps = sum(bool(re.search(r"\S {2,}\S", line)) for line in lines)
    if len(lines) < 2 or gaps < NEARLY_ALL * len(lines) or not re.search(r"\S {2,}\S", lines[0]):
        return
    raise ImportRefusedError(
        _(
            "The columns of this file are aligned by spaces (fixed width), not separated by a character: "
            "open it in a spreadsheet, split it into columns there, and save it as CSV."
        )
    )


def _ask_about_spaces(head: str) -> None:
    """Ask whether single spaces separate the columns, if they could."""
    rows = [line.split(" ") for line in _lines(head)]
    width = len(rows[0]) if rows else 0
    if width < 2 or len(rows) < 3 or sum(len(row) == width for row in rows) < NEARLY_ALL * len(rows):
        return
    has_id = any(understand(name).id_rank is not None for name in rows[0])
    if has_id or any(_is_number(rows[1:], index) for index in range(width)):
        sentence = _("The columns could be separated by a %(names)s: choose the right one.")
        names = DELIMITER_NAMES[" "]
        raise AmbiguousFileError(sentence % {"names": names}, BY_SPACES, guess=" ")


def _is_number(rows: Sequence[Sequence[str]], index: int) -> bool:
    return all(row[index].isdigit() for row in rows if len(row) > index)


def _lines(head: str) -> list[str]:
    """The first lines that are not blank and not cut off."""
    lines = head.splitlines()
    if len(head) >= HEAD_CHARACTERS and len(lines) > 1:
        lines.pop()
    return [line for line in lines[:HEAD_ROWS] if line.strip()]
