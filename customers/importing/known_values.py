"""What the dataset's customers have already, to understand how the next file writes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from customers.importing.columns.ids import clean_ids
from customers.importing.columns.mapping import ColumnMapping, named
from customers.importing.columns.numbers import OPEN, NumberFormat, trimmed
from customers.importing.files.rows import Batch
from customers.models import Attribute, Customer, CustomerImport

# So many rows are compared.
ROWS = 2_000


def known_numbers(version: CustomerImport, ids: Sequence[str]) -> dict[str, list[float | None]]:
    """The numbers of those of these customers whom a version has, by their ids."""
    found = Customer.objects.filter(version_id=version.pk, customer_id__in=ids)
    return dict(found.values_list("customer_id", "numbers"))


def known_values(
    version: CustomerImport, ids: Sequence[str], positions: Sequence[int]
) -> npt.NDArray[np.float64]:
    """The values at these positions as an array of shape (n_ids, n_positions); NaN for what is missing."""
    known = known_numbers(version, ids)
    values = np.full((len(ids), len(positions)), np.nan)
    for row, customer_id in enumerate(ids):
        numbers = known.get(customer_id, [])
        for place, position in enumerate(positions):
            if position < len(numbers):
                values[row, place] = np.nan if (number := numbers[position]) is None else number
    return values


def settle_decimals(
    columns: Sequence[ColumnMapping],
    asked: Sequence[str],
    batch: Batch,
    version: CustomerImport,
    attributes: Sequence[Attribute],
) -> dict[str, str]:
    """The columns of which customers prove that 1.234 is 1.234, as in every export of the dataset.

    Parameters
    ----------
    columns, batch
        A use for every column of the file, and its first rows.
    asked
        Headers of the columns with an open number format.

    Returns
    -------
    The decimal sign by header: for each column of which most open cells are the customer's value already if
    read so, and none is if read otherwise.
    """
    id_index = next((index for index, column in enumerate(columns) if column.use == "id"), None)
    if id_index is None:
        return {}
    ids = clean_ids(trimmed(batch.columns[id_index])).ids
    settled = {}
    for index, column in enumerate(columns):
        attribute = named(column.name, attributes) if column.header in asked else None
        if attribute is None or not attribute.is_number:
            continue
        cells = trimmed(batch.columns[index])
        is_open = pc.and_(pc.match_substring_regex(cells, OPEN), pc.match_substring(cells, "."))
        open_ids, open_cells = ids.filter(is_open)[:ROWS], cells.filter(is_open)[:ROWS]
        known = known_values(version, open_ids.to_pylist(), [attribute.position])[:, 0]
        if _agree(open_cells, known, column.symbol):
            settled[column.header] = "."
    return settled


def _agree(cells: pa.StringArray, known: npt.NDArray[np.float64], symbol: str) -> bool:
    readings = NumberFormat(".", "", symbol), NumberFormat(",", ".", symbol)
    if not all(pc.all(reading.matches(cells)).as_py() for reading in readings):
        return False
    same, other = (int((reading.convert(cells) == known).sum()) for reading in readings)
    return same > 0 and 2 * same >= int(np.isfinite(known).sum()) and not other
