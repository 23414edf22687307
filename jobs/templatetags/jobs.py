"""What templates need to speak of jobs."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from jobs.models import Process

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in words, in two units at most: “8 seconds”, “3 minutes”, “1 h 5 min”."""
    if seconds is None:
        return ""
    if seconds < 90:
        count = max(0, round(seconds))
        return f"{count} second{'' if count == 1 else 's'}"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60} min"


@register.inclusion_tag("jobs/_workers_banner.html", takes_context=True)
def workers_banner(context: RequestContext) -> dict[str, Any]:
    """Tell everyone when nobody is there to do the work; one query."""
    roles = set(Process.objects.alive().values_list("role", flat=True).distinct())
    return {
        "no_worker": Process.Role.WORKER not in roles,
        "no_beat": Process.Role.BEAT not in roles,
        "perms": context.get("perms"),
    }
