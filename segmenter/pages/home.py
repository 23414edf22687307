"""The home page: what there is, what has changed, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from common.number_format import format_count
from customers.models import CustomerImport, Dataset
from customers.storage.capacity import read_capacity
from jobs.models import Job
from jobs.querysets import ACTIVE
from segmentation.models import Cluster, SegmentationRun

RECENT = 5
# Steps of one kind: more at once are no help.
MOST_STEPS = 2
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class NextStep:
    """A next step: a sentence, and where to do it."""

    sentence: str
    action: str
    address: str
    # Where to put it away instead, if that is possible.
    discard: str = ""


@dataclass(frozen=True)
class Change:
    """A segment in the latest run, and how many more customers it has than in the previous run."""

    cluster: Cluster
    by: int | None


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    runs = list(SegmentationRun.objects.latest_of_each().with_clusters()[:RECENT])
    latest = runs[0] if runs else None
    if latest:
        latest.__dict__["first_picture"] = _first_picture(latest)  # the chart need not read all pictures
    before = clusters_before(latest) if latest else []
    datasets = _latest_datasets()
    imports, jobs = _imports_of_interest(request.user), _jobs_of_interest(request.user)
    context: dict[str, Any] = {
        "datasets": datasets[:RECENT],
        "has_more_datasets": len(datasets) > RECENT,
        "active_jobs": [job for job in jobs if job.is_active][:RECENT],
        "latest": latest,
        "changes": find_changes(latest, before) if latest else [],
        "before": before[0].run_id if before else None,
        "imports": [each for each in imports if each.published_at is not None][:RECENT],
        "runs": runs,
        "steps": [
            *_full_database(request.user),
            *_waiting_imports(request.user, imports),
            *_failed_job(request.user, jobs),
            *find_next_steps(request.user, datasets, runs),
        ],
    }
    return render(request, "segmenter/home.html", context)


def _latest_datasets() -> list[Dataset]:
    """The most recently imported datasets, one more than the page shows; those without imports come last."""
    runs = SegmentationRun.objects.succeeded().filter(segmentation__dataset=OuterRef("pk"))
    found = Dataset.objects.select_related("current_version").annotate(has_segments=Exists(runs))
    return list(found.order_by(F("current_version").desc(nulls_last=True), "name")[: RECENT + 1])


def _first_picture(run: SegmentationRun) -> Any:
    return SegmentationRun.objects.filter(pk=run.pk).values_list("pictures__0", flat=True).get()


def _imports_of_interest(user: User | AnonymousUser) -> list[CustomerImport]:
    """The latest imports that people see, and files that wait for this person, the newest first."""
    waiting = Q(job=None, created_by=user.pk, file_deleted_at=None)
    found = CustomerImport.objects.filter(Q(published_at__isnull=False, undone_at=None) | waiting)
    return list(found.select_related("dataset")[: 2 * RECENT])


def _jobs_of_interest(user: User | AnonymousUser) -> list[Job]:
    """Jobs in progress, and this person's recent ones, newest first."""
    lately = Q(created_by=user.pk, created_at__gte=Now() - LATELY)
    return list(Job.objects.filter(ACTIVE | lately).with_clock().select_related("created_by")[: 4 * RECENT])


def clusters_before(run: SegmentationRun) -> list[Cluster]:
    """The clusters of the run whose segments this one continues; none if it was the first."""
    before = SegmentationRun.objects.before(run).values("pk")[:1]
    return list(Cluster.objects.filter(run__in=before).only("run", "segment", "size"))


def find_changes(run: SegmentationRun, before: Iterable[Cluster]) -> list[Change]:
    """The run's clusters, each beside its segment's size in the previous run."""
    sizes = {cluster.segment_id: cluster.size for cluster in before}
    return [
        Change(cluster, cluster.size - sizes[cluster.segment_id] if cluster.segment_id in sizes else None)
        for cluster in run.clusters.all()
    ]


def _full_database(user: User | AnonymousUser) -> Iterator[NextStep]:
    """What an administrator should do before the database has no room for more runs and imports."""
    if user.has_perm("auth.view_user") and (capacity := read_capacity()).is_nearly_full:
        sentence = _("The database holds %(count)s partitions and has room for %(room)s locks.")
        figures = {"count": format_count(capacity.partitions), "room": format_count(capacity.room)}
        address = f"{reverse('jobs:job-list')}#database"
        yield NextStep(sentence % figures, _("See what to do"), address)


def _waiting_imports(user: User | AnonymousUser, imports: list[CustomerImport]) -> Iterator[NextStep]:
    """The newest file whose columns this person has not confirmed yet."""
    waiting = next((each for each in imports if each.job_id is None), None)
    if waiting is not None and user.has_perm("customers.add_customerimport"):
        sentence = _("“%(file)s” is waiting for you to confirm its columns.")
        sentence %= {"file": waiting.original_name}
        discard = reverse("customers:import-discard", args=[waiting.pk])
        yield NextStep(sentence, _("Continue"), waiting.get_absolute_url(), discard)


def _failed_job(user: User | AnonymousUser, jobs: list[Job]) -> Iterator[NextStep]:
    """This person's last job, if it failed."""
    last = next((job for job in jobs if job.created_by_id == user.pk), None)
    if last is not None and last.state == Job.State.FAILED:
        sentence = _("“%(job)s” could not be finished: %(reason)s") % {"job": last, "reason": last.error}
        yield NextStep(sentence, _("See what happened"), last.get_absolute_url())


def find_next_steps(
    user: User | AnonymousUser, datasets: list[Dataset], runs: list[SegmentationRun]
) -> list[NextStep]:
    """The steps from nothing to a campaign that are still open and that the user may do.

    Parameters
    ----------
    user
        Who looks at the page.
    datasets
        Those where customers came in last, with `has_segments`.
    runs
        The latest run of each segmentation, the newest first.
    """
    if datasets and all(dataset.current_version is None for dataset in datasets):
        return [_first_import(datasets[0])] if user.has_perm("customers.add_customerimport") else []
    if not user.has_perm("segmenter.add_segmentationrun"):
        return []
    ready = [each for each in datasets if each.current_version and not each.has_segments]  # type: ignore[attr-defined]
    old = [
        run
        for run in runs
        if run.version_id != (run.segmentation.dataset.current_version_id or run.version_id)
    ]
    return [*map(_first_run, ready[:MOST_STEPS]), *map(_next_run, old[:MOST_STEPS])]


def _first_import(dataset: Dataset) -> NextStep:
    sentence = _("%(dataset)s has no customers yet.") % {"dataset": dataset}
    return NextStep(sentence, _("Import customers"), reverse("customers:import-create", args=[dataset.slug]))


def _next_run(run: SegmentationRun) -> NextStep:
    sentence = _("%(dataset)s has new or changed customers since the last run of “%(segmentation)s”.")
    names = {"dataset": run.segmentation.dataset, "segmentation": run.segmentation}
    return NextStep(sentence % names, _("Find segments again"), again_address(run))


def _first_run(dataset: Dataset) -> NextStep:
    count = dataset.customer_count
    sentence = ngettext(
        "%(dataset)s has %(count)s customer and no segments yet.",
        "%(dataset)s has %(count)s customers and no segments yet.",
        count,
    ) % {"dataset": dataset, "count": format_count(count)}
    return NextStep(sentence, _("Find segments"), reverse("segmentation:run-create", args=[dataset.slug]))


def again_address(run: SegmentationRun) -> str:
    """The form for a new run, filled in like this one."""
    return reverse("segmentation:run-create", args=[run.segmentation.dataset.slug]) + f"?like={run.pk}"
