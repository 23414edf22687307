"""Injections: workers that die, hang, run out of memory, or get a message twice."""

from __future__ import annotations

import os
import signal
import time

from fault_injections import injection
from fault_play import Play
from fault_stage import require, wait_for

from jobs.dispatch import send_message
from jobs.models import Process


@injection("1", "kill -9 of the child at 50 % of an import", is_short=True)
def kill_import(play: Play) -> None:
    customer_import = play.hold_import("importing customers", 0.5)
    killed = play.kill(play.stage.wait_held("half of the import"))
    play.see_recovery(customer_import.job_id, killed)
    play.stage.release()
    play.finish(customer_import.job_id)
    play.check_import(customer_import)


@injection("2", "kill -9 of the child at k = 5 of the sweep")
def kill_sweep(play: Play) -> None:
    run = play.hold_run("elbow sweep", done=5)
    killed = play.kill(play.stage.wait_held("at k = 5"))
    play.see_recovery(run.job_id, killed)
    play.stage.release()
    play.finish(run.job_id)
    play.check_run(run)
    again = play.start_run(run.random_state)
    play.finish(again.job_id)
    require(play.fingerprint(run) == play.fingerprint(again), "the resumed run has other labels")


def kill_assignments(play: Play, fraction: float) -> None:
    run = play.hold_run("assignments", fraction=fraction)
    killed = play.kill(play.stage.wait_held("while assignments are written"))
    play.see_recovery(run.job_id, killed)
    play.stage.release()
    play.finish(run.job_id)
    play.check_run(run)


@injection("3a", "kill -9 while assignments are written, at 10 %")
def kill_assignments_early(play: Play) -> None:
    kill_assignments(play, 0.1)


@injection("3b", "kill -9 while assignments are written, at 50 %", is_short=True)
def kill_assignments_half_way(play: Play) -> None:
    kill_assignments(play, 0.5)


@injection("3c", "kill -9 while assignments are written, at 99 %")
def kill_assignments_late(play: Play) -> None:
    kill_assignments(play, 0.96)


@injection("4", "kill -9 of every worker with its children")
def kill_all_workers(play: Play) -> None:
    run = play.hold_run("elbow sweep", done=3)
    play.stage.wait_held("in the sweep")
    killed = time.monotonic()
    for worker in list(play.stage.workers):
        play.stage.kill_tree(worker)
    client = play.client()
    wait_for(lambda: b"stalled" in client.get("/jobs/").content, "the page says stalled")
    wait_for(lambda: not Process.objects.alive().filter(role="worker").exists(), "no worker is seen")
    require(time.monotonic() - killed <= play.bar(45), "stalled or banner too late")
    play.stage.release()
    play.stage.start_worker()
    back = time.monotonic()
    play.finish(run.job_id, seconds=play.bar(60))
    play.measure(back, 60, "resumed after a worker is back")
    play.check_run(run)


@injection("5", "out of memory: a matrix of 1 TB", is_short=True)
def run_out_of_memory(play: Play) -> None:
    job_id, other = play.probe("allocate 1"), play.probe("sleep 0.1")
    asked = time.monotonic()
    job = play.finish(job_id, "failed")
    play.measure(asked, 60, "failed")
    require(job.failure == "memory" and "out of memory" in job.error and job.attempt == 1, job.error)
    play.finish(other)


@injection("6", "poison: a job that kills its process")
def poison(play: Play) -> None:
    asked = time.monotonic()
    job_id, other = play.probe("kill"), play.probe("sleep 0.1")
    play.finish(other)
    job = play.finish(job_id, "failed")
    require(play.starts(job_id) == job.attempt == 2 and job.failure == "lost", f"{job.attempt} attempts")
    # Two attempts, each of which is lost.
    play.worst = max(play.worst, (time.monotonic() - asked) / 2)


@injection("7", "one message 100 times, to two workers at once")
def deliver_often(play: Play) -> None:
    if len(play.stage.workers) < 2:
        play.stage.start_worker()
    job_id = play.probe("sleep 1")
    for _ in range(100):
        send_message("fault_tasks.execute_probe", job_id)
    play.finish(job_id)
    play.finish(play.probe("sleep 0"))
    require(play.starts(job_id) == play.publications(job_id) == 1, f"{play.starts(job_id)} starts")


@injection("8", "a zombie: SIGSTOP, and SIGCONT when another attempt has it")
def stop_and_continue(play: Play) -> None:
    run = play.hold_run("assignments", fraction=0.5)
    pid = play.stage.wait_held("in the middle of writing")
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        play.see_recovery(run.job_id, stopped)
        play.stage.release()
        job = play.finish(run.job_id)
        before = play.fingerprint(run)
        time.sleep(max(0.0, stopped + 90 / play.stage.scale - time.monotonic()))
    finally:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1 + 10 / play.stage.scale)
    require(play.job(run.job_id).attempt == job.attempt == 2, "the zombie published")
    require(play.fingerprint(run) == before, "the zombie changed something")
    play.check_run(run)


@injection("9", "a job that outlives the visibility timeout", is_kill=False)
def outlive_visibility(play: Play) -> None:
    play.stage.replace_workers(2, FAULT_VISIBILITY_SECONDS="2")
    job_id = play.probe("sleep 8")
    play.finish(job_id)
    require(play.starts(job_id) == play.publications(job_id) == 1, f"{play.starts(job_id)} starts")
    play.stage.replace_workers()
