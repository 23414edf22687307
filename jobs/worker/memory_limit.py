"""How much memory one job may take."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

if sys.platform != "win32":
    import resource


@contextmanager
def memory_limited() -> Iterator[None]:
    """Let an allocation beyond `JOB_MEMORY_BYTES` raise `MemoryError` in this block; 0 means no limit.

    The limit is on the memory a process writes to, not on the addresses it maps: a library's code and a
    thread's reserve do not count. The kernel refuses the allocation, so the process lives on and says why;
    without the limit the kernel would kill some process, when all memory of the machine is gone.
    """
    if not settings.JOB_MEMORY_BYTES or sys.platform == "win32":
        yield
        return
    before, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = settings.JOB_MEMORY_BYTES
    allowed = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, ceiling))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, ceiling))
