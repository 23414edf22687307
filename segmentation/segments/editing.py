"""What people change about segmentations and their living segments: names, looks, notes."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from customers.models import Dataset
from segmentation.models import Segment, Segmentation

TAKEN = {
    Segment: _("Another segment here is already called “%(name)s”."),
    Segmentation: _("Another segmentation here is already called “%(name)s”."),
}

CHANGED = {
    "name": _(
        "Somebody else has changed the name to “%(now)s” meanwhile. Save once more to replace it by yours."
    ),
    "colour": _("Somebody else has changed the colour meanwhile. Save once more to replace it by yours."),
    "notes": _(
        "Somebody else has changed the notes meanwhile, to: “%(now)s” "
        "Save once more to replace them by yours."
    ),
}


def edit_segment(
    segment: Segment,
    *,
    name: str | None = None,
    colour: int | None = None,
    notes: str | None = None,
    seen: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Change what is given, and return the old values that differed.

    A run that is being published may retire the segment or change its name: the segment is read anew once
    nobody else gives out names and looks of its segmentation, and nothing but the changes is written.
    A living segment that had the look gets the one that becomes free: no two living ones look alike.

    Parameters
    ----------
    seen
        What the person saw before the change, by name: a change of what is no longer so is refused.

    Raises
    ------
    ValidationError
        Another living segment has the name, or somebody else has changed the same thing meanwhile.
    """
    given = {"name": name, "colour": colour, "notes": notes}
    with transaction.atomic():
        Segmentation.objects.select_for_update().get(pk=segment.segmentation_id)
        segment.refresh_from_db(fields=[*given, "retired_at"])
        before = {field: getattr(segment, field) for field in given}
        refuse_overwriting(seen or {}, before, given)
        if name is not None:
            refuse_taken_name(segment, name)
        changes = {
            field: value for field, value in given.items() if value is not None and value != before[field]
        }
        for field, value in changes.items():
            setattr(segment, field, value)
        segment.save(update_fields=list(changes))
        if segment.retired_at is None and "colour" in changes:
            segment.others().filter(colour=segment.colour).update(colour=before["colour"])
    return {field: before[field] for field in changes}


def rename_segmentation(segmentation: Segmentation, name: str, *, seen: str | None = None) -> str:
    """Give a segmentation another name, and return the one it had.

    Parameters
    ----------
    seen
        The name that the person saw before.

    Raises
    ------
    ValidationError
        Another segmentation of the dataset has the name, or somebody else has renamed it meanwhile.
    """
    with transaction.atomic():
        # New segmentations of this dataset get their names under the same lock.
        Dataset.objects.select_for_update(no_key=True).get(pk=segmentation.dataset_id)
        segmentation.refresh_from_db(fields=["name"])
        refuse_overwriting(
            {} if seen is None else {"name": seen}, {"name": segmentation.name}, {"name": name}
        )
        refuse_taken_name(segmentation, name)
        before, segmentation.name = segmentation.name, name
        segmentation.save(update_fields=["name"])
    return before


def refuse_overwriting(
    seen: Mapping[str, object], now: Mapping[str, object], wanted: Mapping[str, object]
) -> None:
    """Raise a `ValidationError` if somebody else has changed what is to be changed, and not to the same."""
    errors = {
        field: ValidationError(CHANGED[field], params={"now": now[field]})
        for field, value in wanted.items()
        if value is not None and field in seen
        if _text(now[field]) not in (_text(seen[field]), _text(value))
    }
    if errors:
        raise ValidationError(errors)


def _text(value: object) -> str:
    """A value as a form sends it: browsers end lines in their own way."""
    return "\n".join(str(value).splitlines())


def refuse_taken_name(named: Segment | Segmentation, name: str) -> None:
    """Raise a `ValidationError` if another one has the name; its own may stay."""
    if name != named.name and named.others().filter(name=name).exists():
        raise ValidationError(TAKEN[type(named)], params={"name": name})
