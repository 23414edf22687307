"""Deleting a run or a dataset, after saying what will be lost."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.recording import record
from customers.models import Dataset
from segmentation.deletion import AlreadyDeletedError, StillBusyError, delete_dataset, delete_run
from segmentation.models import Segment, Segmentation, SegmentationRun


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.delete_segmentationrun", raise_exception=True)
def run_delete(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(SegmentationRun.objects.listed(), pk=run_id)
    if request.method == "POST" and _done(request, run, lambda: delete_run(run)):
        is_left = Segmentation.objects.filter(pk=run.segmentation_id).exists()
        return redirect(run.segmentation) if is_left else redirect("segmentation:run-list")
    known = Segment.objects.filter(segmentation=run.segmentation_id).annotate(
        here=Count("clusters", filter=Q(clusters__run=run)), runs=Count("clusters")
    )
    context = {"run": run, "dataset": run.segmentation.dataset, "lost": known.filter(here=1, runs=1)}
    return render(request, "segmentation/run_delete.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.delete_dataset", raise_exception=True)
def dataset_delete(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    is_meant = request.POST.get("name", "").strip() == dataset.name
    if request.method == "POST" and is_meant and _done(request, dataset, lambda: delete_dataset(dataset)):
        return redirect("customers:dataset-list")
    context = {
        "dataset": dataset,
        "imports": dataset.imports.count(),
        "runs": SegmentationRun.objects.filter(segmentation__dataset=dataset).count(),
        "segments": Segment.objects.filter(segmentation__dataset=dataset).count(),
        "is_misspelt": request.method == "POST" and not is_meant,
    }
    return render(request, "segmentation/dataset_delete.html", context)


def _done(request: HttpRequest, subject: Dataset | SegmentationRun, delete: Callable[[], None]) -> bool:
    """Whether it is gone; a message says by whose hand, or why it is not."""
    kind, name = ("dataset" if isinstance(subject, Dataset) else "run"), str(subject)
    try:
        delete()
    except StillBusyError as error:
        messages.error(request, str(error))
        return False
    except AlreadyDeletedError as error:
        messages.info(request, str(error))
        return True
    record(request, f"deleted a {kind}", name)
    messages.success(request, _("%(name)s has been deleted.") % {"name": f"{name[0].upper()}{name[1:]}"})
    return True
