"""The rows of a file that did not come in, as a file that can be corrected and imported again."""

from __future__ import annotations

from collections.abc import Iterator

from customers.exporting import Cell
from customers.models import CustomerImport

# These two stand first, so that a row with too many cells runs out to the right and not into them.
# An import leaves columns with these headers out.
LINE, REASON = "Line in the file", "Why it was rejected"


def header(customer_import: CustomerImport) -> list[str]:
    return [LINE, REASON, *(column["header"] for column in customer_import.mapping)]


def rows(customer_import: CustomerImport) -> Iterator[list[Cell]]:
    """Yield each rejected row once, with all of its reasons."""
    line, reasons, cells = None, [], []  # type: ignore[var-annotated]
    ordered = customer_import.rejected_rows.order_by("line", "id")
    for rejected in ordered.iterator(chunk_size=2_000):
        if line is not None and rejected.line != line:
            yield [line, " ".join(reasons), *cells]
            reasons, cells = [], []
        line = rejected.line
        reasons.append(f"{rejected.column}: {rejected.reason}" if rejected.column else rejected.reason)
        cells = cells or rejected.cells or []
    if line is not None:
        yield [line, " ".join(reasons), *cells]
