"""Exports too long for a request: queued, written by a worker, kept for a while, deleted."""

from __future__ import annotations

import hashlib
import logging
import os
import time
import uuid
from collections.abc import Collection, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from audit.recording import record
from customers.exports.customer_list import ListCounter, ListRefusedError
from customers.lists.selection import Selection
from customers.models import Dataset
from jobs.errors import JobError, JobRefusedError
from jobs.lifecycle import create_job
from jobs.requests import deduplicated
from jobs.worker.claim import Claim
from segmentation.comparison.origin_filter import read_origin
from segmentation.exports.contents import WRITERS, Exportable, describe
from segmentation.models import CustomerExport

logger = logging.getLogger(__name__)

KIND = "export"


@dataclass(frozen=True)
class Written:
    """A file as it was written."""

    size: int
    sha256: str


# ---- Asking ------------------------------------------------------------------------------------------------


@deduplicated(CustomerExport)
def start_export(
    what: Exportable, ending: str, keys: Collection[str], user: AbstractBaseUser | AnonymousUser
) -> CustomerExport:
    """Queue an export; if the very same one is already queued or running, return that one.

    Raises
    ------
    JobRefusedError
        The person has too many jobs waiting, or the dataset has just been deleted.
    """
    # Locked, so that the version is not dropped before the export claims it.
    dataset = Dataset.objects.select_for_update(no_key=True).filter(pk=what.dataset.pk).first()
    if dataset is None:
        raise JobRefusedError(_("This dataset has just been deleted."))
    what = replace(what, version_id=dataset.current_version_id)
    job = create_job(KIND, user, title=_("Export of %s") % what, key=_key(what, ending, keys, user))
    return CustomerExport.objects.create(
        job=job,
        created_by=user,  # type: ignore[misc]  # whoever exports is logged in
        dataset=what.dataset,
        cluster=what.cluster,
        run=what.run,
        version_id=what.version_id,
        name=what.file_name[:255],
        selection=what.selection.query_string,
        columns=list(keys),
        format=ending,
    )


def _key(what: Exportable, ending: str, keys: Collection[str], user: AbstractBaseUser | AnonymousUser) -> str:
    """Identifies the export without revealing what was selected."""
    asked = f"{what.get_absolute_url()} {ending} {sorted(keys)}"
    return f"{KIND} {user.pk} {what.version_id} {hashlib.sha256(asked.encode()).hexdigest()}"


# ---- Working -----------------------------------------------------------------------------------------------


def execute_export(claim: Claim) -> None:
    """Write the file of the claimed job's export, and publish it.

    Raises
    ------
    JobError
        The list cannot be written as asked; one sentence says why.
    """
    exports = CustomerExport.objects.select_related("version", "created_by", "dataset")
    export = exports.get(job_id=claim.job_id)
    if export.version.dropped_at is not None:
        raise JobError(_("The customers you selected are no longer kept: start a new export."))
    file_id = uuid.uuid4()
    try:
        _write_and_publish(claim, export, file_id)
    except BaseException as error:
        path_of(file_id).unlink(missing_ok=True)
        if isinstance(error, ListRefusedError):
            raise JobError(str(error)) from error
        raise


def _write_and_publish(claim: Claim, export: CustomerExport, file_id: uuid.UUID) -> None:
    what = exportable_of(export)
    rows, extent = what.rows().only(export.columns), what.measure()
    total = extent.rows if extent.is_exact else None
    counter = ListCounter(
        check=lambda count: claim.report(gettext_noop("Writing the customers"), count, total)
    )
    counter.add(0)
    written = _write_file(path_of(file_id), WRITERS[export.format](rows, counter))
    with transaction.atomic():
        CustomerExport.objects.filter(pk=export.pk).update(
            row_count=counter.rows,
            size=written.size,
            sha256=written.sha256,
            file_id=file_id,
            expires_at=Now() + settings.EXPORT_LIFETIME,
        )
        details = {"rows": counter.rows, "sha256": written.sha256}
        said = details | describe(what, export.format, rows)
        record(None, "exported", what, actor=export.created_by, **said)
        claim.succeed()


def _write_file(path: Path, blocks: Generator[bytes]) -> Written:
    """Write a file that survives whole, whatever happens to the machine afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as file, closing(blocks):  # closed, it reads no COPY any more
        for block in blocks:
            digest.update(block)
            size += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return Written(size, digest.hexdigest())


def exportable_of(export: CustomerExport) -> Exportable:
    """The customers an export was requested for."""
    params = QueryDict(export.selection)
    selection = Selection.read(params, export.dataset, more=read_origin(params, export.dataset))
    return Exportable(export.dataset, export.cluster, export.version_id, selection, export.run)


# ---- Keeping, and deleting ---------------------------------------------------------------------------------


def path_of(file_id: uuid.UUID) -> Path:
    """Where an export's file is. The name is ours, never a person's."""
    return Path(settings.EXPORT_DIR) / str(file_id)


def delete_exports(exports: QuerySet[CustomerExport]) -> None:
    """Forget exports, and delete their files when the surrounding transaction commits."""
    paths = [path_of(export.file_id) for export in exports if export.file_id is not None]
    exports.delete()
    for path in paths:
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)


def delete_expired_files() -> int:
    """Delete the files of expired exports, and leftovers of killed attempts. Return how many."""
    deleted = 0
    for export in CustomerExport.objects.filter(expires_at__lt=Now(), file_deleted_at=None):
        assert export.file_id is not None  # noqa: S101 - tells mypy, not people
        path_of(export.file_id).unlink(missing_ok=True)
        deleted += CustomerExport.objects.filter(pk=export.pk).update(file_deleted_at=Now())
    return deleted + _delete_stray_files()


def _delete_stray_files() -> int:
    """Delete files that belong to no export and that no attempt can still be writing."""
    folder = Path(settings.EXPORT_DIR)
    oldest = time.time() - settings.JOB_TIME_LIMIT_SECONDS - settings.JOB_TIME_GRACE_SECONDS
    written = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    old = {name: path for name, path in written.items() if path.stat().st_mtime < oldest}
    known = CustomerExport.objects.filter(file_deleted_at=None).exclude(file_id=None)
    strays = old.keys() - {str(file_id) for file_id in known.values_list("file_id", flat=True)}
    for name in strays:
        old[name].unlink(missing_ok=True)
    return len(strays)
