"""The injections: their definition and their list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fault_play import Play


@dataclass(frozen=True)
class Injection:
    """A way to damage the site.

    Attributes
    ----------
    is_kill
        Whether it is run in every round; the others run only once.
    is_short
        Whether it is part of the short round.
    """

    number: str
    title: str
    play: Callable[[Play], None]
    is_kill: bool
    is_short: bool


INJECTIONS: list[Injection] = []


def injection(number: str, title: str, *, is_kill: bool = True, is_short: bool = False) -> Callable:
    def register(play: Callable[[Play], None]) -> Callable[[Play], None]:
        INJECTIONS.append(Injection(number, title, play, is_kill, is_short))
        return play

    return register
