"""Filters for the audit trail."""

from __future__ import annotations

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent
from audit.pseudonyms import digest_of


class AuditFilter(filters.FilterSet):
    who = filters.CharFilter(field_name="actor_name", lookup_expr="iexact", label=_("Who"))
    what = filters.ChoiceFilter(field_name="action", label=_("What"), empty_label=_("anything"))
    since = filters.DateFilter(
        field_name="at",
        lookup_expr="date__gte",
        label=_("Since"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = filters.DateFilter(
        field_name="at",
        lookup_expr="date__lte",
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
        actions = AuditEvent.objects.order_by("action").values_list("action", flat=True).distinct()
        self.filters["what"].extra["choices"] = [(action, action) for action in actions]

    def filter_about(self, events: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """The events with the keyed digest of this text; the trail does not hold the text itself."""
        said = events.annotate(said=Cast("details", TextField()))
        return said.filter(Q(subject__contains=digest_of(value)) | Q(said__contains=digest_of(value)))

    @property
    def recorded(self) -> dict[str, str]:
        """What was asked for, as the audit trail may hold it."""
        asked = {name: str(value) for name, value in self.form.cleaned_data.items() if value}
        return {name: digest_of(value) if name == "about" else value for name, value in asked.items()}
