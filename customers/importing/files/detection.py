"""The first look at a file's bytes: file type, encoding and size.

One fast pass over the whole file. The result decides how the rows can be read.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.files.archives import open_archive
from customers.importing.files.encodings import WINDOWS, EncodingLook

BLOCK_BYTES = 4 * 1024**2
# A line longer than this is not a customer: most likely a quotation mark is never closed.
MAX_LINE_BYTES = 16 * 1024**2
# Real exports do not compress better than this.
MAX_RATIO = 200

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
MARK_LENGTHS = {encoding: len(mark) for mark, encoding in BYTE_ORDER_MARKS.items()}
FOREIGN = {
    b"PK": gettext_lazy("a zip archive or an Excel workbook"),
    b"\x1f\x8b": gettext_lazy("a gzip archive"),
    b"%PDF": gettext_lazy("a PDF document"),
    b"\x89PNG": gettext_lazy("a picture"),
    b"\xff\xd8\xff": gettext_lazy("a picture"),
    b"GIF8": gettext_lazy("a picture"),
    b"\xd0\xcf\x11\xe0": gettext_lazy("an old Excel workbook, or one with a password"),
    b"{\\rtf": gettext_lazy("a text document"),
    b"BZh": gettext_lazy("a bzip2 archive"),
    b"7z\xbc\xaf": gettext_lazy("a 7-Zip archive"),
    b"Rar!": gettext_lazy("a RAR archive"),
    b"PAR1": gettext_lazy("a Parquet file"),
    b"SQLite format 3": gettext_lazy("a database"),
}

LINE_FEED = ord("\n")


class LongLineError(ImportRefusedError):
    """A line is far too long."""

    def __init__(self, line: int) -> None:
        limit = _size(MAX_LINE_BYTES)
        text = _("Line %(line)s is longer than %(limit)s: this does not look like a list of customers.")
        super().__init__(text % {"line": line, "limit": limit})


@dataclass(frozen=True)
class Scan:
    """What is known about a text file's bytes, whatever their encoding."""

    lines: int
    has_nul: bool
    # Lines end with a carriage return only, as written by Excel for old Macs.
    has_lone_returns: bool
    # The encoding named by its byte-order mark; empty if it has none.
    marked: str = ""
    # The encoding by its mark or its characters; empty if unclear.
    encoding: str = ""
    # Every other byte is NUL, as in UTF-16, but there is no mark.
    seems_wide: bool = False
    # If the encoding is unclear, the likeliest one.
    guess: str = WINDOWS

    def find_encoding(self) -> str:
        """The detected encoding.

        Raises
        ------
        AmbiguousFileError
            It is unclear; the guess is the likeliest one.
        """
        if self.encoding:
            return self.encoding
        sentence = _(
            "The character encoding of this file could not be detected: choose it, or save the file as UTF-8."
        )
        if self.seems_wide:
            sentence = _("The file seems to be UTF-16 without a byte-order mark: save it as UTF-8.")
        raise AmbiguousFileError(sentence, "--encoding", guess=self.guess)


@dataclass(frozen=True)
class TableFormat:
    """How to read a text file."""

    scan: Scan
    encoding: str
    delimiter: str
    compressed: bool = False
    # Converted from a workbook: line breaks inside cells are marked, so that each row is one line.
    is_sheet: bool = False
    # Lines before the header: a `sep=` line, blank ones.
    lines_before: int = 0
    quote: str = '"'
    # Spaces before a cell are no part of it, so that a quotation mark may follow them.
    skips_spaces: bool = False

    @property
    def is_wide(self) -> bool:
        return self.encoding.startswith("utf-16")

    @property
    def has_nul(self) -> bool:
        """Whether it contains a NUL character."""
        return self.scan.has_nul and not self.is_wide

    @property
    def has_plain_lines(self) -> bool:
        """Whether its bytes can be split at line feeds, so that the faster reader can be used."""
        odd = self.has_nul or self.scan.has_lone_returns or self.is_wide
        return not odd and self.delimiter.isascii() and self.quote == '"'

    def read(self, path: Path) -> Iterator[bytes]:
        """Read a file block by block, unpacked and without its byte-order mark."""
        skip = MARK_LENGTHS[self.encoding] if self.scan.marked == self.encoding else 0
        for block in open_blocks(path, compressed=self.compressed):
            yield block[skip:]
            skip = 0


def open_blocks(path: Path, *, compressed: bool) -> Iterator[bytes]:
    """Read a file block by block, unpacked if it is compressed.

    Raises
    ------
    ImportRefusedError
        The archive is damaged, or expands beyond all proportion.
    """
    unpacked, limit = 0, max(path.stat().st_size * MAX_RATIO, 64 * 1024**2)
    with open_archive(path) if compressed else path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            unpacked += len(block)
            if compressed and unpacked > limit:
                text = _(
                    "This archive expands to more than %(ratio)s times its size and was not read: "
                    "upload the file uncompressed."
                )
                raise ImportRefusedError(text % {"ratio": MAX_RATIO})
            yield block


def count_line_feeds(block: bytes) -> int:
    """Count the line feeds in a block: three times as fast as `bytes.count` if there are many."""
    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == LINE_FEED))


def scan(path: Path, *, compressed: bool = False, max_bytes: int, max_lines: int = 2**62) -> Scan:
    """Read every byte once.

    Parameters
    ----------
    max_bytes, max_lines
        Limits for the unpacked file.

    Raises
    ------
    ImportRefusedError
        It is empty, too large, or not a text file.
    """
    scanner = _Scanner(max_bytes, max_lines)
    for block in open_blocks(path, compressed=compressed):
        scanner.look(block)
    return scanner.conclude()


class _Scanner:
    """Collects the result of `scan`, block by block."""

    def __init__(self, max_bytes: int, max_lines: int) -> None:
        self.max_bytes, self.max_lines = max_bytes, max_lines
        self.size = self.line_feeds = self.returns = self.windows_ends = 0
        self.has_nul = False
        self.head = b""
        self.since_line_end = 0
        self.last_was_return = False
        self.encoding = EncodingLook()

    def look(self, block: bytes) -> None:
        if not self.size:
            self.head = block[: 64 * 1024]
            refuse_foreign(self.head)
        self.size += len(block)
        if self.size > self.max_bytes:
            text = _("The file is larger than %(limit)s, which is the most that can be imported.")
            raise ImportRefusedError(text % {"limit": _size(self.max_bytes)})
        self.has_nul |= b"\0" in block
        self._count_lines(block)
        if max(self.line_feeds, self.returns) > self.max_lines:
            text = _("The file has more than %(limit)s rows, which is the most that can be imported.")
            raise ImportRefusedError(text % {"limit": f"{self.max_lines:,}"})
        self.encoding.look(block)

    def _count_lines(self, block: bytes) -> None:
        feeds = count_line_feeds(block)
        self.line_feeds += feeds
        if returns := block.count(b"\r"):
            self.returns += returns
            self.windows_ends += block.count(b"\r\n")
        if self.last_was_return and block.startswith(b"\n"):
            self.windows_ends += 1
        self.last_was_return = block.endswith(b"\r")
        if feeds or returns:
            self.since_line_end = len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r"))
        else:
            self.since_line_end += len(block)
        if self.since_line_end > MAX_LINE_BYTES:
            line = 1 + max(self.line_feeds, self.returns)
            raise LongLineError(line)

    def conclude(self) -> Scan:
        mark = next((mark for mark in BYTE_ORDER_MARKS if self.head.startswith(mark)), b"")
        if self.size == len(mark) or (self.size < BLOCK_BYTES and not self.head.strip(b"\r\n\t \0")):
            raise ImportRefusedError(_("The file is empty."))
        marked = BYTE_ORDER_MARKS.get(mark, "")
        seems_wide = not marked and _looks_wide(self.head)
        encoding, guess = self.encoding.find_encoding()
        return Scan(
            lines=max(self.line_feeds, self.returns) + (self.since_line_end > 0),
            has_nul=self.has_nul,
            has_lone_returns=self.returns != self.windows_ends,
            marked=marked,
            encoding=marked or ("" if seems_wide else encoding),
            seems_wide=seems_wide,
            guess=guess or WINDOWS,
        )


def refuse_foreign(head: bytes) -> None:
    """Refuse anything that is not a text file, whatever its name says."""
    for magic, name in FOREIGN.items():
        if head.startswith(magic):
            raise ImportRefusedError(_("This is %(name)s, not a CSV file.") % {"name": name})


def _looks_wide(head: bytes) -> bool:
    half = max(1, len(head) // 2)
    return max(head[0::2].count(0), head[1::2].count(0)) > 0.3 * half and not head.count(0) / len(head) > 0.9


def _size(size: int) -> str:
    return f"{size / 1024**3:g} GB" if size >= 1024**3 else f"{size / 1024**2:.3g} MB"
