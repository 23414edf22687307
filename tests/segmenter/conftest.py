"""Datasets with customers, made without a file; and runs on them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import transaction
from django.db.models.functions import Now

from customers.models import Attribute, Customer, CustomerImport, Dataset
from customers.storage import partitions
from jobs.models import Job
from jobs.worker.execution import execute
from segmenter.background_exports import execute_export, start_export
from segmenter.exporting import Exportable
from segmenter.models import Cluster, CustomerExport, SegmentationRun
from segmenter.starting import RunRequest, start_run

Columns = Mapping[str, Sequence[float | None]]


def publish_version(dataset: Dataset, columns: Columns, *, first_id: int = 1) -> CustomerImport:
    """Publish a version whose customers have these number attributes and consecutive ids."""
    rows = list(zip(*columns.values(), strict=True))
    job = Job.objects.create(kind="import", state="succeeded", finished_at=Now())
    version = CustomerImport.objects.create(
        dataset=dataset,
        job=job,
        file_id=uuid4(),
        original_name="customers.csv",
        size=0,
        sha256="",
        read_count=len(rows),
        created_count=len(rows),
        customer_count=len(rows),
        published_at=Now(),
    )
    for position, name in enumerate(columns):
        Attribute.objects.get_or_create(dataset=dataset, name=name, kind="number", position=position)
    with transaction.atomic():
        partitions.create_partition(Customer, version.pk)
        partitions.attach_partition(Customer, version.pk, partition_by="version_id")
        Customer.objects.bulk_create(
            Customer(
                version_id=version.pk,
                id=first_id + row,
                customer_id=f"{first_id + row:04}",
                numbers=list(values),
            )
            for row, values in enumerate(rows)
        )
        dataset.current_version = version
        dataset.save()
    return version


@pytest.fixture
def make_dataset(db: None) -> Callable[..., Dataset]:
    def make(columns: Columns | None = None, *, name: str = "Shop") -> Dataset:
        dataset = Dataset.objects.create(name=name, slug=name.lower())
        if columns is not None:
            publish_version(dataset, columns)
        return dataset

    return make


def five_groups(per_group: int = 20, *, random_state: int = 0) -> dict[str, list[float]]:
    """Customers in five well separated groups: four corners and the middle."""
    random = np.random.default_rng(random_state)
    centres = np.array([(55, 50), (88, 18), (88, 82), (26, 20), (26, 80)], dtype=float)
    points = np.concatenate([random.normal(centre, 4, size=(per_group, 2)) for centre in centres])
    return {"Income": points[:, 0].round(2).tolist(), "Score": points[:, 1].round(2).tolist()}


@pytest.fixture
def shop(make_dataset: Callable[..., Dataset]) -> Dataset:
    """A dataset of 100 customers in five groups."""
    return make_dataset(five_groups())


@pytest.fixture
def execute_a_run() -> Callable[..., SegmentationRun]:
    """Start a run and do it in this process, as the command does."""

    def do(dataset: Dataset, **request: Any) -> SegmentationRun:
        from segmenter import runs

        request.setdefault("features", ["Income", "Score"])
        run = start_run(RunRequest(dataset=dataset, **request), foreground=True)
        execute(run.job_id, runs.execute_run)
        return SegmentationRun.objects.select_related("job", "segmentation").get(pk=run.pk)

    return do


@pytest.fixture
def export_in_background() -> Callable[..., CustomerExport]:
    """Ask for a segment as a file for somebody, and write it in this process, as a worker does."""

    def do(cluster: Cluster, user: Any, ending: str = "csv", keys: Sequence[str] = ()) -> CustomerExport:
        dataset = Dataset.objects.select_related("current_version").get(
            pk=cluster.run.segmentation.dataset_id
        )
        export = start_export(Exportable.today(dataset, cluster), ending, keys, user)
        execute(export.job_id, execute_export)
        return CustomerExport.objects.listed().get(pk=export.pk)

    return do


@pytest.fixture
def publish() -> Callable[..., CustomerImport]:
    return publish_version


@pytest.fixture
def groups() -> Callable[..., dict[str, list[float]]]:
    return five_groups
