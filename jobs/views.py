"""The jobs page, and the actions on a job that any page may offer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from audit.recording import record
from jobs import lifecycle
from jobs.errors import JobAlreadyActive, JobRefusedError
from jobs.models import Job, Process
from jobs.querysets import JobQuerySet

PAGE_SIZE = 50
FILTERS = {
    "running": Job.State.RUNNING.label,
    "queued": Job.State.QUEUED.label,
    "stalled": gettext_lazy("stalled"),
    "failed": Job.State.FAILED.label,
    "cancelled": Job.State.CANCELLED.label,
    "succeeded": Job.State.SUCCEEDED.label,
}


@require_safe
@permission_required("jobs.view_job", raise_exception=True)
def job_list(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("state", "")
    wanted = wanted if wanted in FILTERS else ""
    counts = Job.objects.counts()
    page = Paginator(_listed(wanted), PAGE_SIZE).get_page(request.GET.get("page"))
    processes = list(Process.objects.with_clock())
    context = {
        "page": page,
        "state": wanted,
        "state_label": FILTERS.get(wanted, ""),
        "filters": [(name, label, counts.get(name, 0)) for name, label in FILTERS.items()],
        "is_busy": any(counts.get(name) for name in ("running", "queued", "stalled")),
        "processes": processes,
        "no_worker": not any(each.is_alive and each.role == Process.Role.WORKER for each in processes),
    }
    return render(request, "jobs/job_list.html", context)


def _listed(state: str) -> JobQuerySet:
    jobs = Job.objects.with_clock().select_related("created_by")
    if state == "stalled":
        return jobs.stale().filter(state=Job.State.RUNNING)
    if state == "running":
        return jobs.filter(state=state).exclude(pk__in=Job.objects.stale())
    return jobs.filter(state=state) if state else jobs


@require_safe
@permission_required("jobs.view_job", raise_exception=True)
def job_detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """Redirect to the job's holder; if that has been deleted, show what is known about the job."""
    job = get_object_or_404(Job.objects.with_clock().with_holders(), pk=job_id)
    if job.holder is not None:
        return redirect(job.holder)
    return render(request, "jobs/job_detail.html", {"job": job})


@require_safe
@permission_required("jobs.view_job", raise_exception=True)
def job_progress(request: HttpRequest, job_id: int) -> HttpResponse:
    """The contents of `_progress.html`, for pages that poll; when the job ends, the page reloads."""
    job = get_object_or_404(Job.objects.with_clock(), pk=job_id)
    context = {"job": job, "is_news": job.announcement != request.GET.get("said")}
    response = render(request, "jobs/_progress_now.html", context)
    if not job.is_active:
        response.headers["HX-Refresh"] = "true"
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@permission_required("jobs.change_job", raise_exception=True)
def job_cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    job = get_object_or_404(Job, pk=job_id)
    with transaction.atomic():
        is_cancelled = lifecycle.request_cancel(job.pk)
        if is_cancelled:
            record(request, "cancelled a job", job, job=job.pk, kind=job.kind)
    if is_cancelled:
        messages.info(request, _("The job is being cancelled. Nothing will be left half done."))
    else:
        messages.info(request, _("The job had already finished."))
    return redirect(job)


@require_POST
@permission_required("jobs.change_job", raise_exception=True)
def job_retry(request: HttpRequest, job_id: int) -> HttpResponse:
    job = get_object_or_404(Job, pk=job_id)
    try:
        with transaction.atomic():
            is_queued = lifecycle.retry(job.pk, request.user)
            if is_queued:
                record(request, "retried a job", job, job=job.pk, kind=job.kind)
        if is_queued:
            messages.success(request, _("The job has been queued again."))
        else:
            job.refresh_from_db()
            queued = _("Somebody else has already queued this job again.")
            messages.info(request, queued if job.is_active else _("This job cannot be retried."))
    except JobAlreadyActive as active:
        messages.info(request, _("The same job is already queued or running: here it is."))
        return redirect(active.job)
    except JobRefusedError as error:
        messages.error(request, str(error))
    return redirect(job)
