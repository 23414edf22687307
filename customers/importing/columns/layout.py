"""Where a file's columns are stored: the dataset's attributes and their positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.importing.columns.mapping import ColumnMapping, named
from customers.importing.errors import ImportRefusedError
from customers.models import Attribute, Dataset


@dataclass(frozen=True)
class Layout:
    """The dataset's positions, and which ones the file fills."""

    positions: dict[str, int]  # by the attribute's name, those of the file
    number_count: int
    text_count: int
    filled_numbers: frozenset[int]
    filled_texts: frozenset[int]
    created: tuple[int, ...]  # ids of attributes that this import brought


def lay_out(dataset: Dataset, columns: Sequence[ColumnMapping]) -> Layout:
    """Find the position of each column's attribute; new attributes get the next positions.

    Raises
    ------
    ImportRefusedError
        A column would change the kind of an attribute.
    """
    known = list(dataset.attributes.all())
    positions, created, filled = {}, [], []
    for column in columns:
        if not column.is_attribute:
            continue
        attribute = named(column.name, known)
        if attribute is None:
            attribute = _create_attribute(dataset, column, known)
            created.append(attribute.pk)
            known.append(attribute)
        elif attribute.kind != column.use and dataset.current_version_id is None:
            _change_kind(attribute, column, known)
        elif attribute.kind != column.use:
            raise ImportRefusedError(_other_kind(attribute, column))
        else:
            _keep_range(attribute, column)
        positions[column.name] = attribute.position
        filled.append(attribute)
    return Layout(
        positions,
        number_count=sum(attribute.is_number for attribute in known),
        text_count=sum(not attribute.is_number for attribute in known),
        filled_numbers=frozenset(attribute.position for attribute in filled if attribute.is_number),
        filled_texts=frozenset(attribute.position for attribute in filled if not attribute.is_number),
        created=tuple(created),
    )


def _other_kind(attribute: Attribute, column: ColumnMapping) -> str:
    text = _(
        "“%(name)s” is already a %(kind)s attribute of this dataset and cannot be imported as a %(use)s: "
        "leave the column out or give it another name."
    )
    use = Attribute.Kind(column.use).label
    return text % {"name": attribute.name, "kind": attribute.get_kind_display(), "use": use}


def _next_position(column: ColumnMapping, known: Sequence[Attribute]) -> int:
    is_number = column.use == Attribute.Kind.NUMBER
    return 1 + max((other.position for other in known if other.is_number == is_number), default=-1)


def _change_kind(attribute: Attribute, column: ColumnMapping, known: Sequence[Attribute]) -> None:
    """Change the kind of an attribute that no customer has any more because its import was undone."""
    attribute.position = _next_position(column, known)
    attribute.kind = column.use
    attribute.is_whole, attribute.minimum, attribute.maximum = column.is_whole, column.minimum, column.maximum
    attribute.save()


def _create_attribute(dataset: Dataset, column: ColumnMapping, known: Sequence[Attribute]) -> Attribute:
    return Attribute.objects.create(
        dataset=dataset,
        name=column.name,
        kind=column.use,
        position=_next_position(column, known),
        unit=column.symbol,
        is_whole=column.is_whole,
        minimum=column.minimum,
        maximum=column.maximum,
    )


def _keep_range(attribute: Attribute, column: ColumnMapping) -> None:
    said = (column.is_whole, column.minimum, column.maximum)
    if attribute.is_number and said != (attribute.is_whole, attribute.minimum, attribute.maximum):
        attribute.is_whole, attribute.minimum, attribute.maximum = said
        attribute.save(update_fields=["is_whole", "minimum", "maximum"])
