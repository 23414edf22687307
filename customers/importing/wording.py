"""Names and numbers within a sentence for the person who brought a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

MOST_NAMES = 12


def join_words(words: Sequence[str]) -> str:
    """For example “a, b and c”."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def list_names(names: Sequence[str]) -> str:
    """The names in quotation marks; of very many the first."""
    quoted = [f"“{name}”" for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        quoted[-1] = _("%(count)s more") % {"count": len(names) - MOST_NAMES + 1}
    return join_words(quoted)
