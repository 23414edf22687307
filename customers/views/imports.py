"""Importing a file: upload, mapping, progress, report, undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from audit.exports import audited_export
from audit.reading import count_shown
from audit.recording import record
from common.conflicts import ConflictError
from common.file_policy import file_policy
from customers.exports import rejects
from customers.exports.csv import stream_csv
from customers.exports.downloads import as_download
from customers.forms import ColumnForm, MappingForm, ReadingForm, RereadForm, UploadForm
from customers.importing.check import check_file
from customers.importing.columns.numbers import SYMBOLS
from customers.importing.errors import ImportRefusedError
from customers.importing.files.encodings import ENCODINGS
from customers.importing.pipeline import (
    confirm_doubt,
    confirm_import,
    discard_import,
    forget_import,
    store_import,
)
from customers.importing.preparation import change_reading, confirm_mapping, look, prepare_page, recall_page
from customers.lists.paging import KeysetOrder, keyset_page
from customers.models import CustomerImport, Dataset
from customers.storage import versions
from jobs.errors import JobAlreadyActive, JobRefusedError
from jobs.models import Job

PAGE_SIZE = 50
EXAMPLE_ROWS = 5


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.add_customerimport", raise_exception=True)
def import_create(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = get_object_or_404(Dataset, slug=slug)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, customer_import = form.cleaned_data["file"], None
        try:
            customer_import = store_import(dataset, file, file.name, request.user)
            look(customer_import, guess=True)
            return _show(request, customer_import)
        except ImportRefusedError as error:
            form.add_error("file", str(error))
            if customer_import is not None:
                forget_import(customer_import)
    return render(request, "customers/import_create.html", {"dataset": dataset, "form": form})


def _show(request: HttpRequest, customer_import: CustomerImport) -> HttpResponse:
    """Lead to the import's page; a script that sent the file would otherwise read that page for nothing."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(customer_import.get_absolute_url())
    return redirect(customer_import)


@require_safe
@permission_required("customers.view_customerimport", raise_exception=True)
def import_detail(request: HttpRequest, import_id: int) -> HttpResponse:
    customer_import = _get(import_id)
    if customer_import.job_id is None:
        if not request.user.has_perm("customers.add_customerimport"):
            return render(request, "customers/import_waiting.html", _context(customer_import))
        return _render_mapping(request, customer_import)
    return _render_report(request, customer_import)


@require_POST
@permission_required("customers.add_customerimport", raise_exception=True)
def import_begin(request: HttpRequest, import_id: int) -> HttpResponse:
    """Save the mapping and queue the import, or reread the file with other settings and ask again."""
    customer_import = _get(import_id)
    if request.POST.get("action") == "confirm":
        return _confirm_doubt(request, customer_import)
    if customer_import.job_id is not None:
        return redirect(customer_import)
    if request.POST.get("action") == "reread":
        return _reread(request, customer_import)
    try:
        page = recall_page(customer_import)
    except ImportRefusedError:
        return _render_mapping(request, customer_import)
    if request.POST.get("seen", page.digest) != page.digest:
        messages.error(
            request, _("Somebody else has changed how this file is read: check the columns again.")
        )
        return redirect(customer_import)
    form, reading = MappingForm(page, request.POST), ReadingForm(page, request.POST)
    if not (form.is_valid() and reading.is_valid()):
        return _render_mapping(request, customer_import, form, reading)
    choices = ("clears_missing", "empties_bad_cells", "keeps_rows", "replaces")
    known: dict[str, Any] = {name: bool(reading.cleaned_data[name]) for name in choices}
    return _begin(
        request, customer_import, partial(confirm_mapping, page=page, columns=form.mapping(), **known)
    )


@require_POST
@permission_required("customers.add_customerimport", raise_exception=True)
def import_preview(request: HttpRequest, import_id: int) -> HttpResponse:
    """What the import would do with the first rows, by what the form says now."""
    customer_import = _get(import_id)
    context: dict[str, Any] = {}
    try:
        page = recall_page(customer_import)
        form, reading = MappingForm(page, request.POST), ReadingForm(page, request.POST)
        context = _preview(customer_import, form, reading)
    except ImportRefusedError as error:
        context["unclear"] = str(error)
    return render(request, "customers/_import_preview.html", context)


def _preview(customer_import: CustomerImport, form: MappingForm, reading: ReadingForm) -> dict[str, Any]:
    """What the import would do with the first rows, or what must be said before that is known."""
    if form.is_bound and not (form.is_valid() and reading.is_valid()):
        return {"unclear": form.error or _("Please answer what is asked above.")}
    if not form.is_bound and any(column.asked for column in form):
        return {"unclear": _("Please answer what is asked above.")}
    columns = form.mapping() if form.is_bound else [column.column for column in form]
    if not any(column.use == "id" for column in columns):
        return {"unclear": _("Please choose the customer id.")}
    said = reading.cleaned_data if form.is_bound else {}
    choices = {name: bool(said.get(name)) for name in ("empties_bad_cells", "keeps_rows")}
    check = check_file(look(customer_import, guess=True), columns, **choices)
    return {"check": check, "headers": columns}


def _reread(request: HttpRequest, customer_import: CustomerImport) -> HttpResponse:
    reread = RereadForm(request.POST)
    if reread.is_valid():
        change_reading(customer_import, **reread.cleaned_data)
    for problem in reread.errors.values():
        messages.error(request, " ".join(map(str, problem)))
    return redirect(customer_import)


def _confirm_doubt(request: HttpRequest, customer_import: CustomerImport) -> HttpResponse:
    try:
        if confirm_doubt(customer_import, request.user):
            record(request, "began an import", customer_import, sha256=customer_import.sha256)
    except JobAlreadyActive:
        messages.info(request, _("This file is already being imported."))
    except JobRefusedError as error:
        messages.error(request, str(error))
    return redirect(customer_import)


def _begin(
    request: HttpRequest, customer_import: CustomerImport, confirm: Callable[[CustomerImport], None]
) -> HttpResponse:
    try:
        begun = confirm_import(customer_import, request.user, confirm)
        if begun != customer_import:
            messages.info(request, _("This file is already being imported: here is that import."))
            return redirect(begun)
        record(request, "began an import", customer_import, sha256=customer_import.sha256)
    except JobRefusedError as error:
        messages.error(request, str(error))
    except ConflictError as error:
        return _told(request, customer_import, str(error))
    return redirect(customer_import)


def _told(request: HttpRequest, customer_import: CustomerImport, sentence: str) -> HttpResponse:
    """Say what somebody else has done, on the page of the import or, if that is gone, of its dataset."""
    messages.info(request, sentence)
    is_left = CustomerImport.objects.filter(pk=customer_import.pk).exists()
    return redirect(customer_import if is_left else customer_import.dataset)


@require_POST
@permission_required("customers.add_customerimport", raise_exception=True)
def import_discard(request: HttpRequest, import_id: int) -> HttpResponse:
    customer_import = _get(import_id)
    if not discard_import(customer_import):
        said = _("Nothing was discarded: this file is already being imported, or somebody else discarded it.")
        return _told(request, customer_import, said)
    messages.info(request, _("The file was discarded. Nothing was imported."))
    return redirect(customer_import.dataset)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.change_customerimport", raise_exception=True)
def import_undo(request: HttpRequest, import_id: int) -> HttpResponse:
    """Confirm what will be lost, then go back to the previous version."""
    customer_import = _get(import_id)
    if request.method != "POST" and _can_undo(customer_import):
        context = {**_context(customer_import), "base": customer_import.base_version}
        return render(request, "customers/import_undo.html", context)
    if request.method == "POST" and versions.undo_import(customer_import):
        record(request, "undid an import", customer_import)
        text = _("Import undone: %(dataset)s is back to how it was before.")
        messages.success(request, text % {"dataset": customer_import.dataset})
    elif customer_import.undone_at is not None:
        messages.info(request, _("This import has already been undone."))
    else:
        messages.error(request, _("This import cannot be undone: only a dataset's latest import can."))
    return redirect(customer_import)


@require_safe
@permission_required("customers.add_customerimport", raise_exception=True)
@file_policy
def import_rejects(request: HttpRequest, import_id: int) -> HttpResponseBase:
    customer_import = _get(import_id)
    header = rejects.header(customer_import)
    blocks = audited_export(
        request,
        f"rejected rows of {customer_import}",
        rejects.rows(customer_import),
        lambda rows: stream_csv(header, rows),
        permission="customers.add_customerimport",
    )
    return as_download(StreamingHttpResponse(blocks), f"rejected-{customer_import.pk}", "csv")


def _get(import_id: int) -> CustomerImport:
    imports = CustomerImport.objects.select_related(
        "dataset__current_version", "job__created_by", "created_by", "base_version"
    )
    return get_object_or_404(imports, pk=import_id)


def _context(customer_import: CustomerImport) -> dict[str, Any]:
    return {"customer_import": customer_import, "dataset": customer_import.dataset}


def _can_undo(customer_import: CustomerImport) -> bool:
    """Whether this version is the current one and the previous one still exists."""
    base = customer_import.base_version
    is_current = customer_import.dataset.current_version_id == customer_import.pk
    return is_current and (base is None or base.dropped_at is None)


def _render_mapping(
    request: HttpRequest,
    customer_import: CustomerImport,
    form: MappingForm | None = None,
    reading: ReadingForm | None = None,
) -> HttpResponse:
    """Show the mapping form; with the submitted forms and their errors if they were not valid."""
    try:
        waiting = prepare_page(customer_import)
    except ImportRefusedError as error:
        context = {**_context(customer_import), "refused": str(error)}
        return render(request, "customers/import_mapping.html", context)
    file, proposal, page = waiting.file, waiting.proposal, waiting.page
    form, reading = form or MappingForm(page), reading or ReadingForm(page)
    examples = [[row[index] for row in islice(file.preview, EXAMPLE_ROWS)] for index in range(file.width)]
    shown = list(zip(form, examples, strict=True))
    asked = [pair for pair in shown if _is_asked(pair[0])]
    context = {
        **_context(customer_import),
        **_preview(customer_import, form, reading),
        "form": form,
        "columns": [pair for pair in shown if not _is_asked(pair[0])],
        "asked": asked,
        "seen": page.digest,
        "symbols": SYMBOLS,
        "reading": reading,
        "known": [reading["clears_missing"], reading["replaces"]],
        "sheets": page.sheets,
        "questions": proposal.questions,
        "warnings": [*file.warnings, *proposal.warnings],
        "row_count": None if file.sheet else file.line_count,
    }
    return render(request, "customers/import_mapping.html", context)


def _is_asked(column: ColumnForm) -> bool:
    """Whether somebody must say something about the column before the import can begin."""
    return column.asked or bool(column.errors)


def _render_report(request: HttpRequest, customer_import: CustomerImport) -> HttpResponse:
    job = Job.objects.with_clock().get(customerimport=customer_import)
    if not job.is_active:
        # The job may have ended since the import was read: fetch the result that goes with it.
        customer_import = _get(customer_import.pk)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    rejected = customer_import.rejected_rows.defer("cells")
    page = keyset_page(rejected, KeysetOrder("id", "line"), after=after, before=before, size=PAGE_SIZE)
    count_shown(request, f"rejected rows of {customer_import}", len(page.keys))
    told = [customer_import.created_count, customer_import.updated_count, customer_import.unchanged_count]
    context = {
        **_context(customer_import),
        "job": job,
        "page": page,
        "rejected_rows": rejected.filter(id__in=page.keys),
        "encoding_name": ENCODINGS.get(customer_import.encoding, customer_import.encoding),
        "reasons": [] if after or before else rejects.frequent_reasons(customer_import),
        "absent_count": max(0, customer_import.customer_count - sum(told)),
        "is_current": customer_import.dataset.current_version_id == customer_import.pk,
        "can_undo": _can_undo(customer_import),
    }
    return render(request, "customers/import_detail.html", context)
