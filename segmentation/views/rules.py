"""The rule of a run, to take along: as SQL or as JSON. It holds no customer."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from common.file_policy import file_policy
from segmentation.exports.contents import PERMISSION
from segmentation.models import SegmentationRun
from segmentation.segments.rules import NoRuleError, rule_as_json, write_rule_as_sql

# What the query reads from: people put their own names there.
TABLE, ID_COLUMN = "customers", "id"


@require_safe
@permission_required(PERMISSION, raise_exception=True)
@file_policy
def run_rule(request: HttpRequest, run_id: int, form: str) -> HttpResponse:
    run = get_object_or_404(SegmentationRun.objects.succeeded(), pk=run_id)
    try:
        if form == "json":
            text, ending = json.dumps(rule_as_json(run), ensure_ascii=False, indent=2), "json"
        else:
            text = write_rule_as_sql(run, dialect=form, table=TABLE, id_column=ID_COLUMN)
            ending = "sql"
    except NoRuleError as refused:
        messages.error(request, str(refused))
        return redirect(run)
    kinds = {"json": "application/json", "sql": "application/sql; charset=utf-8"}
    response = HttpResponse(text, content_type=kinds[ending])
    response["Content-Disposition"] = f'attachment; filename="segments-run-{run.pk}-{form}.{ending}"'
    return response
