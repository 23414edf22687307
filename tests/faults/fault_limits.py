"""Injections: cancelling, limits, full disks, clocks, beats, deleting, crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from random import Random

from django.db import connection
from fault_injections import injection
from fault_play import Play
from fault_stage import CHECKOUT, FaultError, require, wait_for

from jobs.lifecycle import request_cancel
from jobs.models import Job
from segmentation.deletion import StillBusyError, delete_dataset

HELD_STAGES = [
    ("reading the customers", {}),
    ("elbow sweep", {"done": 3}),
    ("scoring", {"done": 3}),
    ("finding", {}),
    ("describing", {}),
    ("storing", {}),
    ("assignments", {"fraction": 0.5}),
]


@injection("15", "cancelled at every stage of a run, and of an import")
def cancel_everywhere(play: Play) -> None:
    for stage, place in HELD_STAGES:
        run = play.hold_run(stage, **place)
        play.stage.wait_held(stage)
        cancel(play, run.job_id)
        run.refresh_from_db()
        require(run.k is None, "a cancelled run published")
    customer_import = play.hold_import("importing customers", 0.5)
    play.stage.wait_held("half of the import")
    cancel(play, customer_import.job_id)


def cancel(play: Play, job_id: int) -> None:
    asked = time.monotonic()
    require(request_cancel(job_id), "it cannot be cancelled")
    if play.job(job_id).stage.lower().startswith("storing"):
        play.stage.release()
    play.finish(job_id, "cancelled")
    require(time.monotonic() - asked <= 10, f"cancelled after {time.monotonic() - asked:.1f} s")
    play.worst = max(play.worst, time.monotonic() - asked)
    play.stage.release()


@injection("15b", "cancelled, and killed before it could stop", is_short=True)
def cancel_and_kill(play: Play) -> None:
    run = play.hold_run("assignments", fraction=0.5)
    pid = play.stage.wait_held("in the middle of writing")
    os.kill(pid, signal.SIGSTOP)
    request_cancel(run.job_id)
    killed = play.kill(pid)
    play.finish(run.job_id, "cancelled")
    play.measure(killed, 60, "cancelled")
    play.stage.release()


@injection("15c", "cancelled at twenty random moments of runs and imports", is_kill=False)
def cancel_any_time(play: Play) -> None:
    random = Random(0)
    usual, cancelled = min(play.time_run() for _ in range(3)), 0  # the first ones load the libraries
    for number in range(20):
        started = play.start_import() if number % 2 else play.start_run(play.next_number())
        wait_for(lambda started=started: play.job(started.job_id).attempt, "it is taken")
        time.sleep(random.uniform(0, usual))
        asked = time.monotonic()
        if not request_cancel(started.job_id):
            continue  # it had ended already
        wait_for(lambda started=started: not play.job(started.job_id).is_active, "it has ended")
        play.worst = max(play.worst, time.monotonic() - asked)
        state = play.job(started.job_id).state
        require(state == "cancelled", f"it has {state} though it could be cancelled")
        cancelled += 1
    require(cancelled >= 3, f"{cancelled} were cancelled, which says nothing")
    require(play.worst <= 10, f"cancelled after {play.worst:.1f} s")


@injection("16", "past the time limit: in Python, and in native code", is_kill=False)
def take_too_long(play: Play) -> None:
    play.stage.replace_workers(JOB_TIME_LIMIT_SECONDS="3", JOB_TIME_GRACE_SECONDS=str(10 / play.stage.scale))
    for act in ("deaf 600", "native"):
        job_id = play.probe(act)
        wait_for(lambda job_id=job_id: play.starts(job_id), "it begins")
        began = time.monotonic()
        job = play.finish(job_id, "failed")
        require(job.failure == "time", job.error)
        require(time.monotonic() - began <= 3 + play.bar(30), "failed too late")
        play.worst = max(play.worst, time.monotonic() - began - 3)
    play.finish(play.probe("sleep 0.1"))
    play.finish(play.probe("sleep 0.1"))
    play.stage.replace_workers()


@injection("17", "SIGTERM to the worker in the middle of a run, then SIGKILL")
def terminate_worker(play: Play) -> None:
    gently, roughly = play.start_run(play.next_number()), play.start_run(play.next_number())
    wait_for(lambda: play.job(gently.job_id).attempt, "it is taken")
    for worker in list(play.stage.workers):
        os.kill(worker.pid, signal.SIGTERM)
    time.sleep(0.5)
    for worker in list(play.stage.workers):
        play.stage.kill_tree(worker)
    play.stage.start_worker()
    back = time.monotonic()
    for run in (gently, roughly):
        play.finish(run.job_id)
        play.check_run(run)
    play.measure(back, 60, "done after a worker is back")


@injection("18a", "disk full: a job's temporary file", is_kill=False, is_short=True)
def fill_disk(play: Play) -> None:
    job = play.finish(play.probe("disk 8"), "failed")
    require(job.failure == "disk" and "no space left" in job.error, job.error)
    leftovers = list(play.stage.data_dir.glob("tmp*"))
    require(not leftovers, leftovers)


@injection("18b", "disk full: the database's", is_kill=False)
def fill_database(play: Play) -> None:
    folder = play.stage.data_dir / "small-disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    require(mounted.returncode == 0, "skipped: this account may not mount a small disk")
    try:
        owner = (play.stage.data_dir / "postgresql").stat()
        (folder / "table").mkdir()
        os.chown(folder / "table", owner.st_uid, owner.st_gid)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLESPACE small LOCATION '{folder / 'table'}'")
            cursor.execute("CREATE TABLE fault_small (x text) TABLESPACE small")
        job = play.finish(play.probe("database 100000"), "failed")
        require(job.failure == "disk" and "no space left" in job.error, job.error)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM fault_small")
            require(cursor.fetchone()[0] == 0, "half of it was written")
            cursor.execute("DROP TABLE fault_small")
            cursor.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=False)
        folder.rmdir()


@injection("18c", "disk full: somebody uploads a file", is_kill=False)
def fill_uploads(play: Play) -> None:
    import resource

    from django.conf import settings

    file = play.file(play.next_number())
    file.name = "customers.csv"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = set(settings.UPLOAD_DIR.rglob("*"))
    client = play.client()
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * 1024, before[1]))
    try:
        response = client.post(f"/datasets/{play.dataset.slug}/import/", {"file": file})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    require(response.status_code < 500, f"the upload is answered with {response.status_code}")
    require(set(settings.UPLOAD_DIR.rglob("*")) == kept, "a part of the file is left")


@injection("19", "workers whose clocks are an hour ahead and an hour behind", is_kill=False)
def shift_clocks(play: Play) -> None:
    for offset in ("3600", "-3600"):
        play.stage.replace_workers(1, FAULT_CLOCK_OFFSET=offset)
        play.stage.start_worker(FAULT_CLOCK_OFFSET="0")
        job_id = play.probe(f"sleep {60 / play.stage.scale}")
        job = play.finish(job_id, seconds=60 / play.stage.scale + 30)
        require(job.attempt == 1 and play.starts(job_id) == 1, "a live job was given up")
    play.stage.replace_workers()


@injection("20", "beat stopped; then two beats and two maintenance threads", is_kill=False)
def play_with_beats(play: Play) -> None:
    client = play.client()
    beats = [play.stage.start_beat("beat-1"), play.stage.start_beat("beat-2")]
    require(b"scheduler (beat) is not running" not in client.get("/jobs/").content, "a banner too many")
    if len(play.stage.workers) < 2:
        play.stage.start_worker()
    run = play.hold_run("elbow sweep", done=3)
    killed = play.kill(play.stage.wait_held("in the sweep"))
    play.see_recovery(run.job_id, killed)
    play.stage.release()
    require(play.finish(run.job_id).attempt == 2, "it was given up twice")
    for beat in beats:
        play.stage.kill_tree(beat)
        play.stage.others.remove(beat)
    stopped = time.monotonic()
    wait_for(lambda: b"scheduler (beat) is not running" in client.get("/jobs/").content, "the banner")
    play.measure(stopped, 60, "the banner")


@injection("21", "the dataset deleted during its run", is_kill=False, is_short=True)
def delete_in_run(play: Play) -> None:
    run = play.hold_run("elbow sweep", done=3)
    play.stage.wait_held("in the sweep")
    try:
        delete_dataset(play.dataset)
    except StillBusyError:
        play.stage.release()
        play.finish(run.job_id)
        play.check_run(run)
        return
    raise FaultError("a dataset was deleted under its run")


@injection("22", "a crash between the commit and the message", is_short=True)
def crash_before_message(play: Play) -> None:
    script = (
        "import os, django; django.setup(); from jobs import dispatch, lifecycle;"
        "dispatch.send_message = lambda *_: os.kill(os.getpid(), 9);"
        "lifecycle.create_job('probe', title='sleep 0.1')"
    )
    newest = Job.objects.latest("pk").pk
    died = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=False).returncode
    crashed = time.monotonic()
    require(died == -signal.SIGKILL, f"the process ended with {died}")
    job_id = Job.objects.get(pk__gt=newest).pk
    play.finish(job_id)
    play.measure(crashed, 60, "swept")
    require(play.publications(job_id) == 1, "not once")
