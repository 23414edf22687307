"""Rows that are no customers: totals, counts, footers, notes, headers again, lines of units.

They are seen by their shape, in any language: the id has another form than those of the rows that are filled,
hardly any other cell is filled, or the numbers are what the rows above add up to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from customers.importing.columns.headers import key_of, understand
from customers.importing.columns.numbers import trimmed
from customers.importing.files.rows import Batch

# What all ids of a file have, or none: an id that differs in it has another form. RE2 patterns.
ALWAYS = {"digit": r"\pN", "at": "@"}
NEVER = {
    "letter": r"\pL",
    "script": "|".join(
        rf"\p{{{script}}}"
        for script in (
            *("Cyrillic", "Greek", "Hebrew", "Arabic", "Devanagari", "Thai"),
            *("Han", "Hiragana", "Katakana", "Hangul"),
        )
    ),
    "space": r"\s",
    "at": "@",
    "mark": r"[:;,!?*()\"=©]|--",
    "rule": r"^[^\pL\pN]+$",
}
LEARNED_ROWS = 5_000
# A form learned from fewer rows gives way to one learned from more: the first batch may be a single row.
ENOUGH_ROWS = 100
# Columns that fewer of the rows fill say nothing.
USUAL_SHARE = 0.6
# More ids of another form than this mean that the ids have no form.
ODD_SHARE = 0.05
# So far from the end, rows may be a footer.
TAIL_LINES = 20
# Number columns whose sums are followed.
SUMS = 12
# Nobody is called so, whatever else is in the row.
TOTALS = (
    *("total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "somme", "totale", "suma"),
)
TOTAL_WORDS = re.compile(
    r"^\W*(?:(?:grand|sub|sous|under|end|zwischen|teil|gesamt|general|genel|suma|ara|iš|итого|общий|промежуточный)"
    r"[\s-]*)?"
    r"(?:tota[a-z]*|summe|summa|suma|somma|sum|som|somme|gesamt[a-z]*|ergebnis|insgesamt|razem|ogółem"
    r"|łącznie|celkem|celkom|součet|spolu|összesen|yhteensä|i alt|toplam[ıi]?|ukupno|skupaj|kokku|kopā"
    r"|viso|итого|итог|всего|разом|всичко|общо|σύνολο|genel|合計|合计|总计|總計|小计|小計|総計|합계|총계|소계|المجموع|الإجمالي|סהכ|סה\"כ|รวม|tổng"
    r"|average|avg|mean|durchschnitt|mittelwert|moyenne|promedio|media|média|gemiddelde|średnia|среднее|平均"
    r"|count|anzahl|nombre|número|records?|rows?|zeilen|件数)(?:\b|(?<=[^\x00-\x7f]))",
    re.IGNORECASE,
)
TYPES_AND_UNITS = """
string text varchar char int integer bigint number numeric decimal float double real bool boolean date
datetime timestamp time key pk id unit units years year days count eur usd gbp chf k kg zahl texte nombre
texto número datum ganzzahl optional required pflichtfeld € $ % £ #
"""
TYPE_WORDS = set(TYPES_AND_UNITS.split())

WORD = re.compile(r"\w")

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass
class _Sum:
    """What the customers of one number column add up to, so far and since the last row of totals."""

    total: float = 0.0
    section: float = 0.0
    count: int = 0
    lowest: float = np.inf
    highest: float = -np.inf

    def add(self, values: FloatArray) -> None:
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self.total += float(values.sum())
        self.section += float(values.sum())
        self.count += len(values)
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))

    def is_sum(self, value: float) -> bool:
        near = max(0.011, 1e-6 * abs(value))
        return (
            self.count > 1 and value != 0 and min(abs(value - self.total), abs(value - self.section)) <= near
        )

    def is_figure(self, value: float) -> bool:
        """Whether it is the mean of the values, or how many there are."""
        if self.count < 2 or value == 0:
            return False
        near = 0.51 if value == round(value) else max(0.011, 1e-4 * abs(value))
        return value == self.count or abs(value - self.total / self.count) <= near


@dataclass(frozen=True)
class _Form:
    """What the customers of a file have in common."""

    always: Sequence[str]  # patterns that their ids contain
    never: Sequence[str]  # patterns that their ids do not contain
    usual: Sequence[int]  # columns that nearly all of them fill
    has_bare: bool = True  # some of them have nothing but an id

    def odd(self, ids: pa.StringArray) -> BoolArray:
        """Mark ids of another form."""
        odd = np.zeros(len(ids), bool)
        for pattern in self.always:
            odd |= ~_has(ids, pattern)
        for pattern in self.never:
            odd |= _has(ids, pattern)
        return odd


@dataclass
class NoCustomers:
    """Watches for rows that are no customers, batch by batch from the top."""

    headers: Sequence[str]
    id_index: int
    first_line: int
    last_line: int
    form: _Form | None = None
    # From how many rows the form was learned.
    learned: int = 0
    seen: int = 0
    seen_odd: int = 0
    sums: dict[int, _Sum] = field(default_factory=dict)

    def afresh(self) -> NoCustomers:
        """The same for another reading of the file."""
        return NoCustomers(self.headers, self.id_index, self.first_line, self.last_line)

    def find(self, batch: Batch, ids: pa.StringArray, numbers: Mapping[int, FloatArray]) -> dict[int, str]:
        """The rows of a batch that are no customers, and why.

        Parameters
        ----------
        ids
            Trimmed; of all rows of the batch.
        numbers
            The values of number columns, by position in the file; NaN where a cell is empty or no number.
        """
        if not len(ids):
            return {}
        if self.form is None or self.learned < min(ENOUGH_ROWS, len(ids)):
            self.form, self.learned = _learn(batch, ids, self.id_index), len(ids)
        followed = dict(list(numbers.items())[:SUMS])
        for index in followed:
            self.sums.setdefault(index, _Sum())
        found: dict[int, str] = {}
        start = 0
        odd = self._odd_ids(self.form, ids)
        for row in self._candidates(batch, ids, odd):
            self._follow(followed, start, row)
            start = row
            reason = self._explain(batch, row, str(ids[row].as_py()), bool(odd[row]), followed)
            if reason:
                found[row] = reason
                start = row + 1
                for one in self.sums.values():
                    one.section = 0.0
        self._follow(followed, start, len(ids))
        return found

    def _odd_ids(self, form: _Form, ids: pa.StringArray) -> BoolArray:
        """Mark ids of another form; none if so many are that there is no form."""
        odd = form.odd(ids)
        self.seen += len(ids)
        self.seen_odd += int(odd.sum())
        few = self.seen_odd <= TAIL_LINES and 3 * self.seen_odd <= self.seen
        return odd if few or self.seen_odd <= ODD_SHARE * self.seen else np.zeros(len(ids), bool)

    def _follow(self, numbers: Mapping[int, FloatArray], start: int, stop: int) -> None:
        for index, values in numbers.items():
            self.sums[index].add(values[start:stop])

    def _candidates(self, batch: Batch, ids: pa.StringArray, odd: BoolArray) -> Iterator[int]:
        maybe = odd | (batch.lines > self.last_line - TAIL_LINES) | (batch.lines == self.first_line)
        known = pc.or_(
            pc.equal(ids, self.headers[self.id_index]), pc.is_in(pc.utf8_lower(ids), pa.array(TOTALS))
        )
        maybe |= known.to_numpy(zero_copy_only=False)
        if self.form is not None and not self.form.always:
            words = pc.match_substring_regex(ids, r"(?i)tota|sum|razem|gesamt|итог|всего|計|计|합계")
            maybe |= words.to_numpy(zero_copy_only=False)
        yield from np.flatnonzero(maybe & ~pc.equal(ids, "").to_numpy(zero_copy_only=False)).tolist()

    def _explain(
        self, batch: Batch, row: int, customer_id: str, is_odd: bool, numbers: Mapping[int, FloatArray]
    ) -> str:
        """Why a row is no customer; empty if it is one."""
        cells = [cell.strip() for cell in batch.cells(row)]
        if _repeats_headers(cells, self.headers, self.id_index):
            return _("This is the header row again, not a customer.")
        if customer_id.casefold() in TOTALS:
            return _no_customer(True)
        if not any(map(WORD.search, cells)):
            return _("This is a line between rows, not a customer.")
        line = int(batch.lines[row])
        values = {index: float(column[row]) for index, column in numbers.items()}
        if line == self.first_line and _is_second_header(cells, self.id_index, values, is_odd):
            return _("This looks like a second header line or a line of units, not a customer.")
        usual = self.form.usual if self.form else ()
        filled = sum(bool(cells[index]) for index in usual)
        is_few, is_tail = bool(usual) and 2 * filled <= len(usual), line > self.last_line - TAIL_LINES
        word = TOTAL_WORDS.match(customer_id)
        is_word = word is not None and not re.search(r"[^\W\d_]", customer_id[word.end() :])
        adds_up = self._adds_up(values)
        if (is_odd or is_word) and (is_few or adds_up):
            return _no_customer(word is not None or adds_up)
        if (is_few or word or filled < len(usual)) and self._is_total(values, is_few):
            return _no_customer(True)
        is_bare = not filled and re.search(r"[\s:;*©]", customer_id) is not None
        if is_tail and (
            (is_bare and self.form and not self.form.has_bare) or (len(self.headers) == 1 and is_odd)
        ):
            return _no_customer(word is not None)
        return ""

    def _adds_up(self, values: Mapping[int, float]) -> bool:
        """Whether the numbers of a row are figures about the rows above."""
        known = {index: value for index, value in values.items() if np.isfinite(value)}
        sums = sum(self.sums[index].is_sum(value) for index, value in known.items())
        figures = all(self.sums[index].is_figure(value) for index, value in known.items())
        return bool(known) and (2 * sums >= len(known) or figures)

    def _is_total(self, values: Mapping[int, float], is_few: bool) -> bool:
        """Whether a row is sums, even if its id looks like the others; one sum alone may be by chance."""
        known = {index: value for index, value in values.items() if np.isfinite(value)}
        least = 3 if is_few or len(known) > 1 else 10
        return bool(known) and all(
            self.sums[index].is_sum(value)
            and self.sums[index].count >= least
            and value > self.sums[index].highest
            and self.sums[index].lowest >= 0  # where values cancel out, any value may be their sum
            for index, value in known.items()
        )


def _no_customer(is_total: bool) -> str:
    if is_total:
        return _("This looks like a row of totals, not a customer.")
    return _(
        "This looks like a note, not a customer: hardly any cell is filled, and the id is unlike the others."
    )


def _learn(batch: Batch, ids: pa.StringArray, id_index: int) -> _Form:
    """The form of ids, and the usual columns, of the rows that are filled."""
    ids = ids.slice(0, LEARNED_ROWS)
    filled = {
        index: pc.not_equal(trimmed(column.slice(0, LEARNED_ROWS)), "").to_numpy(zero_copy_only=False)
        for index, column in enumerate(batch.columns)
        if index != id_index
    }
    has_id = pc.not_equal(ids, "").to_numpy(zero_copy_only=False)
    usual = (
        [index for index, mask in filled.items() if mask[has_id].mean() >= USUAL_SHARE]
        if has_id.any()
        else []
    )
    body = has_id.copy()
    if usual:
        body &= 2 * np.sum([filled[index] for index in usual], axis=0) > len(usual)
    if 3 * body.sum() < 2 * has_id.sum():  # so many rows have few cells that it says nothing
        body = has_id
    if body.sum() < 3:
        return _Form((), (), usual)
    ids, count = ids.filter(pa.array(body)), int(body.sum())
    allowed = 0 if count < 10 else max(1, int(ODD_SHARE * count))
    always = [pattern for pattern in ALWAYS.values() if _has(ids, pattern).sum() >= count - allowed]
    never = [pattern for pattern in NEVER.values() if _has(ids, pattern).sum() <= allowed]
    bare = ~np.any([filled[index] for index in usual], axis=0) if usual else has_id
    # Those at the very end may be notes.
    before_end = bare[: int(np.flatnonzero(~bare)[-1])] if not bare.all() else bare
    return _Form(always, never, usual, has_bare=bool(before_end.any()))


def _has(ids: pa.StringArray, pattern: str) -> BoolArray:
    found: BoolArray = pc.match_substring_regex(ids, pattern).to_numpy(zero_copy_only=False)
    return found


def _repeats_headers(cells: Sequence[str], headers: Sequence[str], id_index: int) -> bool:
    if key_of(cells[id_index]) != key_of(headers[id_index]):
        return False
    same = [key_of(cell) == key_of(header) for cell, header in zip(cells, headers, strict=True) if cell]
    return 2 * sum(same) > len(same) and (len(same) > 1 or len(headers) == 1)


def _is_second_header(cells: Sequence[str], id_index: int, values: Mapping[int, float], is_odd: bool) -> bool:
    """Whether a row below the header names types, units, or the columns once more."""
    if any(np.isfinite(value) for value in values.values()) or any(map(_has_figure, cells)):
        return False
    known = [_names_a_type(cell) for cell in cells if cell]
    is_named = _names_a_type(cells[id_index]) or (is_odd and understand(cells[id_index]).id_rank is not None)
    return is_named and (is_odd or 2 * sum(known) > len(known))


def _names_a_type(cell: str) -> bool:
    word = cell.strip("[](){}<>").casefold()
    return word in TYPE_WORDS or (cell != word and cell[:1] in "[({<" and cell[-1:] in "])}>")


def _has_figure(cell: str) -> bool:
    return any(map(str.isdigit, cell))
