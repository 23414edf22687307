"""Work in rounds: as much as fits into a while, the rest next time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def for_a_while(items: Iterable[Item], seconds: float) -> Iterator[Item]:
    """Yield items until this many seconds have passed, at least one if there is any."""
    end = time.monotonic() + seconds
    for item in items:
        yield item
        if time.monotonic() >= end:
            return
