"""Unpacks a gzip archive, or the one file of a zip archive, to standard output: a separate program.

It uses only the standard library.

It runs in a child process with memory and time limits, because an archive can come from anywhere and may be
built to exhaust the unpacker. The exit code tells the result: 0, one of those below, or Python's own for any
other error, with the traceback on standard error.

    python -I archive_child.py ARCHIVE MEMORY SECONDS      (bytes of address space; processor seconds)
"""

import gzip
import resource
import shutil
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

BLOCK_BYTES = 1024**2
DAMAGED = 3
TOO_MUCH = 4
NOT_ONE_FILE = 5
HAS_PASSWORD = 6


def main(archive: str, memory: str, seconds: str) -> int:
    limit(resource.RLIMIT_CPU, int(seconds))
    if sys.platform == "linux":  # on other platforms a process may map more than that from the start
        limit(resource.RLIMIT_AS, int(memory))
    limit(resource.RLIMIT_CORE, 0)
    try:
        with open_one(archive) as packed:
            shutil.copyfileobj(packed, sys.stdout.buffer, BLOCK_BYTES)
        sys.stdout.buffer.flush()
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError):
        return DAMAGED
    except LookupError:
        return NOT_ONE_FILE
    except RuntimeError:  # what `zipfile` raises for a file with a password
        return HAS_PASSWORD
    except MemoryError:
        return TOO_MUCH
    return 0


@contextmanager
def open_one(archive: str) -> Iterator[IO[bytes]]:
    """Open the contents of the archive; a `LookupError` if it does not have exactly one file."""
    with open(archive, "rb") as file:  # noqa: PTH123
        is_zip = file.read(2) == b"PK"
    if not is_zip:
        with gzip.open(archive) as packed:
            yield cast("IO[bytes]", packed)
        return
    with zipfile.ZipFile(archive) as folder:
        # What a Mac adds is no file of anybody.
        names = [
            entry for entry in folder.infolist() if not entry.is_dir() and "__MACOSX/" not in entry.filename
        ]
        if len(names) != 1:
            raise LookupError(archive)
        with folder.open(names[0]) as packed:
            yield packed


def limit(resource_kind: int, most: int) -> None:
    """Set a limit, unless a lower one is already in place."""
    _, hard = resource.getrlimit(resource_kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource_kind, (most, most))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
