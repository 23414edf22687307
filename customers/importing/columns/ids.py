"""Customer ids, freed from what spreadsheets and other programs do to them, a whole column at a time.

The same customer must have the same id in every file: 17850 is 17850.0 where a program took ids for numbers,
and ="00123" or '00123 where somebody kept a spreadsheet from doing so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext, gettext_noop

from customers.importing.columns.numbers import INVISIBLE, WHITE, without_formula_guards

# What a spreadsheet hides: '00123. A name in quotation marks has a second one.
APOSTROPHE_GUARD = r"^'([0-9A-Za-z][^']*)$"
FLOAT = r"^([0-9]+)[.,]00?$"
ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
# 1.23E+12 and 1,23E+12; 12e45 may be an id in hexadecimal digits.
ROUNDED = r"^[+-]?[0-9]+(?:[.,٫][0-9]*[eE][+-]?|[eE][+])[0-9]+$"
NOTES = {
    "composed": gettext_noop(
        "Some customer ids contained accents stored as separate characters: "
        "they were normalised, so that no customer appears twice."
    ),
    "lowered": gettext_noop(
        "Mail addresses as customer ids were read in small letters, so that no customer appears twice."
    ),
    "undressed": gettext_noop(
        "Customer ids were freed from what programs add, so that no customer appears twice: "
        "“%(written)s” is %(read)s."
    ),
}


@dataclass(frozen=True)
class Cleaned:
    """Ids as they are stored, and what was done to them: by the keys of `NOTES`, an example of each."""

    ids: pa.StringArray
    done: dict[str, tuple[str, str]]


def clean_ids(cells: pa.StringArray, *, as_written: bool = False) -> Cleaned:
    """Ids as they are stored. Padding and the escaping of exports are already removed.

    Parameters
    ----------
    cells
        Without nulls.
    as_written
        Only join accents to their letters: the dataset has such ids from before anything else was done.
    """
    if pc.all(pc.ascii_is_alnum(cells)).as_py():
        return Cleaned(cells, {})
    done: dict[str, tuple[str, str]] = {}
    ids = cells
    for name, step in STEPS[2:] if as_written else STEPS:
        before, ids = ids, step(ids)
        if ids is not before and (example := _first_difference(before, ids)):
            done[name] = example
    return Cleaned(ids, done)


def notes_of(done: dict[str, tuple[str, str]]) -> list[str]:
    """What was done to ids, in sentences."""
    return [gettext(NOTES[name]) % {"written": ids[0], "read": ids[1]} for name, ids in done.items()]


def are_rounded(ids: pa.StringArray) -> pa.BooleanArray:
    """Mark ids whose last digits a spreadsheet has dropped."""
    return pc.match_substring_regex(ids, ROUNDED)


def _undress(ids: pa.StringArray) -> pa.StringArray:
    if not pc.all(pc.string_is_ascii(ids)).as_py():
        ids = pc.replace_substring_regex(ids, f"[{INVISIBLE}]", "")
        ids = pc.utf8_trim(pc.replace_substring_regex(ids, r"[\p{Zs}]", " "), WHITE)
    ids = without_formula_guards(ids)
    if pc.any(pc.starts_with(ids, "'")).as_py():
        ids = pc.replace_substring_regex(ids, APOSTROPHE_GUARD, r"\1")
    if pc.any(pc.ends_with(ids, "0")).as_py():
        ids = pc.replace_substring_regex(ids, FLOAT, r"\1")
    return ids


def _lower_addresses(ids: pa.StringArray) -> pa.StringArray:
    if not pc.any(pc.match_substring(ids, "@")).as_py():
        return ids
    return pc.if_else(pc.match_substring_regex(ids, ADDRESS), pc.utf8_lower(ids), ids)


def _compose(ids: pa.StringArray) -> pa.StringArray:
    # The same customer, however an accent was typed.
    return ids if pc.all(pc.string_is_ascii(ids)).as_py() else pc.utf8_normalize(ids, "NFC")


STEPS = (("undressed", _undress), ("lowered", _lower_addresses), ("composed", _compose))


def _first_difference(before: pa.StringArray, after: pa.StringArray) -> tuple[str, str] | None:
    differ = np.flatnonzero(pc.not_equal(before, after).to_numpy(zero_copy_only=False))
    if not len(differ):
        return None
    return before[int(differ[0])].as_py(), after[int(differ[0])].as_py()
