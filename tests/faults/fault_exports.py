"""Injections: exports written by a worker."""

from __future__ import annotations

import os
import signal
import time

from django.conf import settings
from fault_injections import injection
from fault_limits import cancel
from fault_play import Play
from fault_servers import restart_database
from fault_stage import require


def files() -> set[str]:
    return {path.name for path in settings.EXPORT_DIR.glob("*")}


@injection("18d", "disk full: an export", is_kill=False)
def fill_exports(play: Play) -> None:
    kept = files()
    with play.stage.full_disk():
        export = play.start_export()
        job = play.finish(export.job_id, "failed")
    require(job.failure == "disk" and "no space left" in job.error, job.error)
    require(files() == kept, "a part of the file is left")


@injection("23a", "kill -9 of the child in the middle of an export")
def kill_export(play: Play) -> None:
    export = play.hold_export()
    killed = play.kill(play.stage.wait_held("in the middle of the export"))
    play.see_recovery(export.job_id, killed)
    play.stage.release()
    play.finish(export.job_id)
    play.check_export(export)


@injection("23b", "an export cancelled in the middle")
def cancel_export(play: Play) -> None:
    kept = files()
    export = play.hold_export()
    play.stage.wait_held("in the middle of the export")
    cancel(play, export.job_id)
    require(files() == kept, "a part of the file is left")


@injection("23c", "PostgreSQL restarted in the middle of an export")
def restart_in_export(play: Play) -> None:
    kept = files()
    export = play.hold_export()
    play.stage.wait_held("in the middle of the export")
    restart_database(play, export.job_id)
    play.check_export(export)
    require(len(files() - kept) == 1, "a part of the file is left")


@injection("23d", "an export by a zombie: SIGSTOP, and SIGCONT when another attempt has it")
def stop_and_continue_export(play: Play) -> None:
    kept = files()
    export = play.hold_export()
    pid = play.stage.wait_held("in the middle of the export")
    os.kill(pid, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        play.see_recovery(export.job_id, stopped)
        play.stage.release()
        play.finish(export.job_id)
    finally:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1 + 10 / play.stage.scale)
    play.check_export(export)
    require(len(files() - kept) == 1, "the zombie left its file")
