"""The memory limit of a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

if sys.platform != "win32":
    import resource


@contextmanager
def memory_limited() -> Iterator[None]:
    """Make allocations beyond `JOB_MEMORY_BYTES` raise `MemoryError` in this block; 0 means no limit.

    The limit covers the memory a process writes to, not the addresses it maps: library code and reserved
    stacks do not count. The kernel refuses the allocation, so the process survives and can report why;
    without the limit the kernel would kill some process once the machine runs out of memory.
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
