"""What people do on the suite's site, and what is measured while faults are injected."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.test import Client
from fault_stage import FaultError, Stage, require, wait_for

from customers.importing.pipeline import create_dataset, start_import
from customers.models import Customer, CustomerImport, Dataset
from customers.synthetic import write_customers
from jobs.lifecycle import create_job
from jobs.models import Job
from segmentation.exports.background import path_of, start_export
from segmentation.exports.contents import Exportable
from segmentation.models import ClusterAssignment, CustomerExport, SegmentationRun
from segmentation.runs.request import RunRequest, start_run

FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]
# What a busy small machine may add to a scaled-down timing.
SLACK_SECONDS = 8.0


@dataclass
class Play:
    """One site with customers and a first result, on which each injection is run.

    Attributes
    ----------
    worst
        The longest recovery during the current injection, in seconds.
    """

    stage: Stage
    rows: int
    user: Any = None
    dataset: Any = None
    baseline: Any = None
    worst: float = 0.0
    _number: int = field(default=100)

    def prepare(self) -> None:
        """Create the tables, the users, a dataset and its first run."""
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE fault_start (job_id bigint, attempt int, pid int)")
            cursor.execute("CREATE TABLE fault_publication (job_id bigint, attempt int)")
            cursor.execute("CREATE TABLE fault_copy (x text)")
        self.user = User.objects.create_user("analyst")
        self.user.groups.add(Group.objects.get(name="Administrator"))
        self.stage.start_worker()
        self.dataset = create_dataset("Shop", self.user)
        self.finish(self.start_import(0).job_id)
        self.baseline = self.start_run()
        self.finish(self.baseline.job_id)
        self.baseline.refresh_from_db()
        require(self.baseline.customer_count == self.rows, self.baseline.customer_count)
        self.stage.start_reader(self.baseline.pk)

    # ---- What people do ----------------------------------------------------------------------------------

    def client(self) -> Client:
        client = Client(raise_request_exception=False, HTTP_HOST="localhost")
        client.force_login(self.user)
        return client

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def file(self, number: int) -> io.BytesIO:
        text = io.StringIO()
        write_customers(text, self.rows, random_state=number)
        return io.BytesIO(text.getvalue().encode())

    def start_import(self, number: int | None = None) -> CustomerImport:
        number = self.next_number() if number is None else number
        self.dataset.refresh_from_db()
        return start_import(self.dataset, self.file(number), f"customers-{number}.csv", self.user)

    def hold_import(self, stage: str, fraction: float) -> CustomerImport:
        """Start an import whose first attempt waits at this point."""
        customer_import = self._held(self.start_import, stage, fraction=fraction)
        return CustomerImport.objects.get(pk=customer_import.pk)

    def start_run(self, random_state: int = 0, k_max: int = 7) -> SegmentationRun:
        dataset = Dataset.objects.get(pk=self.dataset.pk)
        request = RunRequest(dataset, FEATURES, k_max=k_max, random_state=random_state)
        return start_run(request, self.user)

    def hold_run(self, stage: str, *, done: int = 0, fraction: float = 0) -> SegmentationRun:
        """Start a run whose first attempt waits at this point."""
        return self._held(lambda: self.start_run(self.next_number()), stage, done=done, fraction=fraction)

    def time_run(self) -> float:
        """Do a run and return how many seconds it took."""
        began = time.monotonic()
        self.finish(self.start_run(self.next_number()).job_id)
        return time.monotonic() - began

    def start_export(self) -> CustomerExport:
        what = Exportable.today(Dataset.objects.get(pk=self.dataset.pk))
        return start_export(what, "csv", [], self.user)

    def hold_export(self) -> CustomerExport:
        """Start an export whose first attempt waits once part of its file is written."""
        export = self._held(self.start_export, "writing the customers", done=1)
        return CustomerExport.objects.get(pk=export.pk)

    def _held(self, start: Any, stage: str, **place: Any) -> Any:
        """The job's id is fixed in advance, so that the worker finds the request to wait when it starts."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM jobs_job")
            (following,) = cursor.fetchone()
            cursor.execute("SELECT setval('jobs_job_id_seq', %s, false)", [following])
        self.stage.hold(following, stage, **place)
        started = start()
        job_id = started.pk if isinstance(started, Job) else started.job_id
        require(job_id == following, "somebody else made a job")
        return started

    def hold_probe(self, act: str, stage: str, *, done: int = 0) -> int:
        """Start a probe whose first attempt waits at this point."""
        return self._held(lambda: Job.objects.get(pk=self.probe(act)), stage, done=done).pk

    def probe(self, act: str) -> int:
        return create_job("probe", self.user, title=act).pk

    # ---- What is looked at -------------------------------------------------------------------------------

    def job(self, job_id: int) -> Job:
        return Job.objects.with_clock().get(pk=job_id)

    def finish(self, job_id: int, state: str = "succeeded", seconds: float = 120) -> Job:
        """Wait until a job has ended in the expected state."""
        wait_for(lambda: not self.job(job_id).is_active, f"job {job_id} has ended", seconds)
        job = self.job(job_id)
        require(job.state == state, f"job {job_id} has {job.state}, not {state}: {job.error}")
        return job

    def starts(self, job_id: int) -> int:
        return self._count("fault_start", job_id)

    def publications(self, job_id: int) -> int:
        return self._count("fault_publication", job_id)

    def take_copied(self) -> int:
        """Empty the table that probes copy into; return how many megabytes it held."""
        with connection.cursor() as cursor:
            cursor.execute("WITH gone AS (DELETE FROM fault_copy RETURNING 1) SELECT count(*) FROM gone")
            return int(cursor.fetchone()[0]) // 1024

    def _count(self, table: str, job_id: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE job_id = %s", [job_id])
            return int(cursor.fetchone()[0])

    def check_run(self, run: SegmentationRun) -> None:
        """A successful run has exactly its customers."""
        run.refresh_from_db()
        assigned = ClusterAssignment.objects.filter(run=run).count()
        require(assigned == run.customer_count > 0, f"{assigned} of {run.customer_count} assigned")

    def check_import(self, customer_import: CustomerImport) -> None:
        customer_import.refresh_from_db()
        rows = Customer.objects.filter(version_id=customer_import.pk).count()
        read = customer_import.read_count
        require(read == self.rows and rows == customer_import.customer_count, f"{read} read, {rows} rows")

    def check_export(self, export: CustomerExport) -> None:
        """A successful export has its complete file."""
        export.refresh_from_db()
        file = path_of(export.file_id).read_bytes()
        require(hashlib.sha256(file).hexdigest() == export.sha256, "the file is another one")
        lines = file.count(b"\r\n")
        require(lines == self.rows + 1 == export.row_count + 1, f"{lines} lines for {self.rows} customers")

    def fingerprint(self, run: SegmentationRun) -> str:
        """One hash of who is in which cluster."""
        rows = ClusterAssignment.objects.filter(run=run).order_by("customer_id")
        return hashlib.sha256(repr(list(rows.values_list("customer_id", "label"))).encode()).hexdigest()

    def check_nothing_wrong(self) -> None:
        """The checks after every injection."""
        connections.close_all()
        wait_for(lambda: not Job.objects.active().exists(), "nothing is queued or running any more")
        looks = self.stage.looks()
        wait_for(lambda: self.stage.looks() > looks + 1, "the reader reads on")
        if self.stage.violations.exists():
            found = self.stage.violations.read_text()
            self.stage.violations.unlink()
            raise FaultError(f"the reader saw: {found[:500]}")

    # ---- What is measured --------------------------------------------------------------------------------

    def bar(self, shipped: float) -> float:
        """A limit for the shipped timings, scaled to the suite's."""
        return shipped if self.stage.scale == 1 else shipped / self.stage.scale + SLACK_SECONDS

    def measure(self, since: float, shipped_bar: float, what: str) -> float:
        """Record the seconds since a moment; they must be within the limit."""
        seconds = time.monotonic() - since
        self.worst = max(self.worst, seconds)
        require(seconds <= self.bar(shipped_bar), f"{what}: {seconds:.1f} s")
        return seconds

    def kill(self, pid: int) -> float:
        os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def see_recovery(self, job_id: int, since: float) -> None:
        """The page says “stalled” in time, and then the job is taken up or fails with a reason."""
        wait_for(lambda: self.job(job_id).is_stalled or self.job(job_id).attempt > 1, "it is stalled")
        require(time.monotonic() - since <= self.bar(45), "stalled too late")
        wait_for(lambda: self.job(job_id).attempt > 1 or not self.job(job_id).is_active, "it is resumed")
        self.measure(since, 60, "resumed or failed")
