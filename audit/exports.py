"""Exports leave a trace: who took how much of what, and a digest by which a file is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from django.http import HttpRequest

from audit.recording import record

Row = TypeVar("Row")


def witness(
    request: HttpRequest | None,
    subject: object,
    rows: Iterable[Row],
    write: Callable[[Iterable[Row]], Generator[bytes]],
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
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    return witness_blocks(request, subject, write(counted()), lambda: count, **details)


def witness_blocks(
    request: HttpRequest | None,
    subject: object,
    blocks: Generator[bytes],
    count_rows: Callable[[], int],
    **details: object,
) -> Iterator[bytes]:
    """Yield the blocks as `witness` does; `count_rows` tells how many rows were in them so far."""
    record(request, "began an export", subject, **details)
    return _witnessed(request, subject, blocks, count_rows, details)


def _witnessed(
    request: HttpRequest | None,
    subject: object,
    blocks: Generator[bytes],
    count_rows: Callable[[], int],
    details: dict[str, object],
) -> Iterator[bytes]:
    digest, whole = hashlib.sha256(), False
    try:
        for block in blocks:
            digest.update(block)
            yield block
        whole = True
    finally:  # also when the reader went away in the middle
        blocks.close()  # what reads the database must have ended before anything is written there
        action = "exported" if whole else "broke off an export"
        record(request, action, subject, rows=count_rows(), sha256=digest.hexdigest(), **details)
