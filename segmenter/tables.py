"""Tables of the site's lists: columns and what they are sorted by."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent
from segmenter.accounts.people import role_of

NUMBER = {"td": {"class": "number"}, "th": {"class": "number"}}


class RunTable(tables.Table):
    choose = tables.TemplateColumn(
        template_name="segmenter/_run_choice.html",
        verbose_name=_("Compare"),
        orderable=False,
    )
    run = tables.TemplateColumn(
        '{% load i18n l10n %}<a href="{{ record.get_absolute_url }}">'
        "{% blocktranslate with number=record.pk|unlocalize %}Run {{ number }}{% endblocktranslate %}</a>",
        verbose_name=_("Run"),
        order_by="pk",
    )
    segmentation = tables.TemplateColumn(
        '<a href="{{ record.segmentation.get_absolute_url }}">{{ record.segmentation }}</a>'
        '<br><span class="muted">{{ record.segmentation.dataset }}</span>',
        verbose_name=_("Segmentation"),
        order_by=("segmentation__name", "pk"),
    )
    state = tables.TemplateColumn(
        '{% include "jobs/_state.html" with job=record.job %}',
        verbose_name=_("State"),
        order_by=("job__state", "pk"),
    )
    segments = tables.Column(_("Segments"), accessor="k", attrs=NUMBER)
    sizes = tables.TemplateColumn(
        "{% load segments %}{% size_bar record %}", verbose_name=_("Sizes"), orderable=False
    )
    customers = tables.TemplateColumn(
        "{% load humanize %}{% if record.k %}{{ record.customer_count|intcomma }}{% endif %}",
        verbose_name=_("Customers"),
        order_by="customer_count",
        attrs=NUMBER,
    )
    asked_by = tables.TemplateColumn(
        "{% load i18n %}{% if record.job.created_by %}{{ record.job.created_by }}"
        "{% else %}{% translate 'a command' %}{% endif %}",
        verbose_name=_("Asked for by"),
        order_by="job__created_by__username",
    )
    created_at = tables.TemplateColumn(
        "{% load humanize %}<time datetime=\"{{ record.created_at|date:'c' }}\" "
        "title=\"{{ record.created_at|date:'DATETIME_FORMAT' }}\">"
        "{{ record.created_at|naturaltime }}</time>",
        verbose_name=_("When"),
    )

    class Meta:
        order_by = "-run"


class PeopleTable(tables.Table):
    username = tables.TemplateColumn(
        "<a href=\"{% url 'people:person-detail' record.pk %}\">{{ record.username }}</a>"
        '{% if record.email %}<br><span class="muted">{{ record.email }}</span>{% endif %}',
        verbose_name=_("Person"),
    )
    role = tables.Column(_("Role"), empty_values=(), orderable=False)
    is_active = tables.Column(_("Entry"))
    factors = tables.Column(_("Second factor"))
    last_login = tables.TemplateColumn(
        "{% load humanize %}{{ record.last_login|naturaltime|default:_('never') }}",
        verbose_name=_("Last login"),
    )

    class Meta:
        order_by = "username"

    def render_role(self, record: Any) -> str:
        return role_of(record) or gettext("none")

    def render_is_active(self, record: Any) -> SafeString | str:
        if not record.is_active:
            return format_html('<span class="state failed">{}</span>', gettext("disabled"))
        return gettext("open") if record.has_usable_password() else gettext("invited, no password yet")

    def render_factors(self, value: int) -> str:
        return gettext("yes") if value else gettext("no")


class AuditTable(tables.Table):
    at = tables.DateTimeColumn(verbose_name=_("When"), format="j M Y, H:i:s", order_by="pk")
    actor_name = tables.Column(_("Who"))
    action = tables.Column(_("What"))
    subject = tables.Column(_("To what"), orderable=False)
    details = tables.Column(_("Details"), orderable=False)
    address = tables.Column(_("From"), orderable=False)

    class Meta:
        order_by = "-at"

    def render_details(self, value: dict[str, Any]) -> SafeString:
        return SafeString(render_to_string("audit/_details.html", {"details": value}))

    def render_actor_name(self, record: AuditEvent) -> str:
        return record.actor_name or gettext("somebody")
