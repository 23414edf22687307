"""Names within a sentence for the person who brought a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

MOST_NAMES = 12


def list_names(names: Sequence[str]) -> str:
    """The names in quotation marks; of very many the first."""
    quoted = [f"“{name}”" for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        quoted[-1] = _("%(count)s more") % {"count": len(names) - MOST_NAMES + 1}
    return get_text_list(quoted, _("and"))
