"""Two workers, a maintenance thread and a person acting on the same jobs at once, on real PostgreSQL.

A model in plain Python says what each step may do. Steps are taken one by one, and in simultaneous pairs,
whose result must match one of the two possible orders. One worker's clock is an hour ahead and the other's an
hour behind, which must make no difference.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from jobs import lifecycle
from jobs.errors import JobCancelled, JobSuperseded
from jobs.failures import out_of_memory
from jobs.models import Job, Process
from jobs.worker import recovery
from jobs.worker.claim import Claim, Progress
from jobs.worker.heartbeat import BEAT, beat_row
from jobs.worker.recovery import recover_stale

LIMIT = 2
LANE = "shop"


@dataclass
class ModelJob:
    state: str = "queued"
    attempt: int = 0
    limit: int = LIMIT
    cancel: bool = False
    is_silent: bool = False
    published: int = 0

    def lose(self) -> None:
        again = "queued" if self.attempt < self.limit else "failed"
        self.state = "cancelled" if self.cancel else again


@dataclass
class Model:
    """Two jobs in one lane, the older first, and the attempt each worker believes it has."""

    jobs: list[ModelJob] = field(default_factory=lambda: [ModelJob(), ModelJob()])
    claims: dict[tuple[int, int], int] = field(default_factory=dict)

    def claim(self, worker: int, number: int) -> int | None:
        job, other = self.jobs[number], self.jobs[1 - number]
        is_first = other.state != "running" and (number == 0 or other.state != "queued")
        if job.state != "queued" or not is_first:
            return None
        job.state, job.attempt, job.is_silent = "running", job.attempt + 1, False
        self.claims[worker, number] = job.attempt
        return job.attempt

    def _mine(self, worker: int, number: int) -> ModelJob | None:
        job = self.jobs[number]
        owns = job.state == "running" and job.attempt == self.claims.get((worker, number))
        return job if owns else None

    def beat(self, worker: int, number: int) -> bool | None:
        job = self._mine(worker, number)
        if job is None:
            return None
        job.is_silent = False
        return job.cancel

    def succeed(self, worker: int, number: int) -> str:
        job = self._mine(worker, number)
        if job is None:
            return "superseded"
        if job.cancel:
            return "cancelled"
        job.state, job.published = "succeeded", job.published + 1
        return "published"

    def fail(self, worker: int, number: int) -> bool:
        return self._end(worker, number, "failed")

    def finish_cancelled(self, worker: int, number: int) -> bool:
        return self._end(worker, number, "cancelled")

    def _end(self, worker: int, number: int, state: str) -> bool:
        job = self._mine(worker, number)
        if job is not None:
            job.state = state
        return job is not None

    def give_back(self, worker: int, number: int) -> bool:
        job = self._mine(worker, number)
        if job is not None:
            job.lose()
        return job is not None

    def cancel(self, worker: int, number: int) -> bool:
        job = self.jobs[number]
        if job.state == "queued":
            job.state = "cancelled"
        elif job.state != "running":
            return False
        job.cancel = True
        return True

    def silence(self, worker: int, number: int) -> None:
        self.jobs[number].is_silent |= self.jobs[number].state == "running"

    def recover(self, worker: int, number: int) -> None:
        for job in self.jobs:
            if job.state == "running" and job.is_silent:
                job.lose()

    def retry(self, worker: int, number: int) -> bool:
        job = self.jobs[number]
        if job.state != "failed":
            return False
        job.state, job.cancel, job.limit = "queued", False, job.attempt + LIMIT
        return True


class Database:
    """The same steps on the database's rows."""

    def __init__(self) -> None:
        self.ids = [Job.objects.create(kind="run", lane=LANE, sent_at=Now()).pk for _ in range(2)]
        self.claims: dict[tuple[int, int], int] = {}

    def claim(self, worker: int, number: int) -> int | None:
        attempt = lifecycle.claim(self.ids[number])
        if attempt is not None:
            self.claims[worker, number] = attempt
        return attempt

    def _key(self, worker: int, number: int) -> tuple[int, int]:
        return self.ids[number], self.claims.get((worker, number), 0)

    def beat(self, worker: int, number: int) -> bool | None:
        """What the heartbeat thread reads: whether to cancel, or nothing if another attempt has the job."""
        with connection.cursor() as cursor:
            cursor.execute(BEAT, beat_row(Claim(*self._key(worker, number)), Progress("working")))
            row = cursor.fetchone()
        return row[0] if row else None

    def succeed(self, worker: int, number: int) -> str:
        job_id, attempt = self._key(worker, number)
        try:
            with transaction.atomic():
                Process.objects.create(role="worker", name=f"{job_id} published by {attempt}")
                lifecycle.succeed(job_id, attempt)
        except JobCancelled:
            return "cancelled"
        except (JobSuperseded, IntegrityError):  # the name exists: it was published before
            return "superseded"
        return "published"

    def fail(self, worker: int, number: int) -> bool:
        return lifecycle.fail(*self._key(worker, number), out_of_memory())

    def finish_cancelled(self, worker: int, number: int) -> bool:
        return lifecycle.finish_cancelled(*self._key(worker, number))

    def give_back(self, worker: int, number: int) -> bool:
        return lifecycle.give_back(*self._key(worker, number))

    def cancel(self, worker: int, number: int) -> bool:
        return lifecycle.request_cancel(self.ids[number])

    def silence(self, worker: int, number: int) -> None:
        running = Job.objects.filter(pk=self.ids[number], state="running")
        running.update(heartbeat_at=Now() - timedelta(minutes=5))

    def recover(self, worker: int, number: int) -> None:
        recover_stale()

    def retry(self, worker: int, number: int) -> bool:
        return lifecycle.retry(self.ids[number])


@dataclass(frozen=True)
class Step:
    name: str
    worker: int
    number: int

    def take(self, world: Model | Database) -> object:
        CLOCK.offset = (3600, -3600)[self.worker]
        return getattr(world, self.name)(self.worker, self.number)


class Clock(threading.local):
    """By how many seconds the clock of this thread's worker is wrong."""

    offset = 0


CLOCK = Clock()


@pytest.fixture
def wrong_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    right, now = time.time, timezone.now
    monkeypatch.setattr(time, "time", lambda: right() + CLOCK.offset)
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=CLOCK.offset))


NAMES = [name for name in vars(Database) if not name.startswith("_")]
steps = st.builds(Step, st.sampled_from(NAMES), st.integers(0, 1), st.integers(0, 1))


class TwoWorkers(RuleBasedStateMachine):
    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self.pool = pool

    @initialize()
    def begin(self) -> None:
        Process.objects.all().delete()
        Job.objects.all().delete()
        self.model, self.database = Model(), Database()

    @rule(step=steps)
    def one_step(self, step: Step) -> None:
        assert step.take(self.database) == step.take(self.model), step

    @rule(first=steps, second=steps)
    def two_steps_at_the_same_moment(self, first: Step, second: Step) -> None:
        barrier = threading.Barrier(2)
        futures = [self.pool.submit(at_once, barrier, step, self.database) for step in (first, second)]
        came_out = [future.result(timeout=90) for future in futures]
        possible = []
        for order in permutations([(0, first), (1, second)]):
            model, results = deepcopy(self.model), [None, None]
            for position, step in order:
                results[position] = step.take(model)
            possible.append((model, results))
            if results == came_out and seen(model) == self.rows():
                self.model = model
                return
        raise AssertionError(f"{first} and {second} gave {came_out}, {self.rows()}; possible: {possible}")

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        assert self.rows() == seen(self.model)

    @invariant()
    def one_of_the_lane_runs_and_each_publishes_once(self) -> None:
        assert [job.state for job in self.model.jobs].count("running") <= 1
        for job in self.model.jobs:
            assert job.published == (job.state == "succeeded")

    def rows(self) -> list[tuple[object, ...]]:
        names = list(Process.objects.values_list("name", flat=True))
        return [
            (
                job.state,
                job.attempt,
                job.cancel_requested_at is not None,
                sum(name.startswith(f"{job.pk} ") for name in names),
                job.state == "running" and abs(job.silent_seconds) > 120,
            )
            for job in Job.objects.with_clock().order_by("pk")
        ]


def seen(model: Model) -> list[tuple[object, ...]]:
    return [
        (job.state, job.attempt, job.cancel, job.published, job.state == "running" and job.is_silent)
        for job in model.jobs
    ]


def at_once(barrier: threading.Barrier, step: Step, database: Database) -> object:
    barrier.wait(60)
    return step.take(database)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Two threads, each with its own connection."""
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        yield pool
        for future in [pool.submit(close_connection, barrier) for _ in range(2)]:
            future.result(timeout=60)


def close_connection(barrier: threading.Barrier) -> None:
    barrier.wait(30)  # so that each of the threads does it
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_concurrent_steps_of_two_workers_match_some_serial_order(pool, sent, wrong_clocks, monkeypatch):
    # On a busy machine the other step may hold a row for a second; giving up then matches neither order.
    monkeypatch.setattr(recovery, "LOCK_TIMEOUT", "60s")
    run_state_machine_as_test(
        lambda: TwoWorkers(pool),
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
