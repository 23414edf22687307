"""The home page: what there is, what has changed, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from customers.models import CustomerImport, Dataset
from jobs.models import Job
from segmenter.models import Cluster, SegmentationRun
from segmenter.views.charts import CLUSTERS

RECENT = 5
LATELY = timedelta(days=7)


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
    runs = SegmentationRun.objects.finished_last_first().listed().annotate(first_picture=F("pictures__0"))
    latest = runs.prefetch_related(CLUSTERS).first()
    datasets = list(Dataset.objects.select_related("current_version")[:RECENT])
    context: dict[str, Any] = {
        "datasets": datasets,
        "active_jobs": Job.objects.active().with_clock().select_related("created_by")[:RECENT],
        "latest": latest,
        "changes": find_changes(latest) if latest else [],
        "before": run_before(latest) if latest else None,
        "imports": CustomerImport.objects.filter(published_at__isnull=False, undone_at=None).select_related(
            "dataset"
        )[:RECENT],
        "segmentations": SegmentationRun.objects.latest_of_each().with_sizes()[:RECENT],
        "steps": find_next_steps(request.user, datasets, latest),
    }
    return render(request, "segmenter/home.html", context)


def run_before(run: SegmentationRun) -> SegmentationRun | None:
    """The run whose segments this one took over."""
    earlier = run.segmentation.runs.finished_last_first().filter(job__finished_at__lte=run.job.finished_at)
    return earlier.only("pk").exclude(pk=run.pk).first()


def find_changes(run: SegmentationRun) -> list[Change]:
    """The run's clusters, each beside its segment's size in the run before."""
    earlier = run.segmentation.runs.finished_last_first().exclude(pk=run.pk)
    earlier = earlier.filter(job__finished_at__lte=run.job.finished_at).values("pk")[:1]
    before = dict(Cluster.objects.filter(run__in=earlier).values_list("segment", "size"))
    return [
        Change(cluster, cluster.size - before[cluster.segment_id] if cluster.segment_id in before else None)
        for cluster in run.clusters.all()
    ]


def find_next_steps(
    user: User | AnonymousUser, datasets: list[Dataset], latest: SegmentationRun | None
) -> list[NextStep]:
    """What waits for somebody, what went wrong, and the next step on the way to a campaign."""
    steps = [_waiting_import(user), _failed_job(user), find_next_step(user, datasets, latest)]
    return [step for step in steps if step is not None]


def _waiting_import(user: User | AnonymousUser) -> NextStep | None:
    if not user.has_perm("customers.add_customerimport"):
        return None
    mine = CustomerImport.objects.filter(job=None, created_by=user.pk, file_deleted_at=None)
    waiting = mine.select_related("dataset").first()
    if waiting is None:
        return None
    sentence = _("“%(file)s” waits for you to say what its columns are.") % {"file": waiting.original_name}
    return NextStep(sentence, _("Go on with it"), waiting.get_absolute_url())


def _failed_job(user: User | AnonymousUser) -> NextStep | None:
    """The last thing that somebody asked for, if it failed lately."""
    last = Job.objects.filter(created_by=user.pk, created_at__gte=Now() - LATELY).order_by("-pk").first()
    if last is None or last.state != Job.State.FAILED:
        return None
    sentence = _("“%(job)s” could not be finished: %(reason)s") % {"job": last, "reason": last.error}
    return NextStep(sentence, _("See what happened"), last.get_absolute_url())


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
        sentence = _("%(dataset)s has no customers yet.") % {"dataset": empty[0]}
        return NextStep(sentence, _("Import customers"), address) if may_import else None
    if latest is None:
        ready = next((dataset for dataset in datasets if dataset.current_version is not None), None)
        return _first_run(ready) if ready and may_run else None
    dataset = latest.segmentation.dataset
    current = next((each.current_version_id for each in datasets if each.pk == dataset.pk), None)
    if current is not None and current != latest.version_id and may_run:
        sentence = _("Customers of %(dataset)s came in or changed since its segments were found.")
        return NextStep(sentence % {"dataset": dataset}, _("Find segments again"), again_address(latest))
    return None


def _first_run(dataset: Dataset) -> NextStep:
    count = dataset.customer_count
    sentence = ngettext(
        "%(dataset)s has %(count)s customer and no segments yet.",
        "%(dataset)s has %(count)s customers and no segments yet.",
        count,
    ) % {"dataset": dataset, "count": number_format(count)}
    return NextStep(sentence, _("Find segments"), reverse("segmenter:run-create", args=[dataset.slug]))


def again_address(run: SegmentationRun) -> str:
    """The form for a new run, filled in as this one was."""
    return reverse("segmenter:run-create", args=[run.segmentation.dataset.slug]) + f"?like={run.pk}"
