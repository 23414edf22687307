"""Deleting runs and datasets: out of sight at once, cleared away in the background (`clearing`).

Of a run everything but its partition goes at once. A dataset may have thousands of runs and imports: it is
only marked as deleted, with all of them, so that no page finds them and its name is free again.
"""

from __future__ import annotations

import uuid
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from common.conflicts import ConflictError
from common.unique_names import unused_name
from customers.models import CustomerImport, Dataset
from jobs.models import Job
from segmentation.clearing import ask_to_clear
from segmentation.comparison.origin_filter import asks_for
from segmentation.exports.background import delete_exports
from segmentation.models import Cluster, CustomerExport, Segment, Segmentation, SegmentationRun


class StillBusyError(Exception):
    """Cannot be deleted while a job works on it; the text says so."""


class AlreadyDeletedError(ConflictError):
    """Somebody else was faster."""


def delete_run(run: SegmentationRun) -> None:
    """Delete a run with its clusters, and the segments that no other run knows.

    Raises
    ------
    StillBusyError
        The run is in progress, or one of its segments is being exported.
    AlreadyDeletedError
        Somebody else has deleted it.
    """
    with transaction.atomic():
        segmentation = Segmentation.objects.select_for_update().filter(pk=run.segmentation_id).first()
        job = Job.objects.select_for_update().filter(pk=run.job_id).first()
        if segmentation is None or not SegmentationRun.objects.filter(pk=run.pk).exists():
            raise AlreadyDeletedError(_already_deleted(run))
        if job is not None and job.is_active:
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
        transaction.on_commit(ask_to_clear, robust=True)


def delete_dataset(dataset: Dataset) -> None:
    """Delete a dataset with its customers, imports, stored files, segmentations and runs.

    They are marked, and cleared away later; prepared exports go at once.

    Raises
    ------
    StillBusyError
        An import, a run or an export of it is in progress.
    AlreadyDeletedError
        Somebody else has deleted it.
    """
    with transaction.atomic():
        if not Dataset.objects.select_for_update().filter(pk=dataset.pk):
            raise AlreadyDeletedError(_already_deleted(dataset))
        # As deleting a run does, before it touches anything else: neither waits for the other for ever.
        list(Segmentation.objects.select_for_update().filter(dataset=dataset).order_by("pk"))
        imports = CustomerImport.objects.filter(dataset=dataset)
        runs = SegmentationRun.objects.filter(segmentation__dataset=dataset)
        exports = CustomerExport.objects.filter(dataset=dataset)
        list(imports.select_for_update().values_list("pk"))  # so that nobody begins one meanwhile
        working = [work.values("job") for work in (imports.exclude(job=None), runs, exports)]
        if Job.objects.active().filter(reduce(or_, (Q(pk__in=jobs) for jobs in working))).exists():
            raise StillBusyError(
                _(
                    "An import, a run or an export of this dataset is in progress: wait for it or "
                    "cancel it first."
                )
            )
        delete_exports(exports)
        segmentations = Segmentation.objects.filter(dataset=dataset)
        for found in (runs, segmentations, imports):
            found.update(deleted_at=Now())
        nobodys = uuid.uuid4().hex
        Dataset.objects.filter(pk=dataset.pk).update(
            current_version=None, name=nobodys, slug=nobodys, deleted_at=Now()
        )
        transaction.on_commit(ask_to_clear, robust=True)


def _already_deleted(what: Dataset | SegmentationRun) -> str:
    return _("Somebody else has already deleted %(name)s.") % {"name": what}


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
