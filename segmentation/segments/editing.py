"""What people change about segmentations and their living segments: names, looks, notes."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.forms import model_to_dict

from customers.models import Dataset
from segmentation.forms import SegmentationForm, SegmentForm
from segmentation.models import Segment, Segmentation


def edit_segment(segment: Segment, posted: Mapping[str, str]) -> SegmentForm:
    """Save a segment's name, look and notes, unless the form that comes back has errors.

    A run that is being published may retire the segment or change its name: the segment is read anew once
    nobody else gives out names and looks of its segmentation, and only what the form knows is written.
    A living segment that had the look gets the one that becomes free: no two living ones look alike.
    """
    with transaction.atomic():
        Segmentation.objects.select_for_update().get(pk=segment.segmentation_id)
        segment.refresh_from_db(fields=[*SegmentForm.Meta.fields, "retired_at"])
        form = SegmentForm(_meant(segment, posted), instance=segment)
        if form.is_valid():
            segment.save(update_fields=list(form.fields))
            if segment.retired_at is None and "colour" in form.replaced:
                living = Segment.objects.living().filter(segmentation=segment.segmentation_id)
                others = living.filter(colour=segment.colour).exclude(pk=segment.pk)
                others.update(colour=form.replaced["colour"])
    return form


def _meant(segment: Segment, posted: Mapping[str, str]) -> dict[str, object]:
    """What somebody wants of a segment; what is not posted, or is as the page showed it, stays as it is."""
    now = model_to_dict(segment, fields=SegmentForm.Meta.fields)
    touched = {name for name in now if name in posted and posted[name] != posted.get(f"seen_{name}")}
    return {name: posted[name] if name in touched else value for name, value in now.items()}


def rename_segmentation(segmentation: Segmentation, posted: Mapping[str, str]) -> SegmentationForm:
    """Save a segmentation's name, unless the form that comes back has errors."""
    with transaction.atomic():
        # New segmentations of this dataset get their names under the same lock.
        Dataset.objects.select_for_update(no_key=True).get(pk=segmentation.dataset_id)
        segmentation.refresh_from_db(fields=SegmentationForm.Meta.fields)
        form = SegmentationForm(posted, instance=segmentation)
        if form.is_valid():
            segmentation.save(update_fields=list(form.fields))
    return form
