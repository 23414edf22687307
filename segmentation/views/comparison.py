"""Two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from segmentation.analysis.results import ClusterScores, SweepScores, from_json
from segmentation.comparison.flows import Comparison, compare_runs
from segmentation.comparison.lifecycle import ARRIVED, GONE
from segmentation.models import SegmentationRun

# Moves from one segment to another that are listed one by one.
MOST_MOVES = 12
CHOICES = 200


@require_safe
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
def run_compare(request: HttpRequest) -> HttpResponse:
    """Two runs side by side, the one that ended first at the left."""
    runs = _chosen_runs(request.GET.getlist("run"))
    problem = _problem_of(runs)
    choices = _other_runs(runs)
    picked = runs if len(runs) == 2 else choices[1::-1]
    context: dict[str, Any] = {"picked": picked, "problem": problem, "choices": choices}
    if not problem:
        comparison = compare_runs(*runs)
        context |= _summary(comparison)
    return render(request, "segmentation/run_compare.html", context)


def _chosen_runs(asked: Sequence[str]) -> list[SegmentationRun]:
    """The finished runs that the address names, in the order in which they ended."""
    numbers = {int(each) for each in asked if each.isascii() and each.isdigit() and len(each) < 18}
    runs = SegmentationRun.objects.finished_last_first().filter(pk__in=sorted(numbers)[:3])
    related = runs.select_related("segmentation__dataset", "job__created_by", "version")
    return list(related.defer("sweep", "profiles", "pictures").with_clusters().reverse())


def _problem_of(runs: Sequence[SegmentationRun]) -> str:
    """Why these runs cannot be compared, and what to do; empty if they can."""
    if len(runs) != 2:
        return _("Choose two finished runs: select them in the history, or pick them here.")
    if runs[0].segmentation.dataset_id != runs[1].segmentation.dataset_id:
        return _("These runs are from different datasets: choose two from the same one.")
    return ""


def _other_runs(runs: Sequence[SegmentationRun]) -> list[SegmentationRun]:
    """Other runs to choose: the latest finished ones, from the same dataset if there is one."""
    found = SegmentationRun.objects.listed().finished_last_first()
    if runs:
        found = found.filter(segmentation__dataset=runs[0].segmentation.dataset_id)
    latest = list(found[:CHOICES])
    known = {run.pk for run in latest}
    return [*latest, *(run for run in runs if run.pk not in known)]


def _summary(comparison: Comparison) -> dict[str, Any]:
    before, after = comparison.before, comparison.after
    moves = comparison.moves
    return {
        "comparison": comparison,
        "dataset": after.segmentation.dataset,
        "is_one_segmentation": before.segmentation_id == after.segmentation_id,
        "pairs": comparison.pairs,
        "arrived": comparison.with_fate(*ARRIVED),
        "gone": comparison.with_fate(*GONE),
        "moves": moves[:MOST_MOVES],
        "moved": sum(flow.size for flow in moves),
        "more_moves": max(0, len(moves) - MOST_MOVES),
        "counterparts": comparison.counterparts,
        "sides": [(run, _scores_of(run)) for run in (before, after)],
    }


def _scores_of(run: SegmentationRun) -> ClusterScores | None:
    """The scores of the number of segments that the run used; `None` where the sweep did not reach it."""
    rows = from_json(SweepScores, run.scores).rows
    return next((row for row in rows if row.k == run.k), None)
