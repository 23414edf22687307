"""The cost of heartbeat and progress for an import and a run of a million customers: at most 2 % of the time.

Everything counts, although most of it happens in parallel with the work: every progress report, every
heartbeat statement including the database's share, and the heartbeat's connection. The same work without a
heartbeat is timed as well, for comparison; on a busy machine that difference is mostly noise.
Run with: python -m bench jobs
"""

import contextlib
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.site import fresh_site

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]
AT_MOST = 0.02


class Meter:
    """Adds up the seconds a job spends on heartbeat and progress."""

    def __init__(self) -> None:
        self.seconds, self.reports, self.statements = 0.0, 0, 0

    def timed(self, function: Callable[..., Any], counter: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            before = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - before
                setattr(self, counter, getattr(self, counter) + 1)

        return call

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        from jobs.worker import claim, heartbeat

        report, connect = claim.Claim.report, heartbeat._connect

        def connect_timed(parameters: dict[str, Any]) -> Any:
            beating = self.timed(connect, "statements")(parameters)
            beating.execute = self.timed(beating.execute, "statements")
            return beating

        claim.Claim.report = self.timed(report, "reports")  # type: ignore[method-assign]
        heartbeat._connect = connect_timed
        try:
            yield
        finally:
            claim.Claim.report, heartbeat._connect = report, connect  # type: ignore[method-assign]


@contextlib.contextmanager
def without_heartbeat() -> Iterator[None]:
    from jobs.worker import execution
    from jobs.worker.claim import Claim

    report, kept_alive = Claim.report, execution.kept_alive
    Claim.report = lambda *args: None  # type: ignore[method-assign]
    execution.kept_alive = lambda claim: contextlib.nullcontext()
    try:
        yield
    finally:
        Claim.report, execution.kept_alive = report, kept_alive  # type: ignore[method-assign]


def import_customers(path: Path, name: str) -> Any:
    from customers.importing.pipeline import create_dataset, import_now

    dataset = create_dataset(name)
    with path.open("rb") as file:
        customer_import = import_now(dataset, file, path.name)
    assert customer_import.created_count == ROWS, customer_import.job.error
    dataset.refresh_from_db()
    return dataset


def segment(dataset: Any) -> None:
    from jobs.worker.execution import execute
    from segmentation.models import SegmentationRun
    from segmentation.runs.execute import execute_run
    from segmentation.runs.request import RunRequest, start_run

    run = start_run(RunRequest(dataset=dataset, features=FEATURES), foreground=True)
    execute(run.job_id, execute_run)
    assert SegmentationRun.objects.get(pk=run.pk).k


def clocked(work: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    before = time.perf_counter()
    result = work(*args)
    return time.perf_counter() - before, result


def main() -> int:
    with fresh_site() as folder:
        from django.core.management import call_command

        path = folder / "customers.csv"
        call_command("make_sample", str(path), rows=ROWS, stdout=io.StringIO())
        segment(import_customers(path, "Warm-up"))  # loads the libraries, as a worker has them
        silent: dict[str, list[float]] = {"import": [], "run": []}
        beating: dict[str, list[float]] = {"import": [], "run": []}
        meters = {"import": Meter(), "run": Meter()}
        for number in range(ROUNDS):
            with without_heartbeat():
                seconds, dataset = clocked(import_customers, path, f"Silent {number}")
                silent["import"].append(seconds)
                silent["run"].append(clocked(segment, dataset)[0])
            with meters["import"].attached():
                seconds, dataset = clocked(import_customers, path, f"Beating {number}")
            beating["import"].append(seconds)
            with meters["run"].attached():
                beating["run"].append(clocked(segment, dataset)[0])
    return report(silent, beating, meters)


def report(silent: dict[str, list[float]], beating: dict[str, list[float]], meters: dict[str, Meter]) -> int:
    print(f"Heartbeat and progress, {ROWS:,} customers; medians of {ROUNDS}")
    worst = 0.0
    for kind, meter in meters.items():
        share = meter.seconds / sum(beating[kind])
        worst = max(worst, share)
        print(
            f"  {kind:<8}{statistics.median(silent[kind]):>7.2f} s without, "
            f"{statistics.median(beating[kind]):.2f} s with; spent on it "
            f"{1000 * meter.seconds / ROUNDS:.0f} ms "
            f"({meter.reports // ROUNDS} reports, {meter.statements // ROUNDS} statements): {share:.2%} "
            f"(at most {AT_MOST:.0%})"
        )
    return int(worst > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
