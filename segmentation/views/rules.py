"""The rule of a run, to take along: as SQL, as a workbook of formulas or as JSON. It holds no customer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls.converters import StringConverter
from django.views.decorators.http import require_safe

from common.file_policy import file_policy
from segmentation.exports.contents import PERMISSION
from segmentation.models import SegmentationRun
from segmentation.segments.rules import RULE_FORMS, NoRuleError


class RuleFormConverter(StringConverter):
    """The key of a form."""

    regex = "|".join(RULE_FORMS)


@require_safe
@permission_required(PERMISSION, raise_exception=True)
@file_policy
def run_rule(request: HttpRequest, run_id: int, form: str) -> HttpResponse:
    run = get_object_or_404(SegmentationRun.objects.succeeded(), pk=run_id)
    wanted = RULE_FORMS[form]
    try:
        content = wanted.write(run)
    except NoRuleError as refused:
        messages.error(request, str(refused))
        return redirect(run)
    response = HttpResponse(content, content_type=wanted.content_type)
    name = f"segments-run-{run.pk}-{form}.{wanted.ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
