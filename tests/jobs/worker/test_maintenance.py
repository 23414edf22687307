"""Real workers report that they are alive, and recover the jobs of those that are not."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db.models.functions import Now

from jobs.models import Job, Process
from jobs.worker import maintenance
from segmenter.embedded import processes

pytestmark = pytest.mark.django_db(transaction=True)

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def own_worker(site_environment, tmp_path) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker for one test, which may kill it."""
    arguments = ["-m", "celery", "-A", "segmenter", "worker", "--concurrency", "1", "--hostname", "own@tests"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = processes.start_bound(
            [sys.executable, *arguments, "--queues", "nobody-sends-here"],
            signal_if_orphaned=signal.SIGKILL,
            stdout=log,
            stderr=log,
            cwd=CHECKOUT,
            env={**site_environment, "JOB_HEARTBEAT_SECONDS": "0.2", "JOB_STALE_SECONDS": "2"},
        )
    yield process
    process.kill()
    process.wait()


def is_seen(pid: int) -> bool:
    return Process.objects.alive().filter(name__endswith=f":{pid}", role="worker").exists()


def test_a_worker_signs_on_and_signs_off(own_worker, wait_until):
    wait_until(lambda: is_seen(own_worker.pid))
    own_worker.terminate()
    wait_until(lambda: not Process.objects.filter(name__endswith=f":{own_worker.pid}").exists())


def test_the_maintenance_thread_survives_whatever_happens_to_it(monkeypatch, caplog):
    def break_down() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(maintenance, "recover_stale", break_down)
    care = maintenance.MaintenanceThread(Process.Role.WORKER)
    care._try(care.run_once)
    assert "will be retried" in caplog.text


def test_a_worker_recovers_a_job_that_another_one_left(own_worker, job, let_it_go_silent, wait_until):
    wait_until(lambda: is_seen(own_worker.pid))
    Job.objects.filter(pk=job.pk).update(state="running", attempt=2, heartbeat_at=Now())
    let_it_go_silent(job)
    wait_until(lambda: Job.objects.get(pk=job.pk).failure == "lost")
