"""Unpacks a gzip archive to standard output: a program of its own, on the standard library alone.

It runs in a child process with limits of memory and time, because an archive comes from anywhere and may be
made to exhaust whoever unpacks it. How it ends says how it went: 0, or `DAMAGED`.

    python -I unpacker.py ARCHIVE MEMORY SECONDS      (bytes of address space; of processor time)
"""

import gzip
import resource
import shutil
import sys
import zlib

BLOCK_BYTES = 1024**2
DAMAGED = 3


def main(archive: str, memory: str, seconds: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with gzip.open(archive) as packed:
            shutil.copyfileobj(packed, sys.stdout.buffer, BLOCK_BYTES)
        sys.stdout.buffer.flush()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
