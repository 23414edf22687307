"""Where rows come from: a source is cut into tasks, and a task is read in blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from segmentation.analysis.samples import FloatArray

ROWS_PER_TASK = 2_000_000
ROWS_PER_BLOCK = 1 << 16


@dataclass(frozen=True)
class Task:
    """A piece of a source: rows from `start` up to, not including, `stop`.

    Tasks are cut from the source alone, never from workers, so that every engine joins the same states.
    """

    index: int
    start: int
    stop: int

    @property
    def rows(self) -> int:
        return self.stop - self.start


class Source(Protocol):
    """Rows of numbers that can be read again and again in the same order."""

    def tasks(self) -> Sequence[Task]:
        """Return the pieces of the source, in order."""
        ...

    def blocks(self, task: Task) -> Iterator[tuple[int, FloatArray]]:
        """Yield the rows of a task, as the number of the first and an array of shape (n_rows, n_columns)."""
        ...


@dataclass(frozen=True, eq=False)
class ArraySource:
    """The rows of an array in memory, shape (n_rows, n_columns)."""

    X: FloatArray
    rows_per_task: int = ROWS_PER_TASK

    def tasks(self) -> Sequence[Task]:
        starts = range(0, len(self.X), self.rows_per_task)
        return [
            Task(index, start, min(start + self.rows_per_task, len(self.X)))
            for index, start in enumerate(starts)
        ]

    def blocks(self, task: Task) -> Iterator[tuple[int, FloatArray]]:
        for start in range(task.start, task.stop, ROWS_PER_BLOCK):
            yield start, self.X[start : min(start + ROWS_PER_BLOCK, task.stop)]
