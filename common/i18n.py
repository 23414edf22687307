"""Where `analysis` and `charts`, which know no Django, find their sentences in the reader's language.

English until the site brings its own catalogue, as `segmenter.apps` does; worker processes write in the
language of the site, requests in that of their reader.
"""

import gettext as standard
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Catalogue(Protocol):
    """What translates: one of Python's own, or `django.utils.translation`."""

    def gettext(self, message: str, /) -> str: ...

    def ngettext(self, singular: str, plural: str, number: int, /) -> str: ...


@dataclass(frozen=True)
class NumberSigns:
    """What stands in numbers before the decimals and between the thousands."""

    decimal: str = "."
    thousands: str = ","


_catalogue: Catalogue = standard.NullTranslations()
_read_signs: Callable[[], NumberSigns] = NumberSigns


def use_catalogue(catalogue: Catalogue, read_signs: Callable[[], NumberSigns] = NumberSigns) -> None:
    """Translate by this catalogue from now on, and write numbers with the signs read each time."""
    global _catalogue, _read_signs
    _catalogue, _read_signs = catalogue, read_signs


def gettext(message: str) -> str:
    return _catalogue.gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    return _catalogue.ngettext(singular, plural, number)


def gettext_noop(message: str) -> str:
    """Mark what is translated later."""
    return message


def join_words(words: list[str]) -> str:
    """Return `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}


def number_signs() -> NumberSigns:
    """The signs of the reader's language."""
    return _read_signs()
