"""What a spreadsheet would run is defused in what leaves the system, and taken back in what is imported."""

from __future__ import annotations

import re

# Spreadsheets run a cell that begins so as a formula, in any width of writing; an apostrophe before it makes
# it text. Cells that begin with apostrophes and such a sign get one more, so that nothing is ambiguous.
FORMULA_SIGNS = r"=+\-@\t\r\x00＝＋－＠"
DANGEROUS = re.compile(f"'*[{FORMULA_SIGNS}]")
# What an import undoes, in the syntax of RE2.
DEFUSED = f"^'+[{FORMULA_SIGNS}]"
# The same for PostgreSQL, whose texts hold no NUL.
SIGNS = list("=+-@\t\r＝＋－＠")


def defuse(text: str) -> str:
    """Make text of what a spreadsheet would run; `customers.importing` takes it back."""
    return f"'{text}" if DANGEROUS.match(text) else text


def undo_defusing(text: str) -> str:
    """Take back what `defuse` did."""
    return text[1:] if re.match(DEFUSED, text) else text
