"""Exports in the audit trail: who exported how many rows of what, and a digest that identifies the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from django.http import HttpRequest

from audit.recording import record

Row = TypeVar("Row")


def audited_export(
    request: HttpRequest | None,
    subject: object,
    rows: Iterable[Row],
    write: Callable[[Iterable[Row]], Generator[bytes]],
    **details: object,
) -> Iterator[bytes]:
    """Yield what `write` makes of the rows; record the start before the first byte, and how it ended.

    Parameters
    ----------
    request, subject, details
        As for `record`.
    rows
        The rows to export.
    write
        Turns rows into bytes.
    """
    count = 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            yield row

    return audited_blocks(request, subject, write(counted()), lambda: count, **details)


def audited_blocks(
    request: HttpRequest | None,
    subject: object,
    blocks: Generator[bytes],
    count_rows: Callable[[], int],
    **details: object,
) -> Iterator[bytes]:
    """Yield the blocks as `audited_export` does; `count_rows` returns how many rows they have held so far."""
    record(request, "began an export", subject, **details)
    return _audited(request, subject, blocks, count_rows, details)


def _audited(
    request: HttpRequest | None,
    subject: object,
    blocks: Generator[bytes],
    count_rows: Callable[[], int],
    details: dict[str, object],
) -> Iterator[bytes]:
    digest, is_complete = hashlib.sha256(), False
    try:
        for block in blocks:
            digest.update(block)
            yield block
        is_complete = True
    finally:  # also when the client disconnects half-way
        blocks.close()  # the query behind the blocks must end before the connection can write
        action = "exported" if is_complete else "broke off an export"
        record(request, action, subject, rows=count_rows(), sha256=digest.hexdigest(), **details)
