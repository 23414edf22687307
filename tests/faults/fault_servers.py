"""Injections: clicks, the queue and the database."""

from __future__ import annotations

import os
import signal
import threading
import time

from django.db import connection, transaction
from fault_injections import injection
from fault_play import Play
from fault_stage import FaultError, require, wait_for

from jobs.models import Job
from segmentation.models import SegmentationRun


@injection("10", "ten clicks on “Run” at the same moment", is_short=True)
def click_ten_times(play: Play) -> None:
    state, found, barrier = play.next_number(), [], threading.Barrier(10)

    def click() -> None:
        barrier.wait(30)
        try:
            found.append(play.start_run(state).pk)
        finally:
            connection.close()

    before = SegmentationRun.objects.count()
    threads = [threading.Thread(target=click) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    require(len(found) == 10 and len(set(found)) == 1, found)
    require(SegmentationRun.objects.count() == before + 1, "more than one run")
    play.finish(SegmentationRun.objects.get(pk=found[0]).job_id)


@injection("11", "the broker is down when somebody asks for a run", is_short=True)
def ask_without_broker(play: Play) -> None:
    client = play.client()
    with play.stage.kept_down("valkey"):
        asked = time.monotonic()
        run = play.start_run(play.next_number())
        require(time.monotonic() - asked <= 2, "the answer took too long")
        # While beat tries to send it again, the page does not say so for a moment.
        wait_for(
            lambda: b"waiting for the queue" in client.get(run.get_absolute_url()).content,
            "the page says that the queue is away",
            seconds=5,
        )
    back = time.monotonic()
    wait_for(lambda: play.job(run.job_id).attempt > 0, "it is sent and taken")
    play.measure(back, 60, "sent after the broker is back")
    play.finish(run.job_id)


@injection("11b", "the broker hangs (SIGSTOP) when somebody asks for a run", is_kill=False, is_short=True)
def ask_hanging_broker(play: Play) -> None:
    pid = play.stage.server_pid("valkey")
    os.kill(pid, signal.SIGSTOP)
    try:
        asked = time.monotonic()
        run = play.start_run(play.next_number())
        require(time.monotonic() - asked <= 2, f"the answer took {time.monotonic() - asked:.1f} s")
    finally:
        os.kill(pid, signal.SIGCONT)
    back = time.monotonic()
    play.finish(run.job_id)
    play.measure(back, 60, "done after the broker is back")


@injection("11c", "the broker killed while a worker holds a message", is_short=True)
def lose_broker_of_busy_worker(play: Play) -> None:
    (worker,) = play.stage.workers
    job_id = play.probe("sleep 3")
    wait_for(lambda: play.job(job_id).attempt > 0, "it is taken")
    with play.stage.kept_down("valkey"):
        time.sleep(0.5)  # the worker sees that its connection is gone
    back = time.monotonic()
    play.finish(job_id)
    play.finish(play.probe("sleep 0"))
    play.measure(back, 60, "the next job done after the broker is back")
    require(worker.poll() is None, "the worker ended with its broker")


@injection("12", "the broker killed and emptied with 20 jobs queued")
def lose_all_messages(play: Play) -> None:
    import redis

    jobs = [play.probe("sleep 0.2") for _ in range(20)]
    pid = play.stage.kill_server("valkey")
    play.stage.wait_for_server("valkey", but=pid)
    redis.Redis(unix_socket_path=str(play.stage.sockets / "valkey.sock")).flushall()
    lost = time.monotonic()
    for job_id in jobs:
        play.finish(job_id)
    play.measure(lost, 120, "all done")
    require(all(play.publications(job_id) == 1 for job_id in jobs), "not every job published once")


@injection("13a", "PostgreSQL restarted in the middle of an import", is_short=True)
def restart_database_in_import(play: Play) -> None:
    customer_import = play.hold_import("importing customers", 0.5)
    play.stage.wait_held("half of the import")
    restart_database(play, customer_import.job_id)
    play.check_import(customer_import)


@injection("13b", "PostgreSQL restarted in the middle of a run")
def restart_database_in_run(play: Play) -> None:
    run = play.hold_run("assignments", fraction=0.5)
    play.stage.wait_held("in the middle of writing")
    restart_database(play, run.job_id)
    play.check_run(run)


@injection("13c", "PostgreSQL killed (-9) in the middle of a run")
def kill_database_in_run(play: Play) -> None:
    run = play.hold_run("elbow sweep", done=3)
    play.stage.wait_held("in the sweep")
    restart_database(play, run.job_id, signal.SIGKILL)
    play.check_run(run)


@injection("13d", "PostgreSQL restarted in the middle of a COPY", is_short=True)
def restart_database_in_copy(play: Play) -> None:
    job_id = play.hold_probe("copy 20", "copying", done=10)
    play.stage.wait_held("in the middle of the COPY")
    restart_database(play, job_id)
    require(play.publications(job_id) == 1 and play.take_copied() == 20, "not all of it, once")


def restart_database(play: Play, job_id: int, number: int = signal.SIGINT) -> None:
    """Restart it; the work goes on when it is away."""
    connection.close()
    pid = play.stage.kill_server("postgresql", number)
    play.stage.release()
    play.stage.wait_for_server("postgresql", but=pid)
    back = time.monotonic()
    if play.stage.others and (play.stage.data_dir / "web.sock").exists():
        wait_for(lambda: play.stage.web_status() == 200, "the web is well")
        require(time.monotonic() - back <= 5, "the web was not well in time")
    job = play.finish(job_id)
    play.measure(back, 60, "done after the database is back")
    require(job.attempt <= 2, "it cost more than one attempt")


@injection("14", "a rollback after the job was asked for", is_kill=False, is_short=True)
def roll_back(play: Play) -> None:
    made = []
    try:
        with transaction.atomic():
            made.append(play.probe("sleep 0"))
            raise FaultError("roll back")
    except FaultError:
        time.sleep(1)
    require(not Job.objects.filter(pk=made[0]).exists() and not play.starts(made[0]), "it was sent")
