"""Files with a row for each order, visit or event instead of each customer."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from customers.importing.columns.headers import understand

# A few ids that stand in two rows are mistakes; so many are orders. Fewer do where headers speak of orders.
LEAST_ROWS, LEAST_SHARE = 10, 0.2
LEAST_ROWS_NAMED, LEAST_SHARE_NAMED = 3, 0.05


def find_orders(conflicting: int, row_count: int, headers: Iterable[str]) -> str:
    """What to bring instead, if a file has one row for each order; else empty.

    Parameters
    ----------
    conflicting
        How many of the rows have the id of another row, with other values.
    """
    is_named = any(understand(header).is_of_orders for header in headers)
    rows, share = (LEAST_ROWS_NAMED, LEAST_SHARE_NAMED) if is_named else (LEAST_ROWS, LEAST_SHARE)
    if conflicting < rows or conflicting < share * row_count:
        return ""
    text = _(
        "This file seems to have one row for each order or visit, not one for each customer: %(count)s of "
        "its %(rows)s rows repeat a customer id with other values. Bring one row for each customer, for "
        "example with the number of orders, their sum and the date of the latest."
    )
    return text % {"count": f"{conflicting:,}", "rows": f"{row_count:,}"}
