"""Translations for `analysis` and `charts`, which do not import Django.

English until the site registers its own catalogue (`segmenter.apps` does); workers write in the site's
language, requests in the reader's.
"""

import gettext as standard
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Catalogue(Protocol):
    """A source of translations: one of the standard library's, or `django.utils.translation`."""

    def gettext(self, message: str, /) -> str: ...

    def ngettext(self, singular: str, plural: str, number: int, /) -> str: ...


@dataclass(frozen=True)
class NumberSigns:
    """The decimal point and the thousands separator."""

    decimal: str = "."
    thousands: str = ","


_catalogue: Catalogue = standard.NullTranslations()
_read_signs: Callable[[], NumberSigns] = NumberSigns


def use_catalogue(catalogue: Catalogue, read_signs: Callable[[], NumberSigns] = NumberSigns) -> None:
    """Use this catalogue from now on; `read_signs` is called for each number."""
    global _catalogue, _read_signs
    _catalogue, _read_signs = catalogue, read_signs


def gettext(message: str) -> str:
    return _catalogue.gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    return _catalogue.ngettext(singular, plural, number)


def gettext_noop(message: str) -> str:
    """Mark a message that is translated later."""
    return message


def join_words(words: list[str]) -> str:
    """Return `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def number_signs() -> NumberSigns:
    """The number signs of the reader's language."""
    return _read_signs()
