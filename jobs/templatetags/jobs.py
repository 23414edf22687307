"""Template tags for jobs."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.context import RequestContext
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.models import Job, Process

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds in words, in two units at most: “8 seconds”, “3 minutes”, “1 h 5 min”, “3 days”."""
    if seconds is None:
        return ""
    if seconds < 90:
        count = max(0, round(seconds))
        return ngettext("%(count)d second", "%(count)d seconds", count) % {"count": count}
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 48:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes % 60}
    return _("%(days)d days") % {"days": hours // 24}


@register.simple_tag
def job_time(job: Job) -> str:
    """How long a job has run, or has been waiting: “8 seconds”, “for 8 seconds”."""
    if job.worked_seconds is not None:
        return duration(job.worked_seconds)
    if job.is_active:
        return _("for %(time)s") % {"time": duration(job.waited_seconds)}
    return ""


@register.simple_tag
def job_rate(job: Job) -> str:
    """The rate, if it is worth mentioning; continues a sentence."""
    if job.rate is None or job.rate < 10:
        return ""
    return _(", %(rate)s a second") % {"rate": intcomma(floatformat(job.rate, 0))}


@register.simple_tag
def time_left(job: Job) -> str:
    """The time left, if known; continues a sentence."""
    if job.seconds_left is None:
        return ""
    return _(", about %(time)s left") % {"time": duration(job.seconds_left)}


@register.inclusion_tag("jobs/_workers_banner.html", takes_context=True)
def workers_banner(context: RequestContext) -> dict[str, Any]:
    """Warn everyone when no worker or scheduler is running; one query."""
    roles = set(Process.objects.alive().values_list("role", flat=True).distinct())
    return {
        "no_worker": Process.Role.WORKER not in roles,
        "no_beat": Process.Role.BEAT not in roles,
        "perms": context.get("perms"),
    }
