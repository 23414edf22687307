"""Deleting runs and datasets: the rows at once, their partitions in the background."""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from common.unique_names import unused_name
from customers.models import Customer, CustomerImport, Dataset
from customers.storage import partitions
from customers.storage.uploads import delete_file
from jobs.models import Job
from segmentation.comparison.origin_filter import asks_for
from segmentation.exports.background import delete_exports
from segmentation.models import (
    Cluster,
    ClusterAssignment,
    CustomerExport,
    Segment,
    Segmentation,
    SegmentationRun,
)

logger = logging.getLogger(__name__)

# Partitioned tables, and what must exist for one of their partitions to stay.
OWNERS: list[tuple[type[Model], type[Model]]] = [
    (Customer, CustomerImport),
    (ClusterAssignment, SegmentationRun),
]


class StillBusyError(Exception):
    """Cannot be deleted while a job works on it; the text says so."""


def delete_run(run: SegmentationRun) -> None:
    """Delete a run with its clusters, and the segments that no other run knows.

    Raises
    ------
    StillBusyError
        The run is in progress, or one of its segments is being exported.
    """
    with transaction.atomic():
        segmentation = Segmentation.objects.select_for_update().get(pk=run.segmentation_id)
        job = Job.objects.select_for_update().get(pk=run.job_id)
        if job.is_active:
            raise StillBusyError(_("This run is in progress: cancel it first."))
        exports = CustomerExport.objects.filter(
            Q(cluster__run=run) | Q(run=run) | Q(selection__regex=asks_for(run.pk))
        )
        if Job.objects.active().filter(customerexport__in=exports).exists():
            text = _("A segment of this run is being exported: wait for it or cancel it first.")
            raise StillBusyError(text)
        delete_exports(exports)
        run.delete()
        _revive_latest_segments(segmentation)
        transaction.on_commit(ask_to_drop_orphans, robust=True)


def delete_dataset(dataset: Dataset) -> None:
    """Delete a dataset with its customers, imports, stored files, segmentations and runs.

    Raises
    ------
    StillBusyError
        An import, a run or an export of it is in progress.
    """
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        imports = CustomerImport.objects.filter(dataset=dataset)
        runs = SegmentationRun.objects.filter(segmentation__dataset=dataset)
        exports = CustomerExport.objects.filter(dataset=dataset)
        works = (imports.exclude(job=None), runs, exports)
        jobs = [job for work in works for job in work.values_list("job", flat=True)]
        if Job.objects.active().filter(pk__in=jobs).exists():
            raise StillBusyError(
                _(
                    "An import, a run or an export of this dataset is in progress: wait for it or "
                    "cancel it first."
                )
            )
        files = list(imports.values_list("file_id", flat=True))
        Dataset.objects.filter(pk=dataset.pk).update(current_version=None)
        delete_exports(exports)
        runs.delete()
        Segmentation.objects.filter(dataset=dataset).delete()
        imports.delete()
        dataset.delete()
        for file_id in files:
            transaction.on_commit(partial(delete_file, file_id), robust=True)
        transaction.on_commit(ask_to_drop_orphans, robust=True)


def _revive_latest_segments(segmentation: Segmentation) -> None:
    """Make the segments of the latest remaining run the living ones; drop those that no run has."""
    segments = Segment.objects.filter(segmentation=segmentation)
    segments.exclude(Exists(Cluster.objects.filter(segment=OuterRef("pk")))).delete()
    latest = segmentation.runs.finished_last_first().first()
    if latest is None:
        return
    found = segments.filter(clusters__run=latest)
    segments.filter(retired_at=None).exclude(pk__in=found).update(retired_at=Now())
    taken = set(segments.filter(retired_at=None).values_list("name", flat=True))
    for segment in found.exclude(retired_at=None):
        segment.name, segment.retired_at = unused_name(segment.name, taken), None
        segment.save(update_fields=["name", "retired_at"])
        taken.add(segment.name)


def ask_to_drop_orphans() -> None:
    """Have a worker drop the partitions now; if the message is lost, the periodic task does it later."""
    try:
        current_app.send_task("segmenter.tasks.drop_orphaned_partitions", retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("orphaned partitions are dropped later: %s", error)


def drop_orphaned_partitions() -> int:
    """Drop every partition whose import or run is deleted. Return how many; the rest are retried later."""
    return sum(
        partitions.drop_partition(model, key)
        for model, owner in OWNERS
        for key in sorted(_partition_keys(model) - set(owner._default_manager.values_list("pk", flat=True)))
    )


def _partition_keys(model: type[Model]) -> set[int]:
    """The keys of all partitions, half dropped ones too. Read before the owners: a new one has its owner."""
    prefix = f"{model._meta.db_table}_"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", [f"^{prefix}[0-9]+$"]
        )
        return {int(name.removeprefix(prefix)) for (name,) in cursor.fetchall()}
