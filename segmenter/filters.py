"""What the site's lists can be narrowed down to."""

from __future__ import annotations

import django_filters as filters
from django import forms

from audit.models import AuditEvent
from customers.models import Dataset
from jobs.models import Job
from segmenter.models import SegmentationRun


class RunFilter(filters.FilterSet):
    dataset = filters.ModelChoiceFilter(
        field_name="segmentation__dataset",
        queryset=Dataset.objects.all(),
        to_field_name="slug",
        label="Dataset",
        empty_label="all datasets",
    )
    state = filters.ChoiceFilter(
        label="State", field_name="job__state", choices=Job.State.choices, empty_label="any state"
    )

    class Meta:
        model = SegmentationRun
        fields: list[str] = []


class AuditFilter(filters.FilterSet):
    who = filters.CharFilter(field_name="actor_name", lookup_expr="iexact", label="Who")
    what = filters.ChoiceFilter(field_name="action", label="What", empty_label="anything")
    since = filters.DateFilter(
        field_name="at",
        lookup_expr="date__gte",
        label="Since",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = filters.DateFilter(
        field_name="at",
        lookup_expr="date__lte",
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = AuditEvent
        fields: list[str] = []

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        actions = AuditEvent.objects.order_by("action").values_list("action", flat=True).distinct()
        self.filters["what"].extra["choices"] = [(action, action) for action in actions]
