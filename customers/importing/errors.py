"""Why a file cannot be imported, in one sentence for the person who uploaded it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from jobs.errors import JobError

MOST_NAMES = 12


class ImportRefusedError(JobError):
    """The file cannot be imported as it is; nothing was written."""


class AmbiguousFileError(ImportRefusedError):
    """The file can be read in more than one way; `option` is the command-line option that settles it."""

    def __init__(self, sentence: str, option: str, *, guess: str = "") -> None:
        text = _("%(sentence)s (On the command line: %(option)s.)")
        super().__init__(text % {"sentence": sentence, "option": option})
        self.sentence, self.option, self.guess = sentence, option, guess


def list_names(names: Sequence[str]) -> str:
    """The names in quotation marks; only the first few if there are many."""
    quoted = [f"“{name}”" for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        quoted[-1] = _("%(count)s more") % {"count": len(names) - MOST_NAMES + 1}
    return get_text_list(quoted, _("and"))
