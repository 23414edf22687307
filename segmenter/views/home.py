"""The home page: what there is, what has changed, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from customers.models import CustomerImport, Dataset
from jobs.models import Job
from segmenter.models import Cluster, SegmentationRun
from segmenter.views.charts import CLUSTERS

RECENT = 5


@dataclass(frozen=True)
class NextStep:
    """What would bring somebody further: a sentence, and where it is done."""

    sentence: str
    action: str
    address: str


@dataclass(frozen=True)
class Change:
    """A segment in the latest run, and how many more customers it has than in the run before."""

    cluster: Cluster
    by: int | None


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    runs = SegmentationRun.objects.succeeded().listed().annotate(first_picture=F("pictures__0"))
    latest = runs.prefetch_related(CLUSTERS).first()
    datasets = list(Dataset.objects.select_related("current_version")[:RECENT])
    context: dict[str, Any] = {
        "datasets": datasets,
        "active_jobs": Job.objects.active().with_clock().select_related("created_by")[:RECENT],
        "latest": latest,
        "changes": find_changes(latest) if latest else [],
        "imports": CustomerImport.objects.filter(published_at__isnull=False, undone_at=None).select_related(
            "dataset"
        )[:RECENT],
        "runs": SegmentationRun.objects.listed()[:RECENT],
        "step": find_next_step(request.user, datasets, latest),
    }
    return render(request, "segmenter/home.html", context)


def find_changes(run: SegmentationRun) -> list[Change]:
    """The run's clusters, each beside its segment's size in the run before."""
    earlier = run.segmentation.runs.succeeded().filter(pk__lt=run.pk).order_by("-pk").values("pk")[:1]
    before = dict(Cluster.objects.filter(run__in=earlier).values_list("segment", "size"))
    return [
        Change(cluster, cluster.size - before[cluster.segment_id] if cluster.segment_id in before else None)
        for cluster in run.clusters.all()
    ]


def find_next_step(
    user: User | AnonymousUser, datasets: list[Dataset], latest: SegmentationRun | None
) -> NextStep | None:
    """The first step on the way from nothing to a campaign that is not done yet, and that the user may do."""
    may_import, may_run = (
        user.has_perm(name) for name in ("customers.add_customerimport", "segmenter.add_segmentationrun")
    )
    empty = [dataset for dataset in datasets if dataset.current_version is None]
    if datasets and len(empty) == len(datasets):
        address = reverse("customers:import-create", args=[empty[0].slug])
        step = NextStep(f"{empty[0]} has no customers yet.", "Import customers", address)
        return step if may_import else None
    if latest is None:
        ready = [dataset for dataset in datasets if dataset.current_version is not None]
        if not (ready and may_run):
            return None
        sentence = f"{ready[0]} has {ready[0].customer_count:,} customers and no segments yet."
        return NextStep(sentence, "Find segments", reverse("segmenter:run-create", args=[ready[0].slug]))
    dataset = latest.segmentation.dataset
    current = next((each.current_version_id for each in datasets if each.pk == dataset.pk), None)
    if current is not None and current != latest.version_id and may_run:
        sentence = f"Customers of {dataset} came in or changed since its segments were found."
        return NextStep(sentence, "Find segments again", again_address(latest))
    return None


def again_address(run: SegmentationRun) -> str:
    """The form for a new run, filled in as this one was."""
    return reverse("segmenter:run-create", args=[run.segmentation.dataset.slug]) + f"?like={run.pk}"
