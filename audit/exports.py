"""Exports in the audit trail: who exported how many rows of what, and a digest that identifies the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from django.http import HttpRequest

from audit.access import Access
from audit.recording import record

Row = TypeVar("Row")


def audited_export(
    request: HttpRequest | None,
    subject: object,
    rows: Iterable[Row],
    write: Callable[[Iterable[Row]], Generator[bytes]],
    *,
    permission: str,
    **details: object,
) -> Iterator[bytes]:
    """Yield what `write` makes of the rows; record the start before the first byte, and how it ended.

    Parameters
    ----------
    request, subject, details
        As for `record`.
    permission
        Who loses it, or is disabled, meanwhile, gets nothing more within seconds.
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

    blocks = write(counted())
    return audited_blocks(request, subject, blocks, lambda: count, permission=permission, **details)


def audited_blocks(
    request: HttpRequest | None,
    subject: object,
    blocks: Generator[bytes],
    count_rows: Callable[[], int],
    *,
    permission: str,
    **details: object,
) -> Iterator[bytes]:
    """Yield the blocks as `audited_export` does; `count_rows` returns how many rows they have held so far."""
    record(request, "began an export", subject, **details)
    access = Access(request.user.pk, [permission]) if request is not None else None
    return _audited(request, subject, _while_allowed(blocks, access), count_rows, details)


def _while_allowed(blocks: Generator[bytes], access: Access | None) -> Generator[bytes]:
    try:
        for block in blocks:
            if access is not None:
                access.check()
            yield block
    finally:
        blocks.close()


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
