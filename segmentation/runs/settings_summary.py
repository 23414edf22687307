"""How a run was done: which features drive the result, who was left out, what took how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Customer
from segmentation.analysis.preparation.names import is_sensitive
from segmentation.analysis.preparation.wording import explain
from segmentation.models import SegmentationRun
from segmentation.runs.recipes import prepared_of

STAGES = {
    "load": gettext_lazy("reading the customers"),
    "sweep": gettext_lazy("elbow sweep"),
    "scores": gettext_lazy("scoring and stability"),
    "fit": gettext_lazy("finding the segments"),
    "profiles": gettext_lazy("describing them"),
    "store": gettext_lazy("storing"),
}

MOST_EXCEPTIONS = 10


@dataclass(frozen=True)
class Driver:
    """How far a feature drives the result: the share of its variance that the segments explain."""

    name: str
    percent: int
    is_sensitive: bool


def list_drivers(run: SegmentationRun) -> list[Driver]:
    """The features, from the one that drives the result most."""
    shares = sorted(run.explained.items(), key=lambda each: -each[1])
    return [Driver(name, round(100 * share), is_sensitive(name)) for name, share in shares]


@dataclass(frozen=True)
class LeftOut:
    reason: str
    count: int


def list_left_out(run: SegmentationRun) -> list[LeftOut]:
    """Why customers were left out, by feature; one may count under several."""
    reasons = [
        LeftOut(_("no value in “%(name)s”") % {"name": name}, count)
        for name, count in run.left_out.get("missing", {}).items()
        if count
    ]
    if run.left_out.get("set_aside"):
        reasons.append(LeftOut(_("far from everyone, set aside"), run.left_out["set_aside"]))
    return reasons


@dataclass(frozen=True)
class Exceptional:
    """A customer far from everyone."""

    name: str
    url: str


def list_exceptions(run: SegmentationRun) -> list[Exceptional]:
    """Who was far from everyone, whether set aside or not: the first few."""
    ids = run.left_out.get("exceptions", [])[:MOST_EXCEPTIONS]
    if not ids or run.version.dropped_at is not None:
        return []
    slug = run.segmentation.dataset.slug
    customers = Customer.objects.filter(version_id=run.version_id, id__in=ids).only("id", "customer_id")
    found = {customer.id: customer.customer_id for customer in customers}
    return [
        Exceptional(found[pk], reverse("customers:customer-detail", args=[slug, pk]))
        for pk in ids
        if pk in found
    ]


def list_reference_dates(run: SegmentationRun) -> list[tuple[str, date]]:
    """From which day the days since each date were counted, by attribute."""
    return [(name, date.fromisoformat(day)) for name, day in prepared_of(run).reference_dates]


def list_unused(run: SegmentationRun) -> list[tuple[str, str]]:
    """Attributes that took no part, and why none was proposed; empty where nobody asked for a proposal."""
    return [(each.name, explain(each)) for each in prepared_of(run).left_out]


def list_timings(run: SegmentationRun) -> list[tuple[str, float]]:
    """Seconds by stage, in the order in which they come."""
    return [(str(name), run.timings[stage]) for stage, name in STAGES.items() if stage in run.timings]
