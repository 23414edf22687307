"""Names that are not taken yet."""

from collections.abc import Collection
from itertools import chain, count


def unused_name(proposed: str, taken: Collection[str], *, joint: str = " ") -> str:
    """Return the proposed name, with the first free number appended if it is taken."""
    candidates = chain([proposed], (f"{proposed}{joint}{number}" for number in count(2)))
    return next(name for name in candidates if name not in taken)
