"""Validation: turns rows of text into customers, whole columns at a time, and says why a cell is rejected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from customers.exports.formulas import ESCAPED
from customers.importing.columns.dates.parsing import convert_dates
from customers.importing.columns.ids import are_rounded, clean_ids
from customers.importing.columns.mapping import ColumnMapping
from customers.importing.columns.numbers import (
    OPEN,
    SHARES,
    beyond_exact,
    trimmed,
    without_formula_guards,
    without_guards,
)
from customers.importing.files.rows import Batch, Reject, readable
from customers.importing.files.shapes.no_customers import NoCustomers
from customers.importing.files.sniffing import FileLook
from customers.importing.files.workbook_child import UNCALCULATED

MAX_ID_CHARACTERS = 200
# What a workbook contains where a formula failed; the last one is ours, for a formula never calculated.
SHEET_ERRORS = pa.array(
    ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!", UNCALCULATED]
)

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Target:
    """A column of the file and the attribute it fills."""

    index: int
    column: ColumnMapping
    position: int


@dataclass(frozen=True, eq=False)
class Accepted:
    """Accepted customers as they will be stored.

    `numbers` and `texts` are indexed by the attribute's position; NaN and null mark missing values.
    """

    lines: npt.NDArray[np.int64]
    ids: pa.StringArray
    numbers: dict[int, npt.NDArray[np.float64]]
    texts: dict[int, pa.StringArray]

    def part(self, start: int, stop: int) -> Accepted:
        """The customers from one row up to another."""
        return Accepted(
            self.lines[start:stop],
            self.ids.slice(start, stop - start),
            {position: values[start:stop] for position, values in self.numbers.items()},
            {position: cells.slice(start, stop - start) for position, cells in self.texts.items()},
        )

    def has_missing(self) -> BoolArray:
        """Mark customers with a missing value."""
        missing = np.zeros(len(self.lines), bool)
        for values in self.numbers.values():
            missing |= np.isnan(values)
        for cells in self.texts.values():
            missing |= cells.is_null().to_numpy(zero_copy_only=False)
        return missing


@dataclass(frozen=True, eq=False)
class Validated:
    accepted: Accepted
    rejects: tuple[Reject, ...]
    rejected_rows: int
    # Cells left empty in rows that were accepted.
    emptied_cells: int
    blank: int


@dataclass(eq=False)
class _Faults:
    """Cells that cannot be read, by row of the batch."""

    batch: Batch
    # By row: column, header, value and reason of each bad cell.
    found: dict[int, list[tuple[int, str, str, str]]] = field(default_factory=dict)

    def add(self, mask: BoolArray, index: int, header: str, reason: str) -> None:
        for row in np.flatnonzero(mask).tolist():
            value = readable(self.batch.columns[index][row].as_py())
            self.found.setdefault(row, []).append((index, header, value, reason))

    def cells(self, index: int) -> BoolArray:
        """Mark the rows whose cell in this column is bad."""
        mask = np.zeros(len(self.batch.lines), bool)
        mask[[row for row, cells in self.found.items() if any(cell[0] == index for cell in cells)]] = True
        return mask

    def rejects(self, is_rejected: BoolArray) -> Iterable[Reject]:
        for row in sorted(self.found):
            cells: tuple[str, ...] | None = tuple(map(readable, self.batch.cells(row)))
            for _index, header, value, reason in self.found[row]:
                line, is_kept = int(self.batch.lines[row]), not is_rejected[row]
                yield Reject(line, reason, header, value, cells, is_kept)
                cells = None


class Validator:
    """Checks the rows of one file, batch by batch."""

    def __init__(
        self,
        columns: Sequence[ColumnMapping],
        positions: dict[str, int],
        *,
        has_nul: bool,
        is_sheet: bool = False,
        empties_bad_cells: bool = False,
        no_customers: NoCustomers | None = None,
    ) -> None:
        self.id_index = next(index for index, column in enumerate(columns) if column.use == "id")
        self.id_header, self.ids_as_written = columns[self.id_index].header, columns[self.id_index].as_written
        self.targets = [
            Target(index, column, positions[column.name])
            for index, column in enumerate(columns)
            if column.is_attribute
        ]
        self.has_nul = has_nul
        self.is_sheet = is_sheet
        # A row with a bad cell is accepted without that cell; otherwise it is rejected.
        self.empties_bad_cells = empties_bad_cells
        # What was done to ids, with an example of each (`ids.NOTES`).
        self.cleaned_ids: dict[str, tuple[str, str]] = {}
        # Finds rows that are no customers; `None` if such rows come in like others.
        self.no_customers = no_customers
        self.left_out = 0

    @classmethod
    def for_file(
        cls,
        file: FileLook,
        columns: Sequence[ColumnMapping],
        positions: dict[str, int],
        *,
        empties_bad_cells: bool = False,
        keeps_rows: bool = False,
    ) -> Validator:
        """Make the validator of a file; with `keeps_rows`, totals and notes are taken for customers."""
        id_index = next(index for index, column in enumerate(columns) if column.use == "id")
        watch = NoCustomers(file.headers, id_index, file.header_line + 1, file.table.scan.lines)
        return cls(
            columns,
            positions,
            has_nul=file.table.has_nul,
            is_sheet=file.sheet is not None,
            empties_bad_cells=empties_bad_cells,
            no_customers=None if keeps_rows else watch,
        )

    def restart(self) -> None:
        """Begin again with the first row of the file."""
        self.left_out = 0
        if self.no_customers is not None:
            self.no_customers = self.no_customers.afresh()

    def validate(self, batch: Batch) -> Validated:
        """Sort the rows of a batch into customers, rejects and blank lines."""
        faults = _Faults(batch)
        ids = trimmed(batch.columns[self.id_index])
        is_blank = self._find_blank(batch, ids)
        ids = self._check_ids(ids, is_blank, faults)
        numbers, texts = {}, {}
        for target in self.targets:
            if target.column.use == "number":
                numbers[target.position] = _read_numbers(batch, target, faults)
            else:
                texts[target.position] = self._read_texts(batch, target, faults)
        self._leave_out(batch, ids, numbers, faults)
        is_rejected = self._find_rejected(faults)
        if self.empties_bad_cells and faults.found:
            self._empty(numbers, texts, faults)
        accepted = _filtered(Accepted(batch.lines, ids, numbers, texts), ~is_blank & ~is_rejected)
        # A row that could not be read has one reject; the others have one for each bad cell.
        rejects = batch.rejects + tuple(faults.rejects(is_rejected))
        rejected_rows = len(batch.rejects) + int(is_rejected.sum())
        emptied = sum(reject.is_kept for reject in rejects)
        return Validated(accepted, rejects, rejected_rows, emptied, batch.blank + int(is_blank.sum()))

    def _leave_out(
        self, batch: Batch, ids: pa.StringArray, numbers: dict[int, npt.NDArray[np.float64]], faults: _Faults
    ) -> None:
        """Reject rows that are no customers, whatever else is wrong with them."""
        if self.no_customers is None:
            return
        values = {
            target.index: numbers[target.position] for target in self.targets if target.column.use == "number"
        }
        for row, reason in self.no_customers.find(batch, ids, values).items():
            self.left_out += 1
            value = readable(batch.columns[self.id_index][row].as_py())
            faults.found[row] = [(self.id_index, self.id_header, value, reason)]

    def _find_rejected(self, faults: _Faults) -> BoolArray:
        """Mark rows that are not accepted: without a usable id there is no customer."""
        if self.empties_bad_cells:
            return faults.cells(self.id_index)
        is_rejected = np.zeros(len(faults.batch.lines), bool)
        is_rejected[list(faults.found)] = True
        return is_rejected

    def _empty(
        self, numbers: dict[int, npt.NDArray[np.float64]], texts: dict[int, pa.StringArray], faults: _Faults
    ) -> None:
        for target in self.targets:
            bad = faults.cells(target.index)
            if not bad.any():
                continue
            if target.column.use == "number":
                numbers[target.position] = np.where(bad, np.nan, numbers[target.position])
            else:
                nothing = pa.scalar(None, pa.string())
                texts[target.position] = pc.if_else(pa.array(bad), nothing, texts[target.position])

    def _find_blank(self, batch: Batch, ids: pa.StringArray) -> BoolArray:
        """Mark rows whose cells are all empty."""
        blank: BoolArray = pc.equal(ids, "").to_numpy(zero_copy_only=False)
        if not blank.any():
            return blank
        rows = pa.array(np.flatnonzero(blank))
        empty = np.ones(len(rows), bool)
        for column in batch.columns:
            empty &= pc.equal(trimmed(column.take(rows)), "").to_numpy(zero_copy_only=False)
        blank = np.zeros(len(ids), bool)
        blank[rows.to_numpy()[empty]] = True
        return blank

    def _check_ids(self, ids: pa.StringArray, is_blank: BoolArray, faults: _Faults) -> pa.StringArray:
        ids = self._clean(_unescape_formulas(ids))
        empty = pc.equal(ids, "").to_numpy(zero_copy_only=False)
        faults.add(empty & ~is_blank, self.id_index, self.id_header, _("The customer id is missing."))
        if len(ids) and pc.max(pc.binary_length(ids)).as_py() > MAX_ID_CHARACTERS:
            long = pc.greater(pc.utf8_length(ids), MAX_ID_CHARACTERS).to_numpy(zero_copy_only=False)
            reason = _("A customer id can have at most %(limit)s characters.") % {"limit": MAX_ID_CHARACTERS}
            faults.add(long, self.id_index, self.id_header, reason)
        if pc.all(pc.ascii_is_decimal(ids)).as_py():
            return ids
        rounded = are_rounded(ids).to_numpy(zero_copy_only=False)
        reason = _(
            "A spreadsheet has rounded this id: format the column as text there and export the file again."
        )
        faults.add(rounded, self.id_index, self.id_header, reason)
        self._check_text(ids, self.id_index, self.id_header, faults)
        return ids

    def _clean(self, ids: pa.StringArray) -> pa.StringArray:
        cleaned = clean_ids(ids, as_written=self.ids_as_written)
        self.cleaned_ids = {**cleaned.done, **self.cleaned_ids}
        return cleaned.ids

    def _read_texts(self, batch: Batch, target: Target, faults: _Faults) -> pa.StringArray:
        cells = trimmed(batch.columns[target.index])
        self._check_text(cells, target.index, target.column.header, faults)
        cells = _with_missing(_unescape_formulas(without_formula_guards(cells)), target.column)
        if target.column.use == "date":
            dates, is_date = convert_dates(
                _with_missing(without_guards(cells), target.column), target.column.order
            )
            reason = _("Not a date in the form %(example)s.") % {"example": target.column.date_example}
            faults.add(~is_date, target.index, target.column.header, reason)
            return dates
        return cells

    def _check_text(self, cells: pa.StringArray, index: int, header: str, faults: _Faults) -> None:
        if self.has_nul:
            damaged = pc.match_substring(cells, "\0").fill_null(False).to_numpy(zero_copy_only=False)
            reason = _("The cell contains an invalid character (NUL).")
            faults.add(damaged, index, header, reason)
        if self.is_sheet:
            errors = pc.is_in(cells, SHEET_ERRORS).to_numpy(zero_copy_only=False)
            reason = _("The sheet has an error here, or a formula that was never calculated.")
            faults.add(errors, index, header, reason)


def _read_numbers(batch: Batch, target: Target, faults: _Faults) -> npt.NDArray[np.float64]:
    column, header = target.column, target.column.header
    cells = without_guards(_unescape_formulas(trimmed(batch.columns[target.index])))
    cells = _with_missing(cells, column)
    form = column.number_format
    matches = form.matches(cells)
    if cells.null_count or not pc.all(matches).as_py():
        wrong = pc.invert(matches).fill_null(False).to_numpy(zero_copy_only=False)
        if column.symbol in SHARES and wrong.any():
            wrong = _reject_without_sign(cells, wrong, target, faults)
        faults.add(wrong, target.index, header, _("This is not a number."))
        cells = pc.if_else(matches, cells, pa.scalar(None, pa.string()))
    if column.is_unproven and not pc.all(pc.ascii_is_decimal(cells)).as_py():
        is_open = pc.match_substring_regex(cells, OPEN).fill_null(False).to_numpy(zero_copy_only=False)
        text = _("This can mean two numbers, and the first rows do not say which: choose the number format.")
        faults.add(is_open, target.index, header, text)
    values = form.convert(cells)
    infinite = np.isinf(values)
    if infinite.any():
        faults.add(infinite, target.index, header, _("This number is too large."))
    long = beyond_exact(cells, values) & ~infinite
    if long.any():
        reason = _("This number has too many digits to be stored exactly: import the column as text.")
        faults.add(long, target.index, header, reason)
    _check_range(values, target, faults)
    return values


def _reject_without_sign(
    cells: pa.StringArray, wrong: BoolArray, target: Target, faults: _Faults
) -> BoolArray:
    """Reject numbers without the per cent sign that the others have; return the cells that are none."""
    bare = replace(target.column.number_format, symbol="").matches(cells).fill_null(False)
    is_bare = wrong & bare.to_numpy(zero_copy_only=False)
    text = _("The other values in this column have a %(symbol)s sign, and this one has none.")
    reason = text % {"symbol": target.column.symbol}
    faults.add(is_bare, target.index, target.column.header, reason)
    return wrong & ~is_bare


def _check_range(values: npt.NDArray[np.float64], target: Target, faults: _Faults) -> None:
    column = target.column
    if column.is_whole:
        reason = _("Only whole numbers are allowed here.")
        faults.add(_finite(values) & (values != np.rint(values)), target.index, column.header, reason)
    if column.minimum is not None:
        reason = _("The minimum allowed is %(value)s.") % {"value": f"{column.minimum:g}"}
        faults.add(values < column.minimum, target.index, column.header, reason)
    if column.maximum is not None:
        reason = _("The maximum allowed is %(value)s.") % {"value": f"{column.maximum:g}"}
        faults.add(_finite(values) & (values > column.maximum), target.index, column.header, reason)


def _finite(values: npt.NDArray[np.float64]) -> BoolArray:
    return np.isfinite(values)


def _with_missing(cells: pa.StringArray, column: ColumnMapping) -> pa.StringArray:
    """Replace markers of missing values with null."""
    is_missing = pc.equal(cells, "")
    if column.missing:
        markers = pa.array([marker.lower() for marker in column.missing], pa.string())
        is_missing = pc.or_(is_missing, pc.is_in(pc.utf8_lower(cells), markers))
    if not pc.any(is_missing).as_py():
        return cells
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), cells)


def _unescape_formulas(cells: pa.StringArray) -> pa.StringArray:
    """Remove the apostrophe that an export puts before what a spreadsheet would run as a formula."""
    marked = pc.starts_with(cells, "'")
    if not pc.any(marked).as_py():
        return cells
    escaped = pc.match_substring_regex(cells, ESCAPED)
    return pc.if_else(escaped, pc.utf8_slice_codeunits(cells, 1), cells)


def _filtered(accepted: Accepted, keep: BoolArray) -> Accepted:
    if keep.all():
        return accepted
    mask = pa.array(keep)
    return Accepted(
        accepted.lines[keep],
        accepted.ids.filter(mask),
        {position: values[keep] for position, values in accepted.numbers.items()},
        {position: cells.filter(mask) for position, cells in accepted.texts.items()},
    )
