"""In which order a column writes its dates: decided from all its cells, or asked."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from customers.importing.columns.dates.parsing import (
    DAY_FIRST,
    EPOCHS,
    ISO,
    MONTH_FIRST,
    SERIALS,
    convert_dates,
    with_century,
)

# One cell proves the order; among so many open ones, it is more likely a mistake.
OPEN_PER_PROOF = 50
# A date with two digits for the year could begin with it: a file with so many days and so few years does not.
DAYS_PER_YEAR = 2
HAS_TIME = r"[T ][0-9]{1,2}[:.h](?:[0-9]{1,2}[:.])*[0-9]*[1-9]|[T ](?:0?[1-9]|1[0-9]|2[0-4])[:.h]"
SHORT = ("day-first-short", "month-first-short")
# So many digits has a date at least: 45192.
SHORTEST = 5
DIGITS = ("compact", "epoch", "excel")
# What headers of dates say, and what those of amounts say instead: "Last order", but not "Last order value".
DATE_WORDS = {
    *(
        "date",
        "dates",
        "datum",
        "fecha",
        "dato",
        "dag",
        "day",
        "tag",
        "jour",
        "dia",
        "giorno",
        "time",
        "timestamp",
    ),
    *(
        "datetime",
        "moment",
        "at",
        "on",
        "created",
        "updated",
        "modified",
        "registered",
        "signup",
        "joined",
        "since",
    ),
    *(
        "seit",
        "depuis",
        "desde",
        "birth",
        "birthday",
        "dob",
        "geburtstag",
        "geburtsdatum",
        "naissance",
        "expiry",
    ),
    *(
        "expires",
        "until",
        "bis",
        "last",
        "first",
        "latest",
        "letzte",
        "letzter",
        "erste",
        "dernier",
        "derniere",
    ),
    *(
        "ultimo",
        "ultima",
        "primera",
        "primeira",
        "premiere",
        "seen",
        "bestelldatum",
        "kaufdatum",
        "anmeldedatum",
    ),
}
AMOUNT_WORDS = {
    *(
        "value",
        "amount",
        "total",
        "spend",
        "spent",
        "price",
        "revenue",
        "sum",
        "count",
        "number",
        "no",
        "id",
        "code",
    ),
    *(
        "betrag",
        "wert",
        "umsatz",
        "summe",
        "anzahl",
        "montant",
        "valeur",
        "prix",
        "importe",
        "valor",
        "score",
    ),
    *("salary", "income", "year", "month", "months", "days", "weeks", "hours", "quantity"),
}
SHORT_YEAR_FIRST = r"^(?P<year>[0-9]{2})[/-](?P<month>0[1-9]|1[0-2])[/-](?P<day>0[1-9]|[12][0-9]|3[01])\b"


@dataclass(frozen=True)
class DateGuess:
    """How a column appears to write its dates."""

    order: str = ""  # one of `ORDERS`; empty if these are no dates
    # A question to answer: in words, with examples.
    readings: str = ""
    has_times: bool = False
    has_short_years: bool = False


@dataclass
class DateCounts:
    """How many cells are dates, and in which orders."""

    # "clear" in every order; "day-first" or "month-first" alone; "either" without a difference; "open".
    found: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    has_times: bool = False
    # Of dates with years of two digits: whether all could begin with it, and their first and last parts.
    short_years: int = 0
    may_begin_with_year: bool = True
    parts: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    @property
    def total(self) -> int:
        return self.found.total()

    def add(self, cells: pa.StringArray) -> None:
        """Count cells that look like dates."""
        # ISO dates need one look: the import itself rejects those that are no days.
        is_iso = pc.match_substring_regex(cells, ISO)
        iso = int(pc.sum(is_iso).as_py() or 0)
        if iso:
            self.found["clear"] += iso
            self._look_for_times(cells)
            cells = cells.filter(pc.invert(is_iso))
        if not len(cells):
            return
        day_first, month_first = (_numeric(cells, pattern) for pattern in (DAY_FIRST, MONTH_FIRST))
        dates = {order: convert_dates(cells, order) for order in SHORT}
        same = pc.equal(*(texts for texts, _is_date in dates.values())).fill_null(False)
        is_day, is_month = (dates[order][1] for order in dates)
        is_numeric = day_first | month_first
        kinds = {
            "clear": is_day & ~is_numeric,
            "day-first": is_numeric & is_day & ~is_month,
            "month-first": is_numeric & is_month & ~is_day,
            "either": is_numeric & is_day & is_month & same.to_numpy(zero_copy_only=False),
        }
        kinds["open"] = is_numeric & is_day & is_month & ~kinds["either"]
        for kind, mask in kinds.items():
            if mask.any():
                self.found[kind] += int(mask.sum())
                self.examples.setdefault(kind, cells[int(np.flatnonzero(mask)[0])].as_py())
        self._look_for_times(cells)
        self._look_at_short_years(cells.filter(pa.array(is_numeric)))

    def _look_for_times(self, cells: pa.StringArray) -> None:
        if not self.has_times and pc.any(pc.match_substring(cells, ":")).as_py():
            self.has_times = bool(pc.any(pc.match_substring_regex(cells, HAS_TIME)).as_py())

    def _look_at_short_years(self, cells: pa.StringArray) -> None:
        is_short = pc.match_substring_regex(cells, r"^[0-9]{1,2}[./-] ?[0-9]{1,2}[./-] ?[0-9]{2}(?:[^0-9]|$)")
        cells = cells.filter(is_short)
        self.short_years += len(cells)
        if not len(cells) or not self.may_begin_with_year:
            return
        parts = pc.extract_regex(cells, SHORT_YEAR_FIRST)
        self.may_begin_with_year = not parts.null_count
        if self.may_begin_with_year:
            for seen, name in zip(self.parts, ("year", "day"), strict=True):
                seen.update(pc.unique(pc.struct_field(parts, name)).to_pylist())
            self.examples.setdefault("short", cells[0].as_py())

    def guess(self, order: str = "") -> DateGuess:
        """Guess the order, or ask if cells mean different days in different orders.

        Parameters
        ----------
        order
            The order, if somebody said it; else empty.
        """
        found, is_short = self.found, bool(self.short_years)
        numeric = self.total - found["clear"]
        proven = self._proven()
        if order or not numeric:
            return DateGuess(self._with_length(order or "iso"), "", self.has_times, is_short)
        first, last = self.parts
        if self.may_begin_with_year and self.short_years and len(first) < DAYS_PER_YEAR * len(last):
            text = _("“%(example)s” could begin with the year, the day or the month")
            readings = text % {"example": self.examples["short"]}
        elif found["day-first"] and found["month-first"]:
            text = _("the day comes first in “%(first)s” and the month in “%(second)s”")
            readings = text % {"first": self.examples["day-first"], "second": self.examples["month-first"]}
        elif found["open"] and not proven:
            cell = pa.array([self.examples["open"]])
            days = [convert_dates(cell, each)[0][0].as_py() for each in SHORT]
            text = _("“%(example)s” could mean %(first)s or %(second)s")
            readings = text % {"example": self.examples["open"], "first": days[0], "second": days[1]}
        else:
            readings = ""
        return DateGuess(self._with_length(proven or "day-first"), readings, self.has_times, is_short)

    def _with_length(self, order: str) -> str:
        """The order with the length of the year that most dates have: among others, 01/02/03 is a mistake."""
        is_short = 2 * self.short_years > self.total - self.found["clear"]
        return f"{order}-short" if is_short and f"{order}-short" in SHORT else order

    def _proven(self) -> str:
        """The order that cells prove, unless many more are open."""
        for order in ("day-first", "month-first"):
            if self.found[order] and OPEN_PER_PROOF * self.found[order] >= self.found["open"]:
                return order
        return ""


@dataclass
class DigitDates:
    """Whether a column of digits can be dates: 20260131, seconds since 1970, or days of a spreadsheet."""

    possible: set[str] = field(default_factory=lambda: {"compact", "epoch", "excel"})
    count: int = 0
    example: str = ""

    def add(self, cells: pa.StringArray) -> None:
        """Look at more cells, each of them a plain number; a zero stands for no date."""
        if not self.possible or not len(cells):
            return
        if pc.max(pc.binary_length(cells)).as_py() < SHORTEST:
            self.possible &= (
                set() if pc.any(pc.match_substring_regex(cells, "[1-9]")).as_py() else self.possible
            )
            return
        cells = cells.filter(pc.invert(pc.match_substring_regex(cells, r"^0+$")))
        cells = pc.replace_substring_regex(
            cells, r"\.0$", ""
        )  # as a program wrote that took them for numbers
        if not len(cells):
            return
        self.count += len(cells)
        self.example = self.example or cells[0].as_py()
        bounds = pc.min_max(pc.binary_length(pc.replace_substring_regex(cells, r"\..*$", ""))).as_py()
        length = bounds["min"] if bounds["min"] == bounds["max"] else 0
        lengths = {"compact": (8, 14), "epoch": (10, 13), "excel": (5,)}
        self.possible = {kind for kind in self.possible if length in lengths[kind]}
        if not all(self._fits(cells, kind, length) for kind in self.possible):
            self.possible = set()

    def _fits(self, cells: pa.StringArray, kind: str, length: int) -> bool:
        if kind == "compact":
            years = pc.cast(pc.utf8_slice_codeunits(cells, 0, 4), pa.int64())
            within = pc.min_max(years).as_py()
            return (
                within["min"] >= 1900 and within["max"] <= 2099 and bool(convert_dates(cells, kind)[1].all())
            )
        lowest, highest = EPOCHS[length] if kind == "epoch" else SERIALS
        within = pc.min_max(pc.cast(cells, pa.float64())).as_py()
        return bool(lowest <= within["min"] and within["max"] <= highest)

    @property
    def order(self) -> str:
        """The order, if all cells fit one; else empty."""
        return next(iter(self.possible)) if self.count and len(self.possible) == 1 else ""


def _numeric(cells: pa.StringArray, pattern: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.match_substring_regex(cells, pattern).to_numpy(zero_copy_only=False)
    return found


def date_notes(header: str, guess: DateGuess) -> tuple[str, ...]:
    """What is to be said about a column of dates."""
    notes = []
    if guess.has_times:
        notes.append(_("%(header)s: the day is kept, without the time of day.") % {"header": header})
    if guess.has_short_years:
        first, last = with_century(
            np.array([(datetime.now(UTC).year + 2) % 100, (datetime.now(UTC).year + 1) % 100])
        )
        text = _("%(header)s: years of two digits are read as %(first)s to %(last)s.")
        notes.append(text % {"header": header, "first": first, "last": last})
    return tuple(notes)


def says_date(header: str) -> bool:
    """Whether a header announces dates."""
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", header)
    words = set(re.split(r"[^a-zäöüéèêáíóúñç]+", plain.casefold()))
    dates = any(word.endswith(("date", "datum", "time")) for word in words)
    return (dates or bool(words & DATE_WORDS)) and not words & AMOUNT_WORDS
