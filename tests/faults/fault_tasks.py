"""Loaded into the fault suite's workers: probes, and points where work waits for a fault."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from celery import shared_task
from django.conf import settings
from django.db import connection, transaction

from jobs.models import Job
from jobs.worker.claim import Claim
from jobs.worker.execution import execute

HOLD = settings.DATA_DIR / "hold.json"
HELD = settings.DATA_DIR / "held.json"


# ---- Probes ------------------------------------------------------------------------------------------------


@shared_task
def execute_probe(job_id: int) -> None:
    execute(job_id, probe)


def probe(claim: Claim) -> None:
    """Record the start, do what the title says, publish one row."""
    act, _, amount = Job.objects.values_list("title", flat=True).get(pk=claim.job_id).partition(" ")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO fault_start VALUES (%s, %s, %s)", [*claim.key, os.getpid()])
    ACTS[act](claim, float(amount or 0))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO fault_publication VALUES (%s, %s)", claim.key)
        claim.succeed()


def sleep(claim: Claim, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        claim.report("Sleeping", 1, 2)
        time.sleep(0.02)


def sleep_deaf(claim: Claim, seconds: float) -> None:
    """Python code that never checks whether it should stop."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)


def kill_self(claim: Claim, _: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def allocate(claim: Claim, terabytes: float) -> None:
    np.ones(int(terabytes * 1024**4 / 8))


def compute_natively(claim: Claim, _: float) -> None:
    """One call into C that takes many minutes and handles no signals."""
    hashlib.pbkdf2_hmac("sha256", b"fault", b"salt", 2**31 - 1)


def fill_disk(claim: Claim, megabytes: float) -> None:
    """Write a temporary file too large for the disk: here, beyond this process's file size limit."""
    with small_disk(int(megabytes * 1024**2 / 2)), tempfile.TemporaryFile(dir=settings.DATA_DIR) as file:
        file.write(bytes(int(megabytes * 1024**2)))
        file.flush()


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """Limit the size of this process's files to this many bytes in this block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill_database(claim: Claim, rows: float) -> None:
    """Write into a table that the suite put on a small disk."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO fault_small SELECT repeat('x', 1000) FROM generate_series(1, %s)", [rows])


def copy(claim: Claim, megabytes: float) -> None:
    """COPY more into the suite's table than fits into any buffer."""
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        cursor.copy("COPY fault_copy FROM STDIN") as rows,
    ):
        for number in range(int(megabytes)):
            claim.report("Copying", number, int(megabytes))
            rows.write((b"x" * 1023 + b"\n") * 1024)


ACTS = {
    "copy": copy,
    "sleep": sleep,
    "deaf": sleep_deaf,
    "kill": kill_self,
    "allocate": allocate,
    "native": compute_natively,
    "disk": fill_disk,
    "database": fill_database,
}


# ---- Points to wait for a fault ----------------------------------------------------------------------------

working: dict[str, Claim] = {}
report_truly = Claim.report


def report(self: Claim, stage: str, done: int = 0, total: int | None = None) -> None:
    report_truly(self, stage, done, total)
    working["claim"] = self
    wait_for_accident(stage, done, total)


Claim.report = report  # type: ignore[method-assign]


def wait_for_accident(stage: str, done: int, total: int | None) -> None:
    """Wait here, with a heartbeat, if the suite asks for it; `held.json` says which attempt is waiting."""
    claim = working["claim"]
    if not is_wanted(claim, stage, done, total):
        return
    draft = HELD.with_suffix(".new")
    draft.write_text(json.dumps({"pid": os.getpid(), "job": claim.job_id, "attempt": claim.attempt}))
    draft.rename(HELD)
    while HOLD.exists():
        claim.check()
        time.sleep(0.01)


def is_wanted(claim: Claim, stage: str, done: int, total: int | None) -> bool:
    try:
        hold: dict[str, Any] = json.loads(HOLD.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return (
        claim.job_id == hold["job"]
        and claim.attempt == hold["attempt"]
        and stage.lower().startswith(hold["stage"].lower())
        and done >= hold["done"]
        and (total is None or done >= hold["fraction"] * total)
    )


def hold_while_copying() -> None:
    """Make the writing of assignments wait as well: inside one statement, it reports no progress."""
    from segmentation.runs import assignments

    copy_truly = assignments._copy_blocks
    assignments.BLOCK_ROWS = 100

    def copy_blocks(run_id: int, customer_ids: Any, clustering: Any) -> Iterator[bytes]:
        blocks = list(copy_truly(run_id, customer_ids, clustering))
        for number, block in enumerate(blocks):
            wait_for_accident("assignments", number, len(blocks))
            yield block

    assignments._copy_blocks = copy_blocks


hold_while_copying()


def write_exports_on_a_small_disk() -> None:
    """Make the disk look full to exports while the suite asks for it."""
    from segmentation.exports import background

    write_truly = background._write_file

    def write_file(path: Any, blocks: Any) -> Any:
        if not (settings.DATA_DIR / "full-disk").exists():
            return write_truly(path, blocks)
        with small_disk(8 * 1024):
            return write_truly(path, blocks)

    background._write_file = write_file


write_exports_on_a_small_disk()
