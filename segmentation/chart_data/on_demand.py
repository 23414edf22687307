"""Pictures of pairs that a run did not freeze: requested by people, counted once by a worker, then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.models import Attribute
from customers.storage.columns import read_numbers
from jobs.errors import JobError
from jobs.lifecycle import create_job
from jobs.requests import deduplicated
from jobs.worker.claim import Claim
from segmentation.analysis.results import to_json
from segmentation.analysis.scatter_data import picture_pair
from segmentation.models import RunPicture, SegmentationRun
from segmentation.runs.assignments import read_labels
from segmentation.runs.errors import RunRefusedError

if TYPE_CHECKING:
    from segmentation.analysis.results import FloatArray, LabelArray


READING = gettext_noop("Reading the customers")


@deduplicated(RunPicture)
def ask_for_picture(
    run: SegmentationRun, x: Attribute, y: Attribute, user: AbstractBaseUser | AnonymousUser | None = None
) -> RunPicture:
    """The picture of two number attributes, on either axis; its job is queued if there is none yet.

    Raises
    ------
    JobRefusedError
        The run's customers are no longer kept (a `RunRefusedError`), or the person has too many jobs.
    """
    x, y = sorted((x, y), key=lambda attribute: attribute.pk)
    SegmentationRun.objects.select_for_update(no_key=True).get(pk=run.pk)  # one after the other
    asked = run.further_pictures.filter(x_attribute=x, y_attribute=y)
    found = asked.select_related("job").first()
    if found is not None and (found.picture is not None or found.job.is_active):
        return found
    if run.version.dropped_at is not None:
        raise RunRefusedError(customers_are_gone())
    asked.delete()  # what failed is retried
    job = create_job("picture", user, title=f"{x} × {y}", key=f"picture {run.pk} {x.pk} {y.pk}")
    return RunPicture.objects.create(run=run, job=job, version=run.version, x_attribute=x, y_attribute=y)


def customers_are_gone() -> str:
    return _(
        "The customers of this run are no longer kept as they were, so no more pairs can be drawn. "
        "Run again to see any pair for today's customers."
    )


def count_picture(claim: Claim) -> None:
    """Make the claimed job's picture: read two columns and the labels, count, store.

    Raises
    ------
    JobError
        The run or its customers are gone.
    """
    pictures = RunPicture.objects.select_related("version", "x_attribute", "y_attribute")
    wanted = pictures.filter(job=claim.job_id).first()
    if wanted is None or wanted.version.dropped_at is not None:
        raise JobError(customers_are_gone())
    claim.report(READING, 0, wanted.version.customer_count)
    values, labels = _read_drawn(wanted, claim)
    claim.report(gettext_noop("Drawing"))
    k, logarithms = SegmentationRun.objects.values_list("k", "segmentation__log1p").get(pk=wanted.run_id)
    picture = picture_pair(
        (values[:, 0], values[:, 1]),
        labels,
        n_clusters=k or 0,
        names=(wanted.x_attribute.name, wanted.y_attribute.name),
        is_log=(wanted.x_attribute_id in logarithms, wanted.y_attribute_id in logarithms),
    )
    with transaction.atomic():
        RunPicture.objects.filter(pk=wanted.pk).update(picture=to_json(picture))
        claim.succeed()


def _read_drawn(wanted: RunPicture, claim: Claim) -> tuple[FloatArray, LabelArray]:
    """Both values and the label of every customer of the run who still exists."""
    total = wanted.version.customer_count
    ids, values = read_numbers(
        wanted.version_id,
        [wanted.x_attribute.position, wanted.y_attribute.position],
        check=lambda done: claim.report(READING, done, total),
    )
    customer_ids, labels = read_labels(wanted.run_id)
    rows = np.searchsorted(ids, customer_ids)
    known = rows < len(ids)
    known[known] = ids[rows[known]] == customer_ids[known]
    return values[rows[known]], labels[known]
