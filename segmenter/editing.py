"""What people change about segmentations and their living segments: names, looks, notes."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from segmenter.forms import SegmentEditForm
from segmenter.models import Segment, Segmentation

EDITED = ("name", "colour", "notes")


def edit_segment(form: SegmentEditForm) -> dict[str, Any] | None:
    """Save a segment's name, look and notes; `None` if the form is not valid, else what it was before.

    A living segment that had the look gets the one that becomes free: no two living ones look alike.
    """
    with transaction.atomic():
        # Nobody else gives out names and looks of this segmentation meanwhile.
        Segmentation.objects.select_for_update().get(pk=form.instance.segmentation_id)
        before = Segment.objects.values(*EDITED).get(pk=form.instance.pk)
        if not form.is_valid():
            return None
        segment = form.save()
        if segment.retired_at is None and segment.colour != before["colour"]:
            living = Segment.objects.living().filter(segmentation=segment.segmentation_id)
            others = living.filter(colour=segment.colour).exclude(pk=segment.pk)
            others.update(colour=before["colour"])
    return {name: value for name, value in before.items() if value != getattr(segment, name)}
