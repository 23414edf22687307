"""The options of an import, as stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from customers.importing.columns.mapping import ColumnMapping


@dataclass(frozen=True)
class ImportOptions:
    """How to read and use a file; empty options are detected."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    decimal: str = ""
    # The decimal separator of single columns, by header.
    decimals: Mapping[str, str] = field(default_factory=dict)
    # The order of day, month and year, of all dates and of single columns by header.
    order: str = ""
    orders: Mapping[str, str] = field(default_factory=dict)
    # Markers of a missing value in number columns; `None` to detect them.
    missing: tuple[str, ...] | None = None
    # Uses of single columns, by header; a complete mapping is stored on the import itself.
    columns: tuple[ColumnMapping, ...] = ()
    # Empty cells delete the existing value; otherwise it is kept.
    clears_missing: bool = False
    # A row with a cell that cannot be read comes in without that cell; otherwise the row is rejected.
    empties_bad_cells: bool = False
    # Rows that look like totals, notes or headers are customers all the same; otherwise they are rejected.
    keeps_rows: bool = False
    # Customers who are not in the file are removed from the dataset.
    replaces: bool = False

    # What an import asked before it published anything, and which of such doubts people confirmed
    # (`doubts.DoubtError`).
    doubted: str = ""
    confirmed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "missing": None if self.missing is None else list(self.missing),
            "columns": [column.to_json() for column in self.columns],
            "confirmed": list(self.confirmed),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ImportOptions:
        missing = values.get("missing")
        return cls(
            **{
                **values,
                "missing": None if missing is None else tuple(missing),
                "confirmed": tuple(values.get("confirmed", ())),
                "columns": tuple(map(ColumnMapping.from_json, values.get("columns", ()))),
            }
        )
