"""The rejected rows of a file, as a file that can be corrected and imported again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _

from customers.exports.csv import Cell
from customers.models import CustomerImport, RejectedRow

# These two come first, so that a row with too many cells runs over on the right and not into them.
# An import leaves out columns with these headers.
LINE, REASON = "Line in the file", "Why it was rejected"

# The report lists this many reasons: enough to see what is wrong with a file.
COUNTED_REASONS = 10_000
SHOWN_REASONS = 5


@dataclass(frozen=True)
class FrequentReason:
    column: str
    reason: str
    count: int


def frequent_reasons(customer_import: CustomerImport) -> list[FrequentReason]:
    """The columns and reasons shared by more than one rejected row, most frequent first."""
    first = customer_import.rejected_rows.order_by("line", "id").values("pk")[:COUNTED_REASONS]
    counted = RejectedRow.objects.filter(pk__in=first).values("column", "reason").annotate(count=Count("pk"))
    often = counted.filter(count__gt=1).order_by("-count", "column", "reason")[:SHOWN_REASONS]
    return [FrequentReason(each["column"], each["reason"], each["count"]) for each in often]


def header(customer_import: CustomerImport) -> list[str]:
    return [LINE, REASON, *(column["header"] for column in customer_import.mapping)]


def rows(customer_import: CustomerImport) -> Iterator[list[Cell]]:
    """Yield each rejected row once, with all of its reasons."""
    line, reasons, cells = None, [], []  # type: ignore[var-annotated]
    emptied = _("The row was imported with this cell left empty.")
    ordered = customer_import.rejected_rows.order_by("line", "id")
    for rejected in ordered.iterator(chunk_size=2_000):
        if line is not None and rejected.line != line:
            yield [line, " ".join(reasons), *cells]
            reasons, cells = [], []
        line = rejected.line
        reason = f"{rejected.column}: {rejected.reason}" if rejected.column else rejected.reason
        reasons.append(f"{reason} {emptied}" if rejected.is_kept else reason)
        cells = cells or rejected.cells or []
    if line is not None:
        yield [line, " ".join(reasons), *cells]
