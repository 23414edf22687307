"""What segments tell about one customer: values among everyone's, the segment in every run, and why.

A few runs at a time: each has a partition of its own, and a dataset may have thousands of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django import template
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404
from django.template import Context

from customers.models import Attribute, Customer, Dataset
from segmentation.analysis.results import ClusterProfiles, from_json
from segmentation.models import Cluster, ClusterAssignment, SegmentationRun
from segmentation.runs.assignments import RUNS_AT_ONCE, assignments_in
from segmentation.segments.explanation import explain
from segmentation.segments.percentiles import compare_with_all

register = template.Library()


@register.inclusion_tag("segmentation/_customer.html", takes_context=True)
def customer_segments(context: Context) -> dict[str, Any]:
    """Describe the page's customer by the run in its address, or by the newest of the runs shown."""
    customer, attributes, query = context["customer"], context["attributes"], context["request"].GET
    runs = _runs_of(context["dataset"])
    page = Paginator(runs, RUNS_AT_ONCE).get_page(query.get("page"))
    shown, asked = list(page), _asked(runs, query.get("run", ""))
    assignments = _assignments_of(customer, shown)
    if asked is not None and asked not in shown:
        assignments |= _assignments_of(customer, [asked])
    clusters = _clusters_of(assignments)
    chosen = _choose(clusters, asked)
    known = {
        "clusters": [cluster for cluster in clusters if cluster.run_id in shown],
        "page": page,
        "request": context["request"],  # for the links to other pages
        "chosen": chosen,
        "standings": compare_with_all(customer, attributes, None),
    }
    if chosen:
        known |= _explain(customer, attributes, chosen, assignments[chosen.run_id])
    return known


def _runs_of(dataset: Dataset) -> QuerySet[SegmentationRun, int]:
    """The numbers of the dataset's runs with results, the newest first."""
    runs = SegmentationRun.objects.filter(segmentation__dataset=dataset).exclude(k=None)
    return runs.order_by("-pk").values_list("pk", flat=True)


def _asked(runs: QuerySet[SegmentationRun, int], written: str) -> int | None:
    """The run that the address asks for; `None` if it asks for none."""
    if not written:
        return None
    is_number = written.isascii() and written.isdigit() and len(written) < 18
    found = runs.filter(pk=written).first() if is_number else None
    if found is None:
        raise Http404
    return found


def _assignments_of(customer: Customer, run_ids: Sequence[int]) -> dict[int, ClusterAssignment]:
    """The customer's assignments in these runs."""
    return {each.run_id: each for each in assignments_in(run_ids).filter(customer_id=customer.id)}


def _clusters_of(assignments: dict[int, ClusterAssignment]) -> list[Cluster]:
    """The customer's clusters, those of the newest run first."""
    if not assignments:
        return []
    pairs = reduce(or_, (Q(run=run, label=each.label) for run, each in assignments.items()))
    return list(Cluster.objects.with_owners().filter(pairs).order_by("-run_id"))


def _choose(clusters: list[Cluster], asked: int | None) -> Cluster | None:
    """The cluster of the requested run, else of the newest."""
    if asked is None:
        return clusters[0] if clusters else None
    for cluster in clusters:
        if cluster.run_id == asked:
            return cluster
    raise Http404


def _explain(
    customer: Customer, attributes: Sequence[Attribute], chosen: Cluster, assignment: ClusterAssignment
) -> dict[str, Any]:
    """What the chosen run froze about everyone, and why it decided so."""
    run = (
        SegmentationRun.objects.select_related("segmentation")
        .defer("pictures", "sweep", "scores", "readable_rules")
        .get(pk=chosen.run_id)
    )
    profiles = from_json(ClusterProfiles, run.profiles)
    seen: Customer | None = customer
    if run.version_id != customer.version_id:
        seen = Customer.objects.filter(version_id=run.version_id, id=customer.id).first() or customer
    clusters = list(run.clusters.select_related("segment"))
    return {
        "run": run,
        "standings": compare_with_all(customer, attributes, profiles),
        "reasons": explain(assignment, clusters, run, seen, attributes, profiles),
    }
