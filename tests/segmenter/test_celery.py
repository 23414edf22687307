"""How the worker is set up."""

import os
from pathlib import Path

import pytest

from segmenter.celery import NICENESS

pytestmark = pytest.mark.django_db(transaction=True)


def test_jobs_yield_to_pages(worker, worker_process, wait_until):
    """The processes that do the work have a lower priority; the one that takes messages has not."""
    pid = worker_process.process.pid

    def niceness_of_children():
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [os.getpriority(os.PRIO_PROCESS, int(child)) for child in children]

    before = os.getpriority(os.PRIO_PROCESS, pid)
    wait_until(lambda: niceness_of_children().count(before + NICENESS) >= 2)
