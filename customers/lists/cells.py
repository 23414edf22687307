"""The cells of a list of customers: current values, with a mark where they have changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, localize

from customers.models import Attribute, Customer

Value = float | str | None
# Longer texts are cut off after a few lines; the customer's page shows all of them.
LONG = 60
# Texts up to this length stay on one line.
SHORT = 24


def write_value(value: Value, attribute: Attribute | None = None) -> str:
    """A value for display: 15 rather than 15.0, dates in words, – if missing."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return str(localize(int(value) if value.is_integer() and abs(value) < 2**53 else value))
    if attribute and attribute.kind == Attribute.Kind.DATE:
        with suppress(ValueError):  # a text whose kind was changed
            return date_format(date.fromisoformat(value), "DATE_FORMAT")
    return str(value)


@dataclass(frozen=True)
class Cell:
    """One value; `before` is the earlier value, if it has changed."""

    attribute: Attribute
    value: Value
    before: Value = None
    has_changed: bool = False

    @property
    def text(self) -> str:
        return write_value(self.value, self.attribute)

    @property
    def is_long(self) -> bool:
        return isinstance(self.value, str) and len(self.value) > LONG

    @property
    def is_short(self) -> bool:
        return len(self.text) <= SHORT

    @property
    def text_before(self) -> str:
        return write_value(self.before, self.attribute)


@dataclass(frozen=True)
class ListedCustomer:
    """A row of a list; `customer` is `None` for a customer who is no longer in the dataset.

    `measures` come after the first `leading` cells; `None` where there is nothing to measure.
    """

    id: int
    customer: Customer | None
    cells: list[Cell]
    measures: tuple[float | None, ...] = ()
    leading: int = 0


def cells_of(
    customers: Iterable[Customer], attributes: Sequence[Attribute], earlier: Mapping[int, Customer]
) -> dict[int, list[Cell]]:
    """Each customer's cells by id, compared with an earlier version.

    A column added by a later file is new for everybody, so its values are not marked as changed.
    """
    compared = {
        attribute
        for attribute in attributes
        if any(customer.value(attribute) is not None for customer in earlier.values())
    }
    return {
        customer.id: [
            _cell(customer, attribute, earlier.get(customer.id) if attribute in compared else None)
            for attribute in attributes
        ]
        for customer in customers
    }


def _cell(customer: Customer, attribute: Attribute, earlier: Customer | None) -> Cell:
    value = customer.value(attribute)
    before = earlier.value(attribute) if earlier else value
    return Cell(attribute, value, before, has_changed=before != value)
