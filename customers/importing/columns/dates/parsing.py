"""Dates as people and programs write them, converted to ISO format a whole column at a time, by day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy

from customers.importing.columns.dates.months import month_numbers

# What each order looks like. A year of four digits in front, or a month's name, is understood in every order.
ORDERS = {
    "iso": "2026-12-31",
    "day-first": gettext_lazy("31.12.2026 or 31/12/2026"),
    "month-first": "12/31/2026",
    "day-first-short": gettext_lazy("31.12.26 or 31/12/26"),
    "month-first-short": "12/31/26",
    "year-first": "26-12-31",
    "compact": "20261231",
    "epoch": gettext_lazy("1798675200, seconds since 1970"),
    "excel": gettext_lazy("46387, days of a spreadsheet"),
}
_ZONE = r" ?(?:Z|z|(?:UTC|GMT)?(?:[+-][0-9]{1,2}:?(?:[0-9]{2})?)?)(?: \([^)]*\)| [A-Z]{2,5})?"
_TIME = (
    r"(?:(?:T|,? +(?:at |um |kl\.? ?)?) *(?:[01]?[0-9]|2[0-4])[:.h][0-5][0-9](?:[:.][0-9]{2}(?:[.,][0-9]+)?)?"
    rf" ?(?:[AaPp]\.?[Mm]\.?)?{_ZONE})?\.?$"
)
_WEEKDAY, _NAME = r"(?:\p{L}{2,12}\.?,? +)?", r"(?P<name>\p{L}{3,14})\.?"
_DAY, _YEAR, _LONG = r"(?P<day>[0-9]{1,2})", r"(?P<year>[0-9]{4}|[0-9]{2})", r"(?P<year>[0-9]{4})"
ISO = r"^(?P<year>[0-9]{4})[./年-] ?(?P<month>[0-9]{1,2})[./月-] ?(?P<day>[0-9]{1,2})日?" + _TIME
_NAMED = (
    rf"^{_WEEKDAY}{_DAY}(?:st|nd|rd|th|er|º|\.)?[ /-]*(?:of |de |d')?{_NAME}"
    rf"[ ,/.-]*(?:de |del )?'?{_YEAR}{_TIME}",
    rf"^{_WEEKDAY}{_NAME}[ /-]*{_DAY}(?:st|nd|rd|th)?[ ,/-]+'?{_YEAR}{_TIME}",
    rf"^(?P<year>[0-9]{{4}})[ /.-]{{1,2}}{_NAME}[ /.-]{{0,2}}{_DAY}{_TIME}",
)
DAY_FIRST = rf"^{_DAY}[./-] ?(?P<month>[0-9]{{1,2}})[./-] ?{_YEAR}{_TIME}"
MONTH_FIRST = rf"^(?P<month>[0-9]{{1,2}})[./-] ?{_DAY}[./-] ?{_YEAR}{_TIME}"
_PATTERNS = {
    "iso": ISO,
    "day-first": DAY_FIRST.replace(_YEAR, _LONG),
    "month-first": MONTH_FIRST.replace(_YEAR, _LONG),
    "day-first-short": DAY_FIRST,
    "month-first-short": MONTH_FIRST,
    "year-first": rf"^(?P<year>[0-9]{{2}})[./-](?P<month>[0-9]{{1,2}})[./-]{_DAY}{_TIME}",
    "compact": rf"^{_LONG}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})(?:T?[0-9]{{4}}(?:[0-9]{{2}})?Z?)?$",
}
# What may be a date in one order or another: much else is ruled out at once.
DATE_LIKE = (
    r"^(?:[0-9]{1,4}[./年-] ?[0-9]{1,2}[./月-] ?[0-9]{1,4}|[0-9]{1,4}[^0-9:]{3,20}[0-9]{1,4}"
    r"|[\p{L}., ]{3,28}[ /-]*[0-9]{1,2}[^0-9]{1,5}[0-9]{2,4})"
)
# What databases write for a date that nobody entered.
NO_DATE = r"^(?:0{1,4}[./-]0{1,2}[./-]0{1,4}(?:[T ][0:.]+Z?)?|0+)$"
# Whole seconds, or thousandths of them, since 1970, from 2000 to 2037; days since 1900, from 1954 to 2064.
EPOCHS = {10: (946_684_800, 2_145_916_800), 13: (946_684_800_000, 2_145_916_800_000)}
SERIALS = (20_000, 60_000)
_FIRST_SERIAL = np.datetime64("1899-12-30", "D")

Dates = tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_]]


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
    dates, is_date = _in_order(cells, order)
    missing = cells.is_null().to_numpy(zero_copy_only=False)
    for read in (_read_iso, _read_named):
        rest = np.flatnonzero(~is_date & ~missing)
        if not len(rest):
            break
        dates[rest], is_date[rest] = read(cells.take(pa.array(rest)))
    no_date = pc.match_substring_regex(cells, NO_DATE).fill_null(False).to_numpy(zero_copy_only=False)
    is_date &= ~no_date
    texts = pc.cast(pa.array(dates).cast(pa.date32()), pa.string())
    return pc.if_else(pa.array(is_date), texts, pa.scalar(None, pa.string())), is_date | missing | no_date


def _in_order(cells: pa.StringArray, order: str) -> Dates:
    if order == "epoch":
        return _read_numbers(cells, _from_epoch)
    if order == "excel":
        return _read_numbers(cells, _from_serial)
    return _read_parts(cells, _PATTERNS[order])


def _read_iso(cells: pa.StringArray) -> Dates:
    return _read_parts(cells, ISO)


def _read_named(cells: pa.StringArray) -> Dates:
    """Read dates with the name of a month, which are the same in every order."""
    dates, is_date = _read_parts(cells, _NAMED[0])
    for pattern in _NAMED[1:]:
        more, is_more = _read_parts(cells, pattern)
        dates[is_more & ~is_date] = more[is_more & ~is_date]
        is_date |= is_more
    return dates, is_date


def _read_parts(cells: pa.StringArray, pattern: str) -> Dates:
    parts = pc.extract_regex(cells, pattern)
    found = np.array(parts.is_valid().to_numpy(zero_copy_only=False))
    is_named = "<name>" in pattern
    year, day = (_whole(pc.struct_field(parts, name)) for name in ("year", "day"))
    if is_named:
        month = month_numbers(pc.struct_field(parts, "name"))
    else:
        month = _whole(pc.struct_field(parts, "month"))
    is_short = pc.equal(pc.binary_length(pc.struct_field(parts, "year")), 2).fill_null(False)
    year = np.where(is_short.to_numpy(zero_copy_only=False), with_century(year), year)
    months = np.clip(month, 1, 12)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (months - 1)
    dates = np.asarray(first.astype("datetime64[D]") + (day - 1), "datetime64[D]")
    # 31 February rolls over into March, which shows that it is not a date.
    found &= (months == month) & (day >= 1) & (dates.astype("datetime64[M]") == first) & (year >= 1)
    return dates, found


def with_century(years: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Years of two digits with their century: the latest that is not after the coming year."""
    latest = datetime.now(UTC).year + 1
    return latest - (latest - years) % 100


def _read_numbers(
    cells: pa.StringArray, convert: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.datetime64]]
) -> Dates:
    is_number = pc.match_substring_regex(cells, r"^[0-9]{1,14}(?:\.[0-9]*)?$").fill_null(False)
    numbers = pc.if_else(is_number, cells, pa.scalar("0", pa.string())).fill_null("0")
    values = pc.cast(numbers, pa.float64()).to_numpy(zero_copy_only=False)
    dates = convert(values)
    return dates, np.array(is_number.to_numpy(zero_copy_only=False)) & (dates > np.datetime64("1900-01-01"))


def _from_epoch(values: npt.NDArray[np.float64]) -> npt.NDArray[np.datetime64]:
    seconds = np.where(values >= EPOCHS[13][0] // 10, values / 1000, values)
    return np.floor(seconds).clip(0, 1e11).astype("datetime64[s]").astype("datetime64[D]")


def _from_serial(values: npt.NDArray[np.float64]) -> npt.NDArray[np.datetime64]:
    return _FIRST_SERIAL + np.floor(values).clip(0, 2_958_465).astype("timedelta64[D]")


def _whole(parts: pa.StringArray) -> npt.NDArray[np.int64]:
    whole: npt.NDArray[np.int64] = parts.cast(pa.int64()).fill_null(0).to_numpy()
    return whole
