"""Exports: choose columns and format, download the list, or have it prepared."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.access import Access, WatchedFile
from audit.recording import record
from common.file_policy import file_policy
from customers.exports.customer_list import ListRefusedError
from customers.exports.downloads import as_download
from customers.lists.selection import Selection
from customers.models import Dataset
from jobs.errors import JobRefusedError
from jobs.failures import in_words
from segmentation.comparison.origin_filter import read_origin
from segmentation.exports.background import exportable_of, path_of, start_export
from segmentation.exports.contents import PERMISSION, Exportable, Extent, stream_export
from segmentation.forms import ExportForm
from segmentation.models import Cluster, CustomerExport, SegmentationRun

RECENT = 5
# In an address: a column of the file. Everything else there is the selection.
COLUMN = "column"
VIEW_ALL = "segmenter.view_customerexport"


def _segment(request: HttpRequest, run_id: int, number: int) -> Exportable:
    cluster = get_object_or_404(Cluster.objects.with_owners(), run=run_id, number=number)
    dataset = cluster.run.segmentation.dataset
    origin = read_origin(request.GET, dataset)
    return Exportable.today(
        dataset, cluster, Selection.read(request.GET, dataset, also=[COLUMN], more=origin)
    )


def _run(request: HttpRequest, run_id: int) -> Exportable:
    runs = SegmentationRun.objects.succeeded().select_related("segmentation__dataset__current_version")
    run = get_object_or_404(runs.light(), pk=run_id)
    dataset = run.segmentation.dataset
    origin = read_origin(request.GET, dataset)
    selection = Selection.read(request.GET, dataset, also=[COLUMN], more=origin)
    return Exportable.today(dataset, None, selection, run)


def _dataset(request: HttpRequest, slug: str) -> Exportable:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    return Exportable.today(dataset, None, Selection.read(request.GET, dataset, also=[COLUMN]))


# ---- Choosing ----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.export_segment", raise_exception=True)
def segment_export(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    return _choose(request, _segment(request, run_id, number))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.export_segment", raise_exception=True)
def run_export(request: HttpRequest, run_id: int) -> HttpResponse:
    return _choose(request, _run(request, run_id))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.export_segment", raise_exception=True)
def customers_export(request: HttpRequest, slug: str) -> HttpResponse:
    return _choose(request, _dataset(request, slug))


def _choose(request: HttpRequest, what: Exportable) -> HttpResponse:
    extent, status = what.measure(), 200
    form = ExportForm(request.POST or None, columns=what.rows().columns)
    if request.method == "POST" and form.is_valid():
        ending, keys = form.cleaned_data["format"], form.keys
        if not extent.is_long:
            return redirect(what.file_address(ending, keys))
        try:
            export = start_export(what, ending, keys, request.user)
            record(request, "asked for an export", what, format=ending, selection=what.recorded)
            return redirect(export)
        except JobRefusedError as error:
            form.add_error(None, str(error))
            status = 429
    return render(
        request, "segmentation/export_create.html", _context(request, what, extent, form), status=status
    )


def _context(request: HttpRequest, what: Exportable, extent: Extent, form: ExportForm) -> dict[str, Any]:
    mine = CustomerExport.objects.listed().filter(created_by=request.user.pk, dataset=what.dataset)
    return {
        "what": what,
        "dataset": what.dataset,
        "cluster": what.cluster,
        "run": what.cluster.run if what.cluster else what.run,
        "extent": extent,
        "form": form,
        "exports": mine[:RECENT],
        "lifetime": in_words(settings.EXPORT_LIFETIME.total_seconds()),
    }


# ---- Downloading at once ----------------------------------------------------------------------------------


@require_safe
@permission_required("segmenter.export_segment", raise_exception=True)
@file_policy
def segment_file(request: HttpRequest, run_id: int, number: int, ending: str) -> HttpResponseBase:
    return _send(request, _segment(request, run_id, number), ending)


@require_safe
@permission_required("segmenter.export_segment", raise_exception=True)
@file_policy
def run_file(request: HttpRequest, run_id: int, ending: str) -> HttpResponseBase:
    return _send(request, _run(request, run_id), ending)


@require_safe
@permission_required("segmenter.export_segment", raise_exception=True)
@file_policy
def customers_file(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    return _send(request, _dataset(request, slug), ending)


def _send(request: HttpRequest, what: Exportable, ending: str) -> HttpResponseBase:
    keys = request.GET.getlist(COLUMN)
    if unknown := set(keys) - {column.key for column in what.rows().columns}:
        raise BadRequest(_("there is no column %(name)s") % {"name": min(unknown)})
    if what.measure().is_long:
        messages.info(request, _("A file this large is prepared in the background: press the button below."))
        return redirect(what)
    if request.method == "HEAD":
        return as_download(HttpResponse(), what.file_name, ending)
    try:
        # Nothing is read before the response is sent: middleware on the way may query the database.
        blocks = stream_export(what, ending, keys, request=request)
    except ListRefusedError as error:
        messages.error(request, str(error))
        return redirect(what)
    return as_download(StreamingHttpResponse(blocks), what.file_name, ending)


# ---- Prepared ones -----------------------------------------------------------------------------------------


@require_safe
@permission_required("segmenter.export_segment", raise_exception=True)
def export_detail(request: HttpRequest, export_id: int) -> HttpResponse:
    return _show(request, _get_own(request, export_id))


@require_safe
@permission_required("segmenter.export_segment", raise_exception=True)
@file_policy
def export_download(request: HttpRequest, export_id: int) -> HttpResponseBase:
    export = _get_own(request, export_id)
    if not export.is_available:
        return redirect(export)
    if request.method == "HEAD":
        return as_download(HttpResponse(), export.name, export.format)
    assert export.file_id is not None  # noqa: S101 - tells mypy, not people
    try:
        file = WatchedFile(path_of(export.file_id), _access_to(request, export))
    except FileNotFoundError:
        messages.error(request, _("The file no longer exists: start a new export."))
        return redirect(export)
    details = {"rows": export.row_count, "sha256": export.sha256}
    record(request, "took an export along", exportable_of(export), **details)
    return as_download(FileResponse(file), export.name, export.format)


def _access_to(request: HttpRequest, export: CustomerExport) -> Access:
    """The person's access to the file, for as long as the download takes."""
    is_own = export.created_by_id == request.user.pk
    return Access(request.user.pk, [PERMISSION] if is_own else [PERMISSION, VIEW_ALL])


def _get_own(request: HttpRequest, export_id: int) -> CustomerExport:
    export = get_object_or_404(CustomerExport.objects.listed(), pk=export_id)
    is_own = export.created_by_id == request.user.pk
    if not is_own and not request.user.has_perm(VIEW_ALL):
        raise PermissionDenied(_("Only the person who requested an export, and administrators, can open it."))
    return export


def _show(request: HttpRequest, export: CustomerExport) -> HttpResponse:
    context = {
        "export": export,
        "job": export.job,
        "what": exportable_of(export),
        "dataset": export.dataset,
        "cluster": export.cluster,
        "run": export.cluster.run if export.cluster else export.run,
    }
    return render(request, "segmentation/export_detail.html", context)
