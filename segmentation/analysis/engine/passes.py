"""Passes over blocks: what touches every row is a visitor, and an engine takes it through a source."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Protocol, TypeVar

from segmentation.analysis.engine.source import Source, Task
from segmentation.analysis.samples import FloatArray

State = TypeVar("State")
Check = Callable[[int], None]


class Visitor(Protocol[State]):
    """What is computed in one pass: a state for each task, joined in the order of the tasks."""

    def new(self) -> State:
        """Return the state before any row was seen."""
        ...

    def see(self, state: State, start: int, X: FloatArray) -> State:
        """Return the state after the rows of X, whose first is row `start` of the source; may change it."""
        ...

    def merge(self, left: State, right: State) -> State:
        """Return the state of two neighbouring tasks; `left` stands before `right`."""
        ...

    def close(self, state: State, task: Task) -> State:
        """Return what a task hands over, after its last row."""
        ...


class Engine(Protocol):
    """Who runs a pass."""

    def reduce(self, source: Source, visitor: Visitor[State], *, check: Check | None = None) -> State:
        """Return the joined state of all tasks; `check` is called with the tasks done and may raise."""
        ...


class LocalEngine:
    """Run the tasks one after the other in this process."""

    def reduce(self, source: Source, visitor: Visitor[State], *, check: Check | None = None) -> State:
        states = []
        for done, task in enumerate(source.tasks(), start=1):
            states.append(run_task(source, visitor, task))
            if check is not None:
                check(done)
        return fold(visitor, states)


def run_task(source: Source, visitor: Visitor[State], task: Task) -> State:
    """Take a visitor through one task: all that runs away from the driver."""
    state = visitor.new()
    for start, block in source.blocks(task):
        state = visitor.see(state, start, block)
    return visitor.close(state, task)


def fold(visitor: Visitor[State], states: Iterable[State]) -> State:
    """Join the states of tasks in their order."""
    joined: Sequence[State] = list(states)
    return reduce(visitor.merge, joined) if joined else visitor.new()
