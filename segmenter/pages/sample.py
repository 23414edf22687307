"""The bundled sample, imported and segmented through the real worker: what a new installation shows."""

from __future__ import annotations

import time

from django.contrib.auth.models import AbstractBaseUser

from customers.importing.pipeline import create_dataset, start_import
from customers.synthetic import SAMPLE_FILE
from jobs.models import Job
from segmentation.models import SegmentationRun
from segmentation.runs.request import RunRequest, start_run

SAMPLE_DATASET = "Sample shop"
SAMPLE_FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]


class SampleError(Exception):
    """The sample could not be created; the text says why."""


def create_sample_segmentation(user: AbstractBaseUser, *, timeout: float = 300) -> SegmentationRun:
    """Import the sample and find its segments, waiting for the worker to do each.

    Raises
    ------
    SampleError
        A job failed, or no worker took it in time.
    """
    dataset = create_dataset(SAMPLE_DATASET, user)
    with SAMPLE_FILE.open("rb") as file:
        customer_import = start_import(dataset, file, SAMPLE_FILE.name, user)
    _wait_for(customer_import.job, timeout)
    dataset.refresh_from_db()
    run = start_run(RunRequest(dataset=dataset, features=SAMPLE_FEATURES), user)
    _wait_for(run.job, timeout)
    return run


def _wait_for(job: Job | None, timeout: float) -> None:
    give_up_at = time.monotonic() + timeout
    while job is not None and time.monotonic() < give_up_at:
        job.refresh_from_db()
        if job.state == Job.State.SUCCEEDED:
            return
        if not job.is_active:
            raise SampleError(job.error or "The job was cancelled.")
        time.sleep(0.2)
    raise SampleError("No worker finished it in time.")
