"""Unpacks a gzip archive to standard output: a separate program that uses only the standard library.

It runs in a child process with memory and time limits, because an archive can come from anywhere and may be
built to exhaust the unpacker. The exit code tells the result: 0, `DAMAGED`, `TOO_MUCH`, or Python's own for
any other error, with the traceback on standard error.

    python -I archive_child.py ARCHIVE MEMORY SECONDS      (bytes of address space; processor seconds)
"""

import gzip
import resource
import shutil
import sys
import zlib

BLOCK_BYTES = 1024**2
DAMAGED = 3
TOO_MUCH = 4


def main(archive: str, memory: str, seconds: str) -> int:
    limit(resource.RLIMIT_CPU, int(seconds))
    if sys.platform == "linux":  # on other platforms a process may map more than that from the start
        limit(resource.RLIMIT_AS, int(memory))
    limit(resource.RLIMIT_CORE, 0)
    try:
        with gzip.open(archive) as packed:
            shutil.copyfileobj(packed, sys.stdout.buffer, BLOCK_BYTES)
        sys.stdout.buffer.flush()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return DAMAGED
    except MemoryError:
        return TOO_MUCH
    return 0


def limit(resource_kind: int, most: int) -> None:
    """Set a limit, unless a lower one is already in place."""
    _, hard = resource.getrlimit(resource_kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource_kind, (most, most))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
