"""Digests of a version's customers, in blocks, in the order of their ids.

If a block of the file has the same digest, these customers are unchanged and need not be read. Measured on
1 M rows of the Mall layout with nothing changed: a quarter of the time of reading them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from customers.importing.columns.validation import Accepted

BLOCK_ROWS = 16_384
DIGEST_BYTES = 16


@dataclass(eq=False)
class Block:
    """Up to BLOCK_ROWS consecutive customers, in the pieces in which they were read."""

    pieces: list[Accepted] = field(default_factory=list)
    size: int = 0

    def add(self, rows: Accepted) -> None:
        self.pieces.append(rows)
        self.size += len(rows.lines)

    def digest(self) -> bytes:
        """The digest of everything but their ids in the system; independent of the pieces."""
        columns: dict[str, hashlib.blake2b] = {}
        for rows in self.pieces:
            for name, content in _contents(rows):
                columns.setdefault(name, hashlib.blake2b(digest_size=DIGEST_BYTES)).update(content)
        whole = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for name in sorted(columns):
            whole.update(name.encode() + columns[name].digest())
        return whole.digest()


def in_blocks(accepted: Iterable[Accepted]) -> Iterator[Block]:
    """Regroup rows into blocks of equal size (except the last), whatever pieces they come in."""
    block = Block()
    for rows in accepted:
        start, count = 0, len(rows.lines)
        while start < count:
            stop = min(count, start + BLOCK_ROWS - block.size)
            block.add(rows.part(start, stop))
            start = stop
            if block.size == BLOCK_ROWS:
                yield block
                block = Block()
    if block.size:
        yield block


def split_digests(digests: bytes) -> list[bytes]:
    """Split a version's concatenated digests into one per block."""
    return [digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES)]


def _contents(rows: Accepted) -> Iterator[tuple[str, bytes | memoryview]]:
    yield from _text_contents("id", rows.ids)
    for position, values in rows.numbers.items():
        yield f"number {position}", np.ascontiguousarray(values).data
    for position, cells in rows.texts.items():
        yield from _text_contents(f"text {position}", cells)


def _text_contents(name: str, cells: pa.StringArray) -> Iterator[tuple[str, bytes | memoryview]]:
    _, offset_buffer, characters = cells.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[cells.offset : cells.offset + len(cells) + 1]
    yield f"{name} lengths", np.diff(offsets).data
    yield f"{name} missing", cells.is_null().to_numpy(zero_copy_only=False).data
    if characters is not None:
        yield f"{name} characters", memoryview(characters)[int(offsets[0]) : int(offsets[-1])]
