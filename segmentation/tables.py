"""Tables of the site's lists: columns and sorting."""

from __future__ import annotations

from datetime import datetime

import django_tables2 as tables
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.number_format import format_count
from jobs.models import Job
from segmentation.models import Segmentation, SegmentationRun
from segmentation.segments.markers import size_bar

NUMBER = {"td": {"class": "number"}, "th": {"class": "number"}}


class RunTable(tables.Table):
    choose = tables.TemplateColumn(
        template_name="segmentation/_run_choice.html",
        verbose_name=_("Compare"),
        orderable=False,
    )
    run = tables.Column(_("Run"), accessor="pk")
    segmentation = tables.Column(_("Segmentation"), order_by=("segmentation__name", "pk"))
    state = tables.Column(_("State"), accessor="job", order_by=("job__state", "pk"))
    segments = tables.Column(_("Segments"), accessor="k", attrs=NUMBER)
    sizes = tables.Column(_("Sizes"), empty_values=(), orderable=False)
    customers = tables.Column(_("Customers"), accessor="customer_count", attrs=NUMBER)
    asked_by = tables.Column(
        _("Requested by"), accessor="job", empty_values=(), order_by="job__created_by__username"
    )
    created_at = tables.Column(_("When"))

    class Meta:
        order_by = "-run"

    def render_run(self, value: int, record: SegmentationRun) -> SafeString:
        name = gettext("Run %(number)s") % {"number": value}
        return format_html('<a href="{}">{}</a>', record.get_absolute_url(), name)

    def render_segmentation(self, value: Segmentation) -> SafeString:
        return format_html(
            '<a href="{}">{}</a><br><span class="muted">{}</span>',
            value.get_absolute_url(),
            value,
            value.dataset,
        )

    def render_state(self, value: Job) -> SafeString:
        return SafeString(render_to_string("jobs/_state.html", {"job": value}))

    def render_sizes(self, record: SegmentationRun) -> SafeString | str:
        return size_bar(record)

    def render_customers(self, value: int, record: SegmentationRun) -> str:
        return format_count(value) if record.k else ""

    def render_asked_by(self, value: Job) -> str:
        return str(value.created_by or gettext("a command"))

    def render_created_at(self, value: datetime) -> SafeString:
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            localtime(value).isoformat(timespec="seconds"),
            date_format(localtime(value), "DATETIME_FORMAT"),
            naturaltime(value),
        )
