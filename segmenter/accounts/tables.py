"""The table of people."""

from __future__ import annotations

from datetime import datetime

import django_tables2 as tables
from django.contrib.auth.models import User
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from segmenter.accounts.people import role_of


class PeopleTable(tables.Table):
    username = tables.Column(_("Person"))
    role = tables.Column(_("Role"), empty_values=(), orderable=False)
    is_active = tables.Column(_("Access"))
    factors = tables.Column(_("Second factor"))
    last_login = tables.Column(_("Last login"), empty_values=())

    class Meta:
        order_by = "username"

    def render_username(self, value: str, record: User) -> SafeString:
        address = reverse("people:person-detail", args=[record.pk])
        name = format_html('<a href="{}">{}</a>', address, value)
        return name + format_html('<br><span class="muted">{}</span>', record.email) if record.email else name

    def render_role(self, record: User) -> str:
        return role_of(record) or gettext("none")

    def render_is_active(self, record: User) -> SafeString | str:
        if not record.is_active:
            return format_html('<span class="state failed">{}</span>', gettext("disabled"))
        return gettext("active") if record.has_usable_password() else gettext("invited, no password yet")

    def render_factors(self, value: int) -> str:
        return gettext("yes") if value else gettext("no")

    def render_last_login(self, value: datetime | None) -> str:
        return naturaltime(value) if value else gettext("never")
