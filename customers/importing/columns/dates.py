"""Converting dates as people write them to ISO format."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy

ISO = r"^(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
DAY_FIRST = r"^(?P<day>[0-9]{1,2})[./-](?P<month>[0-9]{1,2})[./-](?P<year>[0-9]{4})$"
MONTH_FIRST = r"^(?P<month>[0-9]{1,2})[./-](?P<day>[0-9]{1,2})[./-](?P<year>[0-9]{4})$"
DATE_LIKE = r"^[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}"
ORDERS = {
    "iso": (ISO, "2026-12-31"),
    "day-first": (DAY_FIRST, gettext_lazy("31.12.2026 or 31/12/2026")),
    "month-first": (MONTH_FIRST, "12/31/2026"),
}


def convert_dates(cells: pa.StringArray, order: str) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """Convert a column of dates to ISO format.

    Parameters
    ----------
    cells
        Trimmed; null where missing.
    order
        One of `ORDERS`.

    Returns
    -------
    dates : StringArray
        Null where the date is missing or invalid.
    is_date : ndarray of bool of shape (n_cells,)
        True for valid dates and for missing cells.
    """
    parts = pc.extract_regex(cells, ORDERS[order][0])
    is_date = np.array(parts.is_valid().to_numpy(zero_copy_only=False))
    year, month, day = (
        pc.struct_field(parts, name).cast(pa.int64()).fill_null(0).to_numpy()
        for name in ("year", "month", "day")
    )
    months = np.clip(month, 1, 12)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (months - 1)
    dates = first.astype("datetime64[D]") + (day - 1)
    # 31 February rolls over into March, which shows that it is not a date.
    is_date &= (months == month) & (day >= 1) & (dates.astype("datetime64[M]") == first) & (year >= 1)
    texts = pc.cast(pa.array(dates).cast(pa.date32()), pa.string())
    texts = pc.if_else(pa.array(is_date), texts, pa.scalar(None, pa.string()))
    return texts, is_date | cells.is_null().to_numpy(zero_copy_only=False)
