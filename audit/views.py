"""The audit trail, for administrators to read and to take along."""

from datetime import UTC, datetime

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.exports import audited_export
from audit.filters import AuditFilter
from audit.models import AuditEvent
from audit.tables import AuditTable
from audit.trail import chain, ndjson
from audit.trail.pages import read_page
from audit.trail.verification import read_links
from common.file_policy import file_policy
from common.table_lists import find_rows


@require_safe
@permission_required("audit.view_auditevent", raise_exception=True)
def audit_list(request: HttpRequest) -> HttpResponse:
    found = find_rows(request, AuditEvent.objects.all(), AuditFilter, besides=("after", "before"))
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = read_page(found.qs, after=after, before=before)
    context = {"filter": found, "page": page, "table": AuditTable(page.events), "head": chain.read_head()}
    return render(request, "audit/audit_list.html", context)


@require_safe
@permission_required("audit.view_auditevent", raise_exception=True)
@file_policy
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """The events that the page's filters choose, as a file with the digests of the chain."""
    found = find_rows(request, AuditEvent.objects.all(), AuditFilter)
    name = f"audit-trail-{datetime.now(UTC):%Y-%m-%d}.ndjson"
    headers = {
        "Content-Type": ndjson.CONTENT_TYPE,
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    # Everything until now is sealed and goes into the file, the record of this export does not.
    head = chain.seal_events()
    links = read_links(found.qs.filter(position__lte=head.position))
    blocks = audited_export(
        request,
        "the audit trail",
        links,
        lambda rows: ndjson.write_lines(rows, head),
        permission="audit.view_auditevent",
        **found.recorded,
    )
    return StreamingHttpResponse(blocks, headers=headers)
