"""What people change about segmentations and their living segments: names, looks, notes."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from customers.models import Dataset
from segmentation.models import Segment, Segmentation

TAKEN = {
    Segment: _("Another segment here is already called “%(name)s”."),
    Segmentation: _("Another segmentation here is already called “%(name)s”."),
}


def edit_segment(
    segment: Segment, *, name: str | None = None, colour: int | None = None, notes: str | None = None
) -> dict[str, object]:
    """Change what is given, and return the old values that differed.

    A run that is being published may retire the segment or change its name: the segment is read anew once
    nobody else gives out names and looks of its segmentation, and nothing but the changes is written.
    A living segment that had the look gets the one that becomes free: no two living ones look alike.

    Raises
    ------
    ValidationError
        Another living segment has the name.
    """
    given = {"name": name, "colour": colour, "notes": notes}
    with transaction.atomic():
        Segmentation.objects.select_for_update().get(pk=segment.segmentation_id)
        segment.refresh_from_db(fields=[*given, "retired_at"])
        if name is not None:
            refuse_taken_name(segment, name)
        before = {field: getattr(segment, field) for field in given}
        changes = {
            field: value for field, value in given.items() if value is not None and value != before[field]
        }
        for field, value in changes.items():
            setattr(segment, field, value)
        segment.save(update_fields=list(changes))
        if segment.retired_at is None and "colour" in changes:
            segment.others().filter(colour=segment.colour).update(colour=before["colour"])
    return {field: before[field] for field in changes}


def rename_segmentation(segmentation: Segmentation, name: str) -> str:
    """Give a segmentation another name, and return the one it had.

    Raises
    ------
    ValidationError
        Another segmentation of the dataset has the name.
    """
    with transaction.atomic():
        # New segmentations of this dataset get their names under the same lock.
        Dataset.objects.select_for_update(no_key=True).get(pk=segmentation.dataset_id)
        segmentation.refresh_from_db(fields=["name"])
        refuse_taken_name(segmentation, name)
        before, segmentation.name = segmentation.name, name
        segmentation.save(update_fields=["name"])
    return before


def refuse_taken_name(named: Segment | Segmentation, name: str) -> None:
    """Raise a `ValidationError` if another one has the name; its own may stay."""
    if name != named.name and named.others().filter(name=name).exists():
        raise ValidationError(TAKEN[type(named)], params={"name": name})
