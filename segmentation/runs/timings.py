"""Seconds by stage of a run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds by stage, those of one name added up; `total` runs from its making, or from `started`."""

    def __init__(self, started: float | None = None) -> None:
        self._started = time.perf_counter() if started is None else started
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - before

    def read(self) -> dict[str, float]:
        seconds = {**self._seconds, "total": time.perf_counter() - self._started}
        return {name: round(value, 4) for name, value in seconds.items()}
