import numpy as np
import pytest

from segmentation.analysis.engine import source as sources
from segmentation.analysis.engine.source import ArraySource, Task


def test_seven_rows_are_three_tasks_of_at_most_three():
    source = ArraySource(np.zeros((7, 2)), rows_per_task=3)
    assert source.tasks() == [Task(0, 0, 3), Task(1, 3, 6), Task(2, 6, 7)]
    assert [task.rows for task in source.tasks()] == [3, 3, 1]


def test_no_rows_are_no_tasks():
    assert ArraySource(np.zeros((0, 2))).tasks() == []


@pytest.mark.parametrize("rows_per_block", [1, 2, 3, 100])
def test_blocks_hold_every_row_of_a_task_once_and_in_order(monkeypatch, rows_per_block):
    monkeypatch.setattr(sources, "ROWS_PER_BLOCK", rows_per_block)
    X = np.arange(14.0).reshape(7, 2)
    blocks = list(ArraySource(X).blocks(Task(0, 2, 7)))
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), X[2:7])
    assert [start for start, _ in blocks] == list(range(2, 7, rows_per_block))
    assert max(len(block) for _, block in blocks) <= rows_per_block
