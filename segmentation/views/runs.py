"""Runs: ask for one, watch it, read what it found."""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from audit.recording import record
from customers.models import Dataset
from jobs.errors import JobRefusedError
from segmentation.forms import RunForm
from segmentation.models import SegmentationRun
from segmentation.runs.request import start_run


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.add_segmentationrun", raise_exception=True)
def run_create(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    form = RunForm(request.POST or None, dataset=dataset, initial=_choices_of(request, dataset))
    if request.method == "POST" and form.is_valid():
        try:
            run = start_run(form.run_request(), request.user)
            record(request, "asked for a run", run, dataset=dataset.name, features=list(run.feature_names))
            return redirect(run)
        except JobRefusedError as error:
            form.add_error(None, str(error))
    return render(request, "segmentation/run_create.html", {"dataset": dataset, "form": form})


def _choices_of(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    """What an earlier run of the dataset was asked for, where the address names one."""
    like = _number(request.GET.get("like", ""))
    runs = SegmentationRun.objects.filter(segmentation__dataset=dataset).select_related("segmentation")
    run = runs.filter(pk=like).first() if like else None
    if run is None:
        return {}
    recipe = run.segmentation
    attributes = {attribute.pk: attribute for attribute in dataset.attributes.all()}
    chosen = [attributes[pk] for pk in recipe.features if pk in attributes]
    logarithms = {*recipe.log1p}
    if "log1p" in request.GET:  # the run's page offers to take those that it proposes
        logarithms |= {each.pk for each in chosen if each.name in run.log1p_proposed}
    share = run.limits.get("min_share", 0)
    return {
        "features": [attribute.name for attribute in chosen if attribute.is_number],
        "one_hot": [attribute.name for attribute in chosen if not attribute.is_number],
        "log1p": [attribute.name for attribute in chosen if attribute.pk in logarithms],
        "scaling": recipe.scaling,
        "missing": recipe.missing,
        "outliers": recipe.outliers,
        "k": _number(request.GET.get("k", "")) or run.k_requested,
        "k_max": run.k_max,
        "min_segments": run.limits.get("k_min"),
        "max_segments": run.limits.get("k_max"),
        "min_share": 100 * share or None,
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
