"""The mapping: what each column of a file is used for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from customers.importing.columns.dates.parsing import ORDERS
from customers.importing.columns.headers import understand
from customers.importing.columns.numbers import NumberFormat
from customers.importing.errors import ImportRefusedError, list_names
from customers.models import Attribute

Use = Literal["id", "number", "text", "date", "skip"]
USES: tuple[Use, ...] = ("id", "number", "text", "date", "skip")


@dataclass(frozen=True)
class ColumnMapping:
    """The use of one column of a file."""

    header: str
    use: Use
    # Name of the attribute; empty for the id and for columns that are left out.
    name: str = ""
    decimal: str = "."
    thousands: str = ""
    symbol: str = ""
    # For dates: one of `dates.parsing.ORDERS`.
    order: str = "iso"
    # Markers of a missing value, besides the empty cell.
    missing: tuple[str, ...] = ()
    is_whole: bool = False
    minimum: float | None = None
    maximum: float | None = None
    # Three digits behind the decimal sign are decimals here, which they seldom are: cells or people said so.
    has_thousandths: bool = False
    # No cell that was looked at said anything about the decimal sign: 1.234 further down would be a guess.
    is_unproven: bool = False
    # For the id: taken as it is written, as the dataset's ids are.
    as_written: bool = False

    @property
    def number_format(self) -> NumberFormat:
        return NumberFormat(self.decimal, self.thousands, self.symbol)

    @property
    def date_example(self) -> str:
        return str(ORDERS[self.order])

    @property
    def is_attribute(self) -> bool:
        return self.use in ("number", "text", "date")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "missing": list(self.missing)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ColumnMapping:
        return cls(**{**values, "missing": tuple(values.get("missing", ()))})


def check_mapping(columns: Sequence[ColumnMapping]) -> None:
    """Refuse a mapping that cannot be used.

    Raises
    ------
    ImportRefusedError
        There is not exactly one id, or two columns use the same attribute.
    """
    ids = [column.header for column in columns if column.use == "id"]
    if not ids:
        raise ImportRefusedError(
            _("No column is marked as the customer id: choose the one that identifies each customer.")
        )
    if len(ids) > 1:
        text = _("Only one column can be the customer id, but %(names)s are marked: choose one of them.")
        raise ImportRefusedError(text % {"names": list_names(ids)})
    names = Counter(understand(column.name).name.casefold() for column in columns if column.is_attribute)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        text = _("Two columns use the same attribute: %(names)s. Give each its own.")
        raise ImportRefusedError(text % {"names": list_names(twice)})
    unnamed = [column.header for column in columns if column.is_attribute and not column.name.strip()]
    if unnamed:
        text = _("The attribute of column %(names)s needs a name.")
        raise ImportRefusedError(text % {"names": list_names(unnamed)})


def named(name: str, attributes: Iterable[Attribute]) -> Attribute | None:
    """The attribute with that name, ignoring case."""
    same = [attribute for attribute in attributes if attribute.name.casefold() == name.casefold()]
    return next((attribute for attribute in same if attribute.name == name), same[0] if same else None)
