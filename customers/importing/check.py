"""What an import would do with the first rows of a waiting file: nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from customers.importing.columns.mapping import ColumnMapping
from customers.importing.columns.validation import Accepted, Validated, Validator
from customers.importing.files.rows import Batch, Reject, readable
from customers.importing.files.shapes.orders import find_orders
from customers.importing.files.sniffing import FileLook

# So much is read while somebody waits for the page; the rest is checked by the import itself.
BATCHES = 2
EXAMPLES, SHOWN_REASONS, PREVIEW_ROWS = 3, 10, 10


@dataclass
class FoundReason:
    """One reason why rows or cells are not imported, how often, and some of them: line and value."""

    column: str
    reason: str
    count: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class PreviewCell:
    """One cell: as it is in the file, as it will be stored (`None` for nothing), and why it is bad."""

    written: str
    stored: float | str | None
    use: str
    reason: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether what will be stored is not what people see in the file."""
        return self.use != "skip" and not self.reason and self.written.strip() != _as_written(self.stored)


@dataclass(frozen=True)
class PreviewRow:
    line: int
    cells: tuple[PreviewCell, ...]
    # Why the whole row is left out; empty if it comes in.
    reason: str

    def rejected(self, index: int, reason: str) -> PreviewRow:
        """The same row, left out because of this cell if there is a reason."""
        if not reason:
            return self
        cells = (*self.cells[:index], replace(self.cells[index], reason=reason), *self.cells[index + 1 :])
        return replace(self, cells=cells, reason=reason)


@dataclass(frozen=True)
class FileCheck:
    """What would become of the rows that were looked at."""

    read: int
    # Whether these are all rows of the file.
    is_whole: bool
    rejected: int
    emptied: int
    reasons: tuple[FoundReason, ...]
    preview: tuple[PreviewRow, ...]
    # Why the whole file will be refused; empty if it will not.
    refused: str = ""

    @property
    def share(self) -> float:
        """The share of rejected rows, 0 to 1."""
        return self.rejected / self.read if self.read else 0.0


def check_file(
    file: FileLook,
    columns: Sequence[ColumnMapping],
    *,
    empties_bad_cells: bool,
    keeps_rows: bool = False,
) -> FileCheck:
    """Validate the first rows of a file, at most `BATCHES` of its batches, as the import will.

    Parameters
    ----------
    columns
        A use for every column, exactly one of them the id.
    """
    positions = {column.name: index for index, column in enumerate(columns) if column.is_attribute}
    validator = Validator.for_file(
        file, columns, positions, empties_bad_cells=empties_bad_cells, keeps_rows=keeps_rows
    )
    batches = file.read()
    counts = _Counts()
    preview: list[PreviewRow] = []
    ids: list[Accepted] = []
    for batch in islice(batches, BATCHES):
        validated = validator.validate(batch)
        preview = preview or _preview(batch, validated, columns, positions, validator.id_index)
        counts.add(validated)
        ids.append(validated.accepted)
    is_whole = next(batches, None) is None and not (file.sheet is not None and file.sheet.head)
    header = columns[validator.id_index].header
    twice = counts.add_duplicates(header, ids)
    shown = [row.rejected(validator.id_index, twice.get(row.line, "")) for row in preview]
    return FileCheck(
        counts.read,
        is_whole,
        counts.rejected,
        counts.emptied,
        tuple(counts.frequent()),
        tuple(shown),
        find_orders(counts.conflicting, counts.read, file.headers),
    )


class _Counts:
    def __init__(self) -> None:
        self.read = self.rejected = self.emptied = self.conflicting = 0
        self.reasons: dict[tuple[str, str], FoundReason] = {}

    def add(self, validated: Validated) -> None:
        self.read += len(validated.accepted.lines) + validated.rejected_rows
        self.rejected += validated.rejected_rows
        self.emptied += validated.emptied_cells
        for reject in validated.rejects:
            self._count(reject.column, reject.reason, reject.line, reject.value)

    def _count(self, column: str, reason: str, line: int, value: str) -> None:
        found = self.reasons.setdefault((column, reason), FoundReason(column, reason))
        found.count += 1
        if len(found.examples) < EXAMPLES:
            found.examples.append((line, value))

    def add_duplicates(self, header: str, accepted: Sequence[Accepted]) -> dict[int, str]:
        """Count rows whose id another row has too, and return why they are left out, by line.

        Of equal rows the first comes in, of others none.
        """
        if not accepted:
            return {}
        ids = pa.concat_arrays([rows.ids for rows in accepted])
        frequent = pc.value_counts(ids)
        twice = frequent.field("values").filter(pc.greater(frequent.field("counts"), 1))
        if not len(twice):
            return {}
        found = [row for rows in accepted for row in _rows_of(rows, twice)]
        kinds: dict[str, set[tuple]] = {}
        for customer_id, _line, values in found:
            kinds.setdefault(customer_id, set()).add(values)
        seen: set[str] = set()
        reasons: dict[int, str] = {}
        for customer_id, line, _values in found:
            is_first = customer_id not in seen
            seen.add(customer_id)
            if len(kinds[customer_id]) > 1:
                self.conflicting += 1
                reasons[line] = _("This id is also in another row, with different values: none comes in.")
            elif not is_first:
                reasons[line] = _("The same row as an earlier one: it comes in once.")
            if line in reasons:
                self.rejected += 1
                self._count(header, reasons[line], line, customer_id)
        return reasons

    def frequent(self) -> list[FoundReason]:
        """The most frequent reasons first."""
        return sorted(self.reasons.values(), key=lambda found: -found.count)[:SHOWN_REASONS]


def _rows_of(rows: Accepted, ids: pa.StringArray) -> Iterable[tuple[str, int, tuple]]:
    """Id, line and values of the rows with these ids."""
    is_found = pc.is_in(rows.ids, ids)
    mask = is_found.to_numpy(zero_copy_only=False)
    lines = rows.lines[mask].tolist()
    numbers = [np.nan_to_num(values[mask], nan=np.inf).tolist() for values in rows.numbers.values()]
    texts = [cells.filter(is_found).to_pylist() for cells in rows.texts.values()]
    values = zip(*numbers, *texts, strict=True) if numbers or texts else iter([()] * len(lines))
    return zip(rows.ids.filter(is_found).to_pylist(), lines, values, strict=True)


def _preview(
    batch: Batch,
    validated: Validated,
    columns: Sequence[ColumnMapping],
    positions: dict[str, int],
    id_index: int,
) -> list[PreviewRow]:
    """The first rows, cell by cell."""
    accepted = validated.accepted
    rows = {int(line): row for row, line in enumerate(accepted.lines[:PREVIEW_ROWS].tolist())}
    bad: dict[int, list[Reject]] = {}
    for reject in validated.rejects:
        bad.setdefault(reject.line, []).append(reject)
    preview = []
    for index, line in enumerate(batch.lines[:PREVIEW_ROWS].tolist()):
        rejects, row = bad.get(line, []), rows.get(line)
        if row is None and not rejects:
            continue  # a blank line
        reasons = {reject.column: reject.reason for reject in rejects}
        cells = tuple(
            PreviewCell(
                readable(batch.columns[place][index].as_py()),
                None if row is None else _stored(accepted, column, positions, row),
                column.use,
                reasons.get(column.header, ""),
            )
            for place, column in enumerate(columns)
        )
        whole = "" if row is not None else " ".join(reject.reason for reject in rejects)
        preview.append(PreviewRow(line, cells, whole))
    return preview


def _stored(
    accepted: Accepted, column: ColumnMapping, positions: dict[str, int], row: int
) -> float | str | None:
    if column.use == "id":
        return str(accepted.ids[row].as_py())
    if not column.is_attribute:
        return None
    position = positions[column.name]
    if column.use == "number":
        value = float(accepted.numbers[position][row])
        return None if np.isnan(value) else value
    text: str | None = accepted.texts[position][row].as_py()
    return text


def _as_written(value: float | str | None) -> str:
    """A value as people would have written it in the plainest way."""
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.15g}"
