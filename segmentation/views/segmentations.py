"""A segmentation: its segments from run to run, and the next run."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from segmentation.comparison.timeline import read_history
from segmentation.models import Segmentation

RECENT = 10


@require_safe
@permission_required("segmenter.view_segmentation", raise_exception=True)
def segmentation_detail(request: HttpRequest, segmentation_id: int) -> HttpResponse:
    segmentation = _get_segmentation(segmentation_id)
    history = read_history(segmentation, request.GET.get("page"))
    context = {
        "segmentation": segmentation,
        "dataset": segmentation.dataset,
        "history": history,
        "latest": history.columns[-1].run if history.columns and not history.page.has_previous() else None,
        "runs": segmentation.runs.listed().with_sizes()[:RECENT],
        "run_count": segmentation.runs.count(),
    }
    return render(request, "segmentation/segmentation_detail.html", context)


def _get_segmentation(segmentation_id: int) -> Segmentation:
    owners = Segmentation.objects.select_related("dataset__current_version")
    return get_object_or_404(owners, pk=segmentation_id)
