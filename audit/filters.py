"""Filters for the audit trail."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent, Chain
from audit.pseudonyms import digest_of


class AuditFilter(filters.FilterSet):
    who = filters.CharFilter(field_name="actor_name", lookup_expr="iexact", label=_("Who"))
    what = filters.ChoiceFilter(field_name="action", label=_("What"), empty_label=_("anything"))
    since = filters.DateFilter(
        method="filter_since",
        label=_("Since"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = filters.DateFilter(
        method="filter_until",
        label=_("Until"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    about = filters.CharFilter(
        method="filter_about",
        label=_("About a customer"),
        widget=forms.TextInput(attrs={"placeholder": _("id or searched text")}),
    )

    class Meta:
        model = AuditEvent
        fields: list[str] = []

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.filters["what"].extra["choices"] = [(each, each) for each in Chain.objects.get().actions]

    def filter_since(self, events: QuerySet[AuditEvent], name: str, value: date) -> QuerySet[AuditEvent]:
        return events.filter(at__gte=datetime.combine(value, time.min, UTC))

    def filter_until(self, events: QuerySet[AuditEvent], name: str, value: date) -> QuerySet[AuditEvent]:
        return events.filter(at__lte=datetime.combine(value, time.max, UTC))

    def filter_about(self, events: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """The events with the keyed digest of this text; the trail does not hold the text itself."""
        said = events.annotate(said=Cast("details", TextField()))
        return said.filter(Q(subject__contains=digest_of(value)) | Q(said__contains=digest_of(value)))

    @property
    def recorded(self) -> dict[str, str]:
        """What was asked for, as the audit trail may hold it."""
        asked = {name: str(value) for name, value in self.form.cleaned_data.items() if value}
        return {name: digest_of(value) if name == "about" else value for name, value in asked.items()}
