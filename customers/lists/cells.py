"""What a list of customers shows of each: today's values, marked where they were others before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, localize

from customers.models import Attribute, Customer

Value = float | str | None
# More characters than this are cut off after some lines: all of them are on the customer's page.
LONG = 60
# Up to so many stay on one line.
SHORT = 24


def write_value(value: Value, attribute: Attribute | None = None) -> str:
    """A value as people write it: 15 rather than 15.0, dates in words, – where it is missing."""
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
    """One value; `before` is what it was, where it has changed since."""

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
    """A row of a list; `customer` is empty for one who is no longer in the dataset.

    `measures` are what stands behind the first `leading` cells, `None` where there is nothing to measure.
    """

    id: int
    customer: Customer | None
    cells: list[Cell]
    measures: tuple[float | None, ...] = ()
    leading: int = 0


def cells_of(
    customers: Iterable[Customer], attributes: Sequence[Attribute], earlier: Mapping[int, Customer]
) -> dict[int, list[Cell]]:
    """The values of each customer by id, compared with those in an earlier version.

    A column that a later file brought is new for everybody: to mark every value of it would say nothing.
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
