"""Connections to the cache that all threads of a process share: Django makes a pool for each of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from redis import ConnectionPool


class SharedConnectionPool:
    """For Django's `pool_class`: the same pool whenever the same is asked for."""

    @staticmethod
    def from_url(url: str, **options: Any) -> ConnectionPool:
        return _pool(url, **options)


@cache
def _pool(url: str, **options: Any) -> ConnectionPool:
    return ConnectionPool.from_url(url, **options)
