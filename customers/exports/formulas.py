"""Formula escaping: exports escape what a spreadsheet would run, imports undo it."""

from __future__ import annotations

import re

# Spreadsheets treat cells that begin like this as formulas, full-width forms included; a leading apostrophe
# makes them text. Cells that already begin with apostrophes and such a character get one more, so that the
# escaping can be undone.
FORMULA_SIGNS = r"=+\-@\t\r\x00＝＋－＠"
DANGEROUS = re.compile(f"'*[{FORMULA_SIGNS}]")
# What an import undoes, as an RE2 pattern.
ESCAPED = f"^'+[{FORMULA_SIGNS}]"
# The same characters for PostgreSQL, whose texts cannot hold NUL.
SIGNS = list("=+-@\t\r＝＋－＠")


def escape_formula(text: str) -> str:
    """Turn what a spreadsheet would run into plain text; `customers.importing` undoes it."""
    return f"'{text}" if DANGEROUS.match(text) else text


def unescape_formula(text: str) -> str:
    """Undo `escape_formula`."""
    return text[1:] if re.match(ESCAPED, text) else text
