"""What happens to a dataset's versions after publication: undone, held, dropped."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from common.rounds import for_a_while
from customers.models import Customer, CustomerImport, Dataset, VersionOverview
from customers.storage import partitions
from customers.storage.uploads import delete_file, delete_unarrived, stored_files
from jobs.models import Job

logger = logging.getLogger(__name__)

# Anybody who started reading a version just before the next one was published may finish.
GRACE = timedelta(minutes=10)
# One round of dropping: with hundreds of versions to drop, jobs get their turn in between.
ROUND_SECONDS = 10
# No upload takes longer from its first byte to its row.
STRAY_AGE = timedelta(days=1)


def undo_import(customer_import: CustomerImport) -> bool:
    """Go back to the version before the import; `False` if a newer import or another undo came first."""
    with transaction.atomic():
        dataset = Dataset.objects.select_for_update().filter(pk=customer_import.dataset_id).first()
        if dataset is None:
            return False
        customer_import.refresh_from_db()
        base = customer_import.base_version
        is_gone = base is not None and base.dropped_at is not None
        if dataset.current_version_id != customer_import.pk or is_gone:
            return False
        Dataset.objects.filter(pk=dataset.pk).update(current_version=base)
        CustomerImport.objects.filter(pk=customer_import.pk).update(undone_at=Now())
    return True


def held_versions() -> set[int]:
    """The ids of the versions that active jobs work on: a job's holder names its own as `version_id`."""
    jobs = Job.objects.active().with_holders()
    holders = (getattr(job, settings.JOB_KINDS[job.kind]["holder"], None) for job in jobs)
    return {version for holder in holders if (version := getattr(holder, "version_id", None)) is not None}


def drop_unheld_versions(*, grace: timedelta = GRACE, seconds: float = ROUND_SECONDS) -> int:
    """Drop versions that are neither current, nor needed for an undo, nor in use. Return how many.

    After about this long the rest is left to the next round.
    """
    datasets = Dataset.objects.select_related("current_version")
    seen = {dataset.current_version_id for dataset in datasets}
    undo = {dataset.current_version.base_version_id for dataset in datasets if dataset.current_version}
    old = Q(dataset__current_version=None) | Q(dataset__current_version__published_at__lt=Now() - grace)
    unheld = (
        CustomerImport.objects.filter(old, published_at__isnull=False, dropped_at=None)
        .exclude(Q(undone_at__isnull=False) & Q(undone_at__gte=Now() - grace))
        .exclude(pk__in={version for version in seen | undo | held_versions() if version is not None})
    )
    return sum(_drop(version) for version in for_a_while(unheld, seconds))


def _drop(version: CustomerImport) -> bool:
    """Drop one version's customers; its import report stays."""
    with transaction.atomic():
        # Recorded first, under the dataset's lock: nobody may undo to a version that is about to be dropped.
        dataset = Dataset.objects.select_for_update().filter(pk=version.dataset_id).first()
        if dataset is None:
            return False
        current = dataset.current_version
        if current is not None and version.pk in (current.pk, current.base_version_id):
            return False
        CustomerImport.objects.filter(pk=version.pk).update(dropped_at=Now())
        VersionOverview.objects.filter(version=version).delete()
    if partitions.drop_partition(Customer, version.pk):
        logger.info("version %s of %s was dropped", version.pk, version.dataset)
        return True
    CustomerImport.objects.filter(pk=version.pk).update(dropped_at=None)
    return False


def delete_old_files() -> int:
    """Delete stored files past their retention time, unfinished uploads included. Return how many."""
    age = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    old = CustomerImport.objects.filter(created_at__lt=Now() - age, file_deleted_at=None)
    deleted = 0
    for customer_import in old.exclude(job__in=Job.objects.active()):
        delete_file(customer_import.file_id)
        deleted += CustomerImport.objects.filter(pk=customer_import.pk).update(file_deleted_at=Now())
    return deleted


def delete_stray_files(*, age: timedelta = STRAY_AGE) -> int:
    """Delete stored files without an import, left when an upload died before saving. Return how many."""
    young = time.time() - age.total_seconds()
    found = {file_id for file_id, written_at in stored_files() if written_at < young}
    strays = found - set(CustomerImport.objects.filter(file_id__in=found).values_list("file_id", flat=True))
    for file_id in strays:
        delete_file(file_id)
    return len(strays) + delete_unarrived(young)
