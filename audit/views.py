"""The audit trail, for administrators to read."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.filters import AuditFilter
from audit.models import AuditEvent
from audit.tables import AuditTable
from common.table_lists import build_table


@require_safe
@permission_required("audit.view_auditevent", raise_exception=True)
def audit_list(request: HttpRequest) -> HttpResponse:
    table = build_table(request, AuditTable, AuditEvent.objects.all(), AuditFilter)
    return render(request, "audit/audit_list.html", {"table": table})
