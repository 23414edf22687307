"""The table on the audit trail page."""

from __future__ import annotations

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent


class AuditTable(tables.Table):
    at = tables.DateTimeColumn(
        verbose_name=_("When"), format="j M Y, H:i:s", order_by="pk", attrs={"td": {"class": "when"}}
    )
    actor_name = tables.Column(_("Who"))
    action = tables.Column(_("What"))
    subject = tables.Column(_("To what"), orderable=False)
    details = tables.Column(_("Details"), orderable=False)
    address = tables.Column(_("From"), orderable=False)

    class Meta:
        order_by = "-at"

    def render_details(self, record: AuditEvent) -> SafeString:
        return SafeString(render_to_string("audit/_details.html", {"record": record}))

    def render_actor_name(self, record: AuditEvent) -> str:
        return record.actor_name or gettext("somebody")
