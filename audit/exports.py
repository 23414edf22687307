"""Exports leave a trace: who took how much of what, and a digest by which a file is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from django.http import HttpRequest

from audit.recording import record

Row = TypeVar("Row")


def witness(
    request: HttpRequest,
    subject: object,
    rows: Iterable[Row],
    write: Callable[[Iterable[Row]], Iterator[bytes]],
    **details: object,
) -> Iterator[bytes]:
    """Yield what `write` makes of the rows; say so before the first byte leaves and when the last has.

    Parameters
    ----------
    request, subject, details
        As for `record`.
    rows
        What is exported.
    write
        Makes bytes of rows.
    """
    record(request, "began an export", subject, **details)
    return _witnessed(request, subject, rows, write, details)


def _witnessed(
    request: HttpRequest,
    subject: object,
    rows: Iterable[Row],
    write: Callable[[Iterable[Row]], Iterator[bytes]],
    details: dict[str, object],
) -> Iterator[bytes]:
    count, digest, whole = 0, hashlib.sha256(), False

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    try:
        for block in write(counted()):
            digest.update(block)
            yield block
        whole = True
    finally:  # also when the reader went away in the middle
        action = "exported" if whole else "broke off an export"
        record(request, action, subject, rows=count, sha256=digest.hexdigest(), **details)
