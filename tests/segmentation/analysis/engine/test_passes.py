"""A pass through a source, with a visitor that writes down what happened to it."""

import numpy as np
import pytest

from segmentation.analysis.engine.passes import LocalEngine
from segmentation.analysis.engine.source import ArraySource

ROWS = np.arange(10.0)[:, np.newaxis]


class Diary:
    """Notes the number and value of each row, and a bar at the end of a task."""

    def new(self):
        return ""

    def see(self, state, start, X):
        assert X[0, 0] == start
        return state + "".join(f"{value:.0f}" for value in X[:, 0])

    def merge(self, left, right):
        return left + right

    def close(self, state, task):
        return f"{state}|"


class Sum(Diary):
    """The sum of all rows: the same digits need the same order."""

    def new(self):
        return np.zeros(1)

    def see(self, state, start, X):
        return state + X.sum(axis=0)

    def close(self, state, task):
        return state


def run(visitor, rows_per_task=4, check=None):
    return LocalEngine().reduce(ArraySource(ROWS, rows_per_task=rows_per_task), visitor, check=check)


def test_tasks_are_seen_closed_and_joined_in_order():
    assert run(Diary()) == "0123|4567|89|"


@pytest.mark.parametrize("rows_per_task", [1, 3, 10, 1_000])
def test_the_result_is_the_same_for_any_size_of_task(rows_per_task):
    assert run(Sum(), rows_per_task) == 45
    assert run(Diary(), rows_per_task).replace("|", "") == "0123456789"


def test_no_rows_give_the_state_before_any_row():
    assert LocalEngine().reduce(ArraySource(ROWS[:0]), Diary()) == ""


def test_the_tasks_done_are_reported_one_by_one():
    done = []
    run(Diary(), check=done.append)
    assert done == [1, 2, 3]


def test_what_a_check_raises_ends_the_pass():
    seen = []

    class Watched(Diary):
        def close(self, state, task):
            seen.append(task.index)
            return state

    def cancel(done):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        run(Watched(), check=cancel)
    assert seen == [0]
