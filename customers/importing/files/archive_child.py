"""Unpacks a gzip archive to standard output: a program of its own, on the standard library alone.

It runs in a child process with limits of memory and time, because an archive comes from anywhere and may be
made to exhaust whoever unpacks it. How it ends says how it went: 0, `DAMAGED`, `TOO_MUCH`, or as Python
ends with any other error, its traceback on standard error.

    python -I archive_child.py ARCHIVE MEMORY SECONDS      (bytes of address space; of processor time)
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
    if sys.platform == "linux":  # elsewhere a process may map more than that from the beginning
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
    """Allow no more than this; a limit that is lower already stays."""
    _, hard = resource.getrlimit(resource_kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource_kind, (most, most))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
