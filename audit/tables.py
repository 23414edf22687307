"""The table on the audit trail page."""

from __future__ import annotations

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent


class AuditTable(tables.Table):
    at = tables.DateTimeColumn(verbose_name=_("When"), format="j M Y, H:i:s", attrs={"td": {"class": "when"}})
    actor_name = tables.Column(_("Who"))
    action = tables.Column(_("What"))
    subject = tables.Column(_("To what"))
    details = tables.Column(_("Details"))
    address = tables.Column(_("From"))

    class Meta:
        orderable = False  # the newest first: another order would have to open every month

    def render_details(self, record: AuditEvent) -> SafeString:
        return SafeString(render_to_string("audit/_details.html", {"record": record}))

    def render_actor_name(self, record: AuditEvent) -> str:
        return record.actor_name or gettext("somebody")
