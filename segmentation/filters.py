"""Filters of the site's lists."""

from __future__ import annotations

import django_filters as filters
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from customers.models import Dataset
from jobs.models import Job
from segmentation.models import Segmentation, SegmentationRun

COMMAND = "command"


class SegmentationChoiceField(filters.fields.ModelChoiceField):
    """Segmentations with their datasets: names are unique within one dataset only."""

    def label_from_instance(self, obj: Segmentation) -> str:
        return f"{obj.dataset}: {obj}"


class SegmentationFilter(filters.ModelChoiceFilter):
    field_class = SegmentationChoiceField


class RunFilter(filters.FilterSet):
    dataset = filters.ModelChoiceFilter(
        field_name="segmentation__dataset",
        queryset=Dataset.objects.all(),
        to_field_name="slug",
        label=_("Dataset"),
        empty_label=_("all datasets"),
    )
    segmentation = SegmentationFilter(
        queryset=Segmentation.objects.select_related("dataset").order_by("dataset__name", "name"),
        label=_("Segmentation"),
        empty_label=_("all segmentations"),
    )
    state = filters.ChoiceFilter(
        label=_("State"), field_name="job__state", choices=Job.State.choices, empty_label=_("any state")
    )
    person = filters.ModelChoiceFilter(
        field_name="job__created_by",
        queryset=User.objects.filter(Exists(Job.objects.filter(kind="run", created_by=OuterRef("pk")))),
        to_field_name="username",
        label=_("Requested by"),
        empty_label=_("anyone"),
        null_label=_("a command"),
        null_value=COMMAND,
    )

    class Meta:
        model = SegmentationRun
        fields: list[str] = []
