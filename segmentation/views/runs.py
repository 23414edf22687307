"""Runs: their history, starting one, and its page with the next steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.recording import record
from common.table_lists import build_table
from common.unique_names import unused_name
from customers.models import Attribute, Dataset
from jobs.errors import JobRefusedError
from segmentation.analysis.preparation.names import is_sensitive
from segmentation.analysis.results import Advice, ClusterProfiles, ElbowSweep, SweepScores, from_json
from segmentation.chart_data.axes import Axes
from segmentation.chart_data.on_demand import ask_for_picture, customers_are_gone
from segmentation.chart_data.registry import drawn_profiles
from segmentation.feature_choices import FeatureChoices
from segmentation.filters import RunFilter
from segmentation.forms import RunForm, chosen_logarithms
from segmentation.models import SegmentationRun
from segmentation.runs import quality
from segmentation.runs.recipes import feature_name, list_preparation_warnings, prepared_of
from segmentation.runs.remarks import word_warnings
from segmentation.runs.request import RunRequest, request_like, request_with_k, start_run
from segmentation.runs.settings_summary import (
    list_drivers,
    list_exceptions,
    list_left_out,
    list_reference_dates,
    list_timings,
    list_unused,
)
from segmentation.segments import cards
from segmentation.segments.rules import RULE_FORMS
from segmentation.tables import RunTable


@require_safe
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
def run_list(request: HttpRequest) -> HttpResponse:
    table = build_table(request, RunTable, SegmentationRun.objects.listed().with_sizes(), RunFilter)
    return render(request, "segmentation/run_list.html", {"table": table})


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
    context = {"dataset": dataset, "form": form, "participants": form.participants}
    return render(request, "segmentation/run_create.html", context)


@require_safe
@permission_required("segmenter.add_segmentationrun", raise_exception=True)
def run_participants(request: HttpRequest, slug: str) -> HttpResponse:
    """How many customers a choice of features uses: part of the page that offers the choice."""
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    asked = request.GET
    participants = FeatureChoices(dataset).participants(
        {*asked.getlist("features"), *asked.getlist("one_hot")},
        missing=asked.get("missing", ""),
        scaling=asked.get("scaling", ""),
        log1p=chosen_logarithms(asked.get("logarithms"), asked.getlist("log1p")),
    )
    return render(request, "segmentation/_participants.html", {"participants": participants})


def _choices_of(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    """The settings of an earlier run of the dataset, if the address names one."""
    like = _number(request.GET.get("like", ""))
    runs = SegmentationRun.objects.filter(segmentation__dataset=dataset).select_related("segmentation")
    run = runs.filter(pk=like).first() if like else None
    if run is None:
        return {}
    recipe = run.segmentation
    attributes = {attribute.pk: attribute for attribute in dataset.attributes.all()}
    chosen = [attributes[pk] for pk in recipe.features if pk in attributes]
    is_anew = "log1p" in request.GET  # the run's page offers to prepare them as today
    logarithms = _logarithms_of_today(run, chosen) if is_anew else {*recipe.log1p}
    share = run.limits.get("min_share", 0)
    return {
        "features": [each.name for each in chosen if each.kind != Attribute.Kind.TEXT],
        "one_hot": [each.name for each in chosen if each.kind == Attribute.Kind.TEXT],
        "logarithms": ("chosen" if logarithms else "none") if recipe.log1p_is_asked or is_anew else "auto",
        "log1p": [attribute.name for attribute in chosen if attribute.pk in logarithms],
        "scaling": recipe.scaling,
        "missing": recipe.missing,
        "outliers": recipe.outliers,
        # Texts of an earlier release weigh otherwise: only another name makes another segmentation.
        "name": unused_name(recipe.name, {recipe.name}) if is_anew and prepared_of(run).is_of_old else "",
        "k": _number(request.GET.get("k", "")) or run.k_requested,
        "k_max": run.k_max if run.k_max_is_asked else None,
        "min_segments": run.limits.get("k_min"),
        "max_segments": run.limits.get("k_max"),
        "min_share": 100 * share or None,
    }


def _logarithms_of_today(run: SegmentationRun, chosen: Sequence[Attribute]) -> set[int]:
    today = prepared_of(run).log1p_today
    if today is not None:
        return {each.pk for each in chosen if each.name in today}
    proposed = {each.pk for each in chosen if feature_name(each) in run.log1p_proposed}
    return {*run.segmentation.log1p, *proposed}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None


# ---- One run ----------------------------------------------------------------------------------------------


def _get_run(run_id: int) -> SegmentationRun:
    runs = SegmentationRun.objects.select_related(
        "segmentation__dataset__current_version", "job__created_by", "version"
    )
    return get_object_or_404(runs.defer("pictures").with_clusters(), pk=run_id)


@require_safe
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
def run_detail(request: HttpRequest, run_id: int) -> HttpResponse:
    run = _get_run(run_id)
    dataset = run.segmentation.dataset
    context: dict[str, Any] = {"run": run, "job": run.job, "dataset": dataset}
    if run.k is not None:
        attributes = list(dataset.attributes.all())
        context |= {
            **_found(request, run, attributes),
            **_certainty(run),
            **_ways_on(run),
            "drivers": list_drivers(run),
            "left_out": list_left_out(run),
            "exceptions": list_exceptions(run),
            "timings": list_timings(run),
            "prepared": prepared_of(run),
            "reference_dates": list_reference_dates(run),
            "unused": list_unused(run),
            "preparation_warnings": list_preparation_warnings(run),
        }
    return render(request, "segmentation/run_detail.html", context)


def _found(request: HttpRequest, run: SegmentationRun, attributes: list[Attribute]) -> dict[str, Any]:
    clusters = list(run.clusters.all())
    profiles, earlier = from_json(ClusterProfiles, run.profiles), cards.find_earlier(run)
    drawn = len(drawn_profiles(profiles.numbers))
    axes = Axes(run, attributes)
    choice = axes.choose(request.GET.get("x", ""), request.GET.get("y", ""))
    waiting = choice.further.job if choice.further is not None and choice.further.job.is_active else None
    failed = choice.further.job if choice.further is not None and not waiting else None
    return {
        "cards": cards.make_cards(run, clusters, profiles, earlier),
        "earlier": earlier and earlier.run,
        "gone": cards.find_gone(earlier, clusters),
        "drawn": drawn,
        "undrawn": len(profiles.numbers) - drawn,
        "axes": axes.choices,
        "choice": choice,
        "picture_job": waiting,
        "picture_error": failed.error if failed is not None else "",
        "customers_are_gone": customers_are_gone() if run.version.dropped_at else "",
    }


def _certainty(run: SegmentationRun) -> dict[str, Any]:
    advice, scores = from_json(Advice, run.advice), from_json(SweepScores, run.scores)
    sweep = from_json(ElbowSweep, run.sweep)
    naming = quality.naming_answers(advice)
    return {
        "advice": advice,
        "reasons": quality.word_reasons(advice),
        "warnings": word_warnings(advice),
        "answers": [(answer.k, quality.word_answer(answer, sweep)) for answer in naming],
        "verdict": quality.judge(run, advice, scores),
        "other_k": quality.other_answer(run, advice),
        "bought": quality.list_bought(run) if run.k == advice.k_useful else [],
        "candidates": quality.list_candidates(run, advice, scores),
        "sampled": quality.sampled(scores),
        "is_approximate": quality.is_approximate(sweep),
    }


def _ways_on(run: SegmentationRun) -> dict[str, Any]:
    current = run.segmentation.dataset.current_version
    latest = run.segmentation.runs.finished_last_first().only("pk").first()
    is_latest = latest is None or latest.pk == run.pk
    return {
        "later_run": None if is_latest else latest,
        "newer": current if is_latest and current is not None and current.pk != run.version_id else None,
        "sensitive": [name for name in run.feature_names if is_sensitive(name)],
        "rule_forms": RULE_FORMS,
    }


@require_POST
@permission_required("segmenter.add_segmentationrun", raise_exception=True)
def run_again(request: HttpRequest, run_id: int) -> HttpResponse:
    """Start the same run on today's customers."""
    run = _get_run(run_id)
    return _start(request, run, lambda: request_like(run))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.add_segmentationrun", raise_exception=True)
def run_k(request: HttpRequest, run_id: int, k: int) -> HttpResponse:
    """Start a run with another number of segments; the page before says which customers."""
    run = _get_run(run_id)
    if k not in run.sweep.get("ks", []):
        raise Http404(_("This run did not try this number of segments."))
    if request.method == "POST":
        return _start(request, run, lambda: request_with_k(run, k))
    scores = from_json(SweepScores, run.scores)
    advice = from_json(Advice, run.advice)
    candidates = {each.k: each for each in quality.list_candidates(run, advice, scores)}
    context = {
        "run": run,
        "dataset": run.segmentation.dataset,
        "candidate": candidates[k],
        "compared": [candidates[each] for each in sorted({k, run.k or k}) if each in candidates],
        **_ways_on(run),
    }
    return render(request, "segmentation/run_k.html", context)


def _start(request: HttpRequest, run: SegmentationRun, make: Callable[[], RunRequest]) -> HttpResponse:
    dataset = run.segmentation.dataset
    try:
        wanted = make()
        started = start_run(wanted, request.user)
    except JobRefusedError as error:
        messages.error(request, str(error))
        return redirect(run)
    names = list(started.feature_names)
    record(request, "asked for a run", started, dataset=dataset.name, features=names, k=wanted.k)
    return redirect(started)


@require_POST
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
def run_picture(request: HttpRequest, run_id: int) -> HttpResponse:
    """Have a pair drawn that the run did not freeze."""
    run = _get_run(run_id)
    axes = {axis.key: axis for axis in Axes(run).choices} if run.k is not None else {}
    x, y = (axes.get(request.POST.get(name, "")) for name in ("x", "y"))
    if x is None or y is None or x.attribute is None or y.attribute is None or x == y:
        messages.error(request, _("Choose two different attributes."))
        return redirect(run)
    try:
        ask_for_picture(run, x.attribute, y.attribute, request.user)
    except JobRefusedError as error:
        messages.error(request, str(error))
    address = reverse("segmentation:run-detail", args=[run.pk])
    return redirect(f"{address}?{urlencode({'x': x.key, 'y': y.key})}#found")
