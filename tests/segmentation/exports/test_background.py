"""Long exports: written by a worker, completely or not at all, and kept for a while."""

import hashlib
import os
import resource
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db.models.functions import Now

from customers.models import Customer
from customers.storage.versions import held_versions
from jobs.lifecycle import request_cancel
from jobs.models import Job
from jobs.worker.claim import Claim
from jobs.worker.execution import execute
from segmentation.deletion import StillBusyError, delete_dataset, delete_run
from segmentation.exports import background
from segmentation.exports.background import delete_expired_files, execute_export, path_of, start_export
from segmentation.exports.contents import Exportable
from segmentation.models import CustomerExport

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    """The folder of this test's exports."""
    settings.EXPORT_DIR = tmp_path / "exports"
    return settings.EXPORT_DIR


@pytest.fixture
def cluster(shop, execute_a_run):
    return execute_a_run(shop, k=5).clusters.first()


@pytest.fixture
def waiting(cluster, analyst):
    """An export that no worker has taken yet."""
    dataset = cluster.run.segmentation.dataset
    dataset.refresh_from_db()
    return start_export(Exportable.today(dataset, cluster), "csv", [], analyst)


def files(folder) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def job_of(export) -> Job:
    return Job.objects.get(pk=export.job_id)


def test_a_file_is_there_with_its_size_and_digest_when_the_job_has_succeeded(
    folder, cluster, analyst, export_in_background
):
    export = export_in_background(cluster, analyst)
    written = path_of(export.file_id).read_bytes()
    assert (export.job.state, export.is_available) == ("succeeded", True)
    assert (export.size, export.sha256) == (len(written), hashlib.sha256(written).hexdigest())
    assert written.count(b"\r\n") == export.row_count + 1 == cluster.size + 1
    assert path_of(export.file_id).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_it_keeps_the_version_it_began_with(waiting, cluster, publish):
    publish(cluster.run.segmentation.dataset, {"Income": [1.0], "Score": [2.0]}, first_id=9_000)
    assert waiting.version_id in held_versions()
    execute(waiting.job_id, execute_export)
    waiting.refresh_from_db()
    assert waiting.row_count == cluster.size
    assert waiting.version_id not in held_versions()


def test_a_version_that_is_gone_is_said_when_it_is_tried_again(waiting):
    type(waiting.version).objects.update(dropped_at=Now())
    execute(waiting.job_id, execute_export)
    assert "no longer kept" in job_of(waiting).error


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(folder, waiting, ending):
    CustomerExport.objects.update(format=ending)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))
    try:
        execute(waiting.job_id, execute_export)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (job_of(waiting).state, job_of(waiting).failure) == ("failed", "disk")
    assert "no space left" in job_of(waiting).error
    assert files(folder) == []


def test_a_text_too_long_for_a_workbook_is_one_sentence(folder, waiting, shop):
    shop.attributes.create(name="Remark", kind="text", position=0)
    Customer.objects.filter(version=waiting.version_id).update(texts=["x" * 40_000])
    CustomerExport.objects.update(format="xlsx")
    execute(waiting.job_id, execute_export)
    assert (job_of(waiting).failure, files(folder)) == ("refused", [])
    assert "export the list as CSV" in job_of(waiting).error


def test_a_cancelled_export_leaves_nothing_behind(folder, waiting, monkeypatch):
    report = Claim.report

    def cancel_then_report(claim, *said):
        request_cancel(claim.job_id)
        claim.is_cancelled = True
        report(claim, *said)

    monkeypatch.setattr(Claim, "report", cancel_then_report)
    execute(waiting.job_id, execute_export)
    assert (job_of(waiting).state, files(folder)) == ("cancelled", [])


def test_an_attempt_that_was_given_up_publishes_nothing(folder, waiting, monkeypatch):
    write = background._write_file

    def lose_the_job(path, blocks):
        Job.objects.update(attempt=7)
        return write(path, blocks)

    monkeypatch.setattr(background, "_write_file", lose_the_job)
    execute(waiting.job_id, execute_export)
    waiting.refresh_from_db()
    assert (waiting.file_id, waiting.row_count, files(folder)) == (None, None, [])


def test_files_are_deleted_when_their_time_is_over(folder, cluster, analyst, export_in_background):
    export = export_in_background(cluster, analyst)
    assert delete_expired_files() == 0
    assert export.expires_at - export.now == pytest.approx(site.EXPORT_LIFETIME, abs=timedelta(minutes=1))
    CustomerExport.objects.update(expires_at=Now() - timedelta(seconds=1))
    assert (delete_expired_files(), files(folder)) == (1, [])
    assert CustomerExport.objects.get().file_deleted_at is not None
    assert delete_expired_files() == 0


def test_what_killed_attempts_left_is_deleted_and_what_is_being_written_is_not(
    folder, cluster, analyst, export_in_background
):
    export = export_in_background(cluster, analyst)
    long_ago = time.time() - site.JOB_TIME_LIMIT_SECONDS - 3600
    for name in ("left", "young"):
        (folder / name).write_text("customers")
    for path in (folder / "left", path_of(export.file_id)):
        os.utime(path, (long_ago, long_ago))
    assert delete_expired_files() == 1
    assert sorted(files(folder)) == sorted(["young", str(export.file_id)])


@pytest.mark.parametrize("what", ["run", "dataset"])
def test_deleting_waits_for_an_export_and_takes_its_file_along(folder, waiting, cluster, what):
    run = cluster.run
    delete, subject = (delete_run, run) if what == "run" else (delete_dataset, run.segmentation.dataset)
    with pytest.raises(StillBusyError, match="export"):
        delete(subject)
    execute(waiting.job_id, execute_export)
    assert len(files(folder)) == 1
    delete(subject)
    assert (files(folder), CustomerExport.objects.count()) == ([], 0)
