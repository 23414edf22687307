"""What segments tell about one customer: values among everyone's, the segment in every run, and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django import template
from django.db.models import Q
from django.http import Http404
from django.template import Context

from customers.models import Attribute, Customer
from segmentation.analysis.results import ClusterProfiles, from_json
from segmentation.models import Cluster, ClusterAssignment, SegmentationRun
from segmentation.segments.explanation import explain
from segmentation.segments.percentiles import compare_with_all

register = template.Library()


@register.inclusion_tag("segmentation/_customer.html", takes_context=True)
def customer_segments(context: Context) -> dict[str, Any]:
    """Describe the page's customer by the run in its address, or by the newest."""
    customer, attributes = context["customer"], context["attributes"]
    assignments = {each.run_id: each for each in ClusterAssignment.objects.filter(customer_id=customer.id)}
    clusters = _clusters_of(assignments)
    chosen = _choose(clusters, context["request"].GET.get("run", ""))
    known = {
        "clusters": clusters,
        "chosen": chosen,
        "standings": compare_with_all(customer, attributes, None),
    }
    if chosen:
        known |= _explain(customer, attributes, chosen, assignments[chosen.run_id])
    return known


def _clusters_of(assignments: dict[int, ClusterAssignment]) -> list[Cluster]:
    """The customer's clusters, those of the newest run first."""
    if not assignments:
        return []
    pairs = reduce(or_, (Q(run=run, label=each.label) for run, each in assignments.items()))
    return list(Cluster.objects.with_owners().filter(pairs).order_by("-run_id"))


def _choose(clusters: list[Cluster], asked: str) -> Cluster | None:
    """The cluster of the requested run, else of the newest."""
    if not asked:
        return clusters[0] if clusters else None
    for cluster in clusters:
        if str(cluster.run_id) == asked:
            return cluster
    raise Http404


def _explain(
    customer: Customer, attributes: Sequence[Attribute], chosen: Cluster, assignment: ClusterAssignment
) -> dict[str, Any]:
    """What the chosen run froze about everyone, and why it decided so."""
    run = (
        SegmentationRun.objects.select_related("segmentation")
        .defer("pictures", "sweep", "scores")
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
        "reasons": explain(assignment, clusters, run, profiles, seen, attributes),
    }
