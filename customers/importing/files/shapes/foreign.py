"""Texts that are no tables: data and pages of other kinds, refused by their name."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.importing.errors import ImportRefusedError

# How each kind begins, byte-order mark and white space aside.
KINDS = (
    (
        re.compile(r'\[?\s*\{\s*("(?:[^"\\]|\\.)*"\s*:|\})|\[\s*[\["\d]'),
        gettext_lazy("JSON"),
    ),
    (re.compile(r"<(?!\?xml)(?:!doctype html|!--|[a-z][a-z0-9]*[\s>/])", re.I), gettext_lazy("a web page")),
    (re.compile(r"<(?:\?xml|!doctype)", re.I), gettext_lazy("XML")),
    (
        re.compile(
            r"(?:--[^\n]*+\n\s*+|(?>/\*.*?\*/);?\s*+)*+(?:create\s+table|insert\s+into|drop\s+table)\b",
            re.I | re.S,
        ),
        gettext_lazy("a database's SQL"),
    ),
    (re.compile(r"begin:v(?:card|calendar)", re.I), gettext_lazy("a file of contacts")),
    (re.compile(r"@relation\s", re.I), gettext_lazy("an ARFF file")),
)


def refuse_foreign_text(head: str) -> None:
    """Refuse a text that is no table.

    Raises
    ------
    ImportRefusedError
        It names the kind, and says what to bring instead.
    """
    text = head.lstrip("\ufeff \t\r\n\0")
    for pattern, kind in KINDS:
        if pattern.match(text):
            sentence = _(
                "This is %(kind)s, not a table: bring a CSV file or an Excel workbook with a header row and "
                "one row for each customer."
            )
            raise ImportRefusedError(sentence % {"kind": kind})
