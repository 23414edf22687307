"""An old installation: thousands of runs and hundreds of imports. Pages stay fast and open few partitions.

Page times cover the whole response through Django's test client. Run with: python -m bench age
"""

from __future__ import annotations

import gc
import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from bench.browse import check, milliseconds, p95
from bench.site import Statement, fresh_site, watch_locks

RUNS = int(os.environ.get("BENCH_RUNS", "2000"))
IMPORTS = int(os.environ.get("BENCH_IMPORTS", "500"))
REPEATS = int(os.environ.get("BENCH_ROUNDS", "20"))
CUSTOMERS, DATASETS, SEGMENTATIONS = 300, 10, 4
FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]
PAGE_MS, CHART_MS, DELETE_MS, MOST_LOCKS = 300, 300, 1_000, 20
# Partitions made in one transaction: each takes a handful of locks until it ends.
AT_ONCE = 50


# ---- An old installation -----------------------------------------------------------------------------------


def copy_runs(run: Any, times: int) -> None:
    """Copy a finished run with its clusters and its partition; each copy is done a minute after the other."""
    from django.db import transaction

    from jobs.models import Job
    from segmentation.models import Cluster, ClusterAssignment, SegmentationRun

    run = SegmentationRun.objects.select_related("job").get(pk=run.pk)
    clusters, ended = list(run.clusters.all()), run.job.finished_at
    for start in range(0, times, AT_ONCE):
        with transaction.atomic():
            count = min(AT_ONCE, times - start)
            jobs = Job.objects.bulk_create(
                Job(
                    kind="run",
                    title=run.job.title,
                    state="succeeded",
                    created_by_id=run.job.created_by_id,
                    finished_at=ended + timedelta(minutes=1 + start + place),
                    attempt_limit=2,
                )
                for place in range(count)
            )
            copies = SegmentationRun.objects.bulk_create(_copy_of(run, job=job) for job in jobs)
            Cluster.objects.bulk_create(
                _copy_of(cluster, run=copied) for copied in copies for cluster in clusters
            )
            for copied in copies:
                copy_partition(ClusterAssignment, "run_id", run.pk, copied.pk)


def copy_version(dataset: Any, times: int) -> None:
    """Import the dataset's customers again and again, as a new version each time."""
    from django.db import transaction
    from django.db.models.functions import Now

    from customers.models import Customer, CustomerImport, Dataset
    from jobs.models import Job

    version = CustomerImport.objects.get(pk=dataset.current_version_id)
    for start in range(0, times, AT_ONCE):
        with transaction.atomic():
            for _ in range(min(AT_ONCE, times - start)):
                job = Job.objects.create(
                    kind="import", title="import", state="succeeded", finished_at=Now(), attempt_limit=2
                )
                copied = _copy_of(version, job=job, file_id=uuid4(), base_version=version)
                copied.save()
                copy_partition(Customer, "version_id", version.pk, copied.pk)
                version = copied
            Dataset.objects.filter(pk=dataset.pk).update(current_version=version)
    dataset.refresh_from_db()


def copy_partition(model: Any, column: str, of: int, key: int) -> None:
    """Fill a new partition with the rows of another one, in this transaction."""
    from psycopg import sql

    from customers.storage import partitions

    table = partitions.create_partition(model, key)
    names = [
        field.column for field in model._meta.local_concrete_fields if field.column not in (None, column)
    ]
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    partitions.execute(
        "INSERT INTO {} ({}, {}) SELECT {}, {} FROM {}",
        *(sql.Identifier(table), sql.Identifier(column), columns, sql.Literal(key), columns),
        sql.Identifier(partitions.partition_name(model, of)),
    )
    partitions.attach_partition(model, key, partition_by=column)


def _copy_of(row: Any, **changes: Any) -> Any:
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    fields.pop(row._meta.pk.attname)
    for name, value in changes.items():
        fields.pop(row._meta.get_field(name).attname)
        fields[name] = value
    return type(row)(**fields)


def make_site() -> Any:
    """Datasets of a few customers, the first of which has all runs; return its latest run."""
    from customers.importing.pipeline import create_dataset, import_now
    from customers.synthetic import write_customers

    runs = []
    for number in range(DATASETS):
        dataset, stream = create_dataset(f"Shop {number}"), io.StringIO()
        write_customers(stream, CUSTOMERS, random_state=number)
        done = import_now(dataset, io.BytesIO(stream.getvalue().encode()), "customers.csv")
        assert done.created_count == CUSTOMERS, done.job.error
        dataset.refresh_from_db()
        names = [f"Segmentation {each}" for each in range(1 if number else SEGMENTATIONS)]
        runs += [find_segments(dataset, name) for name in names]
        copy_version(dataset, IMPORTS // DATASETS - 1)
    for run in runs[:SEGMENTATIONS]:
        copy_runs(run, RUNS // SEGMENTATIONS - 1)
    return runs[0].segmentation.runs.first()


def find_segments(dataset: Any, name: str) -> Any:
    from jobs.worker.execution import execute
    from segmentation.models import SegmentationRun
    from segmentation.runs.execute import execute_run
    from segmentation.runs.request import RunRequest, start_run

    run = start_run(RunRequest(dataset=dataset, features=FEATURES, name=name), foreground=True)
    execute(run.job_id, execute_run)
    run = SegmentationRun.objects.get(pk=run.pk)
    assert run.k == 5, run.k
    return run


# ---- Measuring ---------------------------------------------------------------------------------------------


def addresses(run: Any) -> list[str]:
    """Every page of an old dataset, and the usual selections in its lists."""
    from django.urls import reverse

    dataset, segmentation = run.segmentation.dataset, run.segmentation
    cluster, other = run.clusters.all()[:2]
    ids = {attribute.name: attribute.pk for attribute in dataset.attributes.all()}
    before = segmentation.runs.filter(pk__lt=run.pk).first()
    customers = reverse("customers:customer-list", args=[dataset.slug])
    segment = cluster.get_absolute_url()
    was = f"was={before.pk}.{other.number}"
    queries = ("sort=customer", "id=12", "text=Female", f"sort={ids['Age']}", f"{ids['Age']}.from=30", was)
    parts = ("export/", "export.csv", "export.xlsx")
    return [
        *("/", "/datasets/", "/datasets/new/", "/runs/", "/jobs/", "/people/", "/audit/", "/glossary/"),
        *(f"/runs/?{name}={value}" for name, value in (("dataset", dataset.slug), ("page", 20))),
        dataset.get_absolute_url(),
        f"{dataset.get_absolute_url()}overview/",
        f"{dataset.get_absolute_url()}import/",
        f"{dataset.get_absolute_url()}delete/",
        reverse("segmentation:run-create", args=[dataset.slug]),
        dataset.current_version.get_absolute_url(),
        f"{dataset.current_version.get_absolute_url()}undo/",
        customers,
        *(f"{customers}?{query}" for query in queries[:-1]),
        *(f"{customers}{part}" for part in parts),
        f"{customers}{cluster.typical[0]}/",
        f"{customers}{cluster.typical[0]}/?page=100",
        f"{customers}{cluster.typical[0]}/?run={before.pk}",
        segmentation.get_absolute_url(),
        f"{segmentation.get_absolute_url()}?page=50",
        f"{segmentation.get_absolute_url()}rename/",
        reverse("segmentation:segment-edit", args=[segmentation.pk, cluster.segment_id]),
        run.get_absolute_url(),
        f"{run.get_absolute_url()}k/4/",
        f"{run.get_absolute_url()}delete/",
        *(f"{run.get_absolute_url()}{part}" for part in parts),
        f"/runs/compare/?run={before.pk}&run={run.pk}",
        "/runs/compare/",
        segment,
        *(f"{segment}?{query}" for query in queries),
        *(f"{segment}{part}" for part in parts),
        f"{segment}rename/",
    ]


def charts(run: Any) -> list[str]:
    names = ("elbow", "scatter", "sizes", "profile", "distributions")
    sizes = f"{run.segmentation.get_absolute_url()}charts/sizes.svg"
    return [*(f"{run.get_absolute_url()}charts/{name}.svg" for name in names), sizes]


class Reader:
    """A logged-in administrator."""

    def __init__(self) -> None:
        from django.conf import settings
        from django.contrib.auth.models import User
        from django.test import Client

        settings.ALLOWED_HOSTS = ["testserver"]
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("bench", password=None))

    def get(self, address: str) -> None:
        from django.db import connection

        connection.close()  # as the site without a pool: each request learns of the partitions anew
        self.look(address)

    def look(self, address: str) -> None:
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        if answer.streaming:
            b"".join(answer.streaming_content)

    def locks(self, address: str) -> Statement:
        """The statement of a page that takes the most locks on partitions."""
        with watch_locks() as statements:
            self.look(address)
        return max(statements, key=lambda each: each.locks)


def check_pages(reader: Reader, pages: Sequence[str], bound: float) -> Iterator[bool]:
    for page in pages:
        reader.get(page)
        yield check(page, p95(milliseconds(lambda: reader.get(page), REPEATS)), "ms", bound)  # noqa: B023


def check_locks(reader: Reader, pages: Sequence[str]) -> bool:
    worst = max((reader.locks(page) for page in pages), key=lambda each: each.locks)
    print(f"  {worst}")
    return check("locks on partitions by one statement of a page", worst.locks, "", MOST_LOCKS)


def check_deletions(reader: Reader, run: Any) -> Iterator[bool]:
    """What a person waits for, and how long it is cleared away for afterwards, in rounds."""
    from customers.models import Customer, Dataset
    from segmentation.clearing import clear_deleted
    from segmentation.models import SegmentationRun

    dataset = run.segmentation.dataset
    gone = Customer.objects.of(dataset).filter(customer_id="1")
    with watch_locks() as statements:
        yield check("deleting a customer", max(milliseconds(gone.delete, 1)), "ms", DELETE_MS)
        clear_deleted()
    worst = max(statements, key=lambda each: each.locks)
    yield check("locks on partitions by deleting a customer", worst.locks, "", MOST_LOCKS)
    yield check(
        "deleting a run",
        max(milliseconds(lambda: post(reader, f"{run.get_absolute_url()}delete/"), 1)),
        *("ms", DELETE_MS),
    )
    page = f"{dataset.get_absolute_url()}delete/"
    took = max(milliseconds(lambda: post(reader, page, name=dataset.name), 1))
    yield check(f"deleting a dataset of {RUNS:,} runs", took, "ms", DELETE_MS)
    started, rounds = time.perf_counter(), 0
    while clear_deleted():
        rounds += 1
    print(f"  cleared away in {rounds} rounds, {time.perf_counter() - started:.0f} s")
    yield not SegmentationRun.everything.exclude(deleted_at=None).exists()
    yield not Dataset.everything.exclude(deleted_at=None).exists()


def post(reader: Reader, address: str, **fields: str) -> None:
    answer = reader.client.post(address, fields)
    assert answer.status_code == 302, (address, answer.status_code)


def main() -> int:
    with fresh_site():
        started = time.perf_counter()
        run, reader = make_site(), Reader()
        seconds = time.perf_counter() - started
        gc.freeze()  # a web process has not found segments: what that needs is not looked through again
        print(f"An old installation, {RUNS:,} runs, {IMPORTS:,} imports, made in {seconds:.0f} s", flush=True)
        pages, pictures = addresses(run), charts(run)
        results = [
            *check_pages(reader, pages, PAGE_MS),
            *check_pages(reader, pictures, CHART_MS),
            check_locks(reader, pages + pictures),
            *check_deletions(reader, run),
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
