"""Converts a Parquet file to CSV, some rows at a time: a separate program, see `child`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from customers.importing.files.children.child import LineWriter, Refusal, answer_request, gettext_noop
from customers.importing.files.workbook_child import as_number

NAME = "Parquet"
BATCH_ROWS = 2_000


def convert(source: str, target: str, _wanted: str, limits: dict[str, int]) -> dict[str, Any]:
    """Write the rows; return the one table's name, and the columns of numbers."""
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    file = pq.ParquetFile(source, memory_map=True, pre_buffer=False)
    schema = file.schema_arrow
    shows = [_find_writing(field.type, index) for index, field in enumerate(schema, 1)]
    with open(target, "w", encoding="utf-8", errors="replace", newline="") as stream:  # noqa: PTH123
        writer = LineWriter(stream, limits)
        writer.write(1, schema.names)
        for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            columns = [
                ["" if value is None else show(value) for value in column.to_pylist()]
                for column, show in zip(batch.columns, shows, strict=True)
            ]
            for cells in zip(*columns, strict=True):
                writer.write(writer.line + 1, cells)
            if writer.is_done:
                break
    exact = [index for index, field in enumerate(schema) if _is_number(field.type)]
    return {"sheets": [NAME], "sheet": NAME, "exact": exact}


def _is_number(kind: pa.DataType) -> bool:
    return bool(kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))


def _find_writing(kind: pa.DataType, column: int) -> Callable[[Any], str]:
    """How values of this type are written."""
    if kinds.is_dictionary(kind):
        return _find_writing(kind.value_type, column)
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return str
    if kinds.is_boolean(kind):
        return lambda value: "TRUE" if value else "FALSE"
    if kinds.is_floating(kind):
        return lambda value: "" if value != value else as_number(repr(value))
    if kinds.is_timestamp(kind) or kinds.is_date(kind):
        return _show_moment
    if _is_number(kind):
        return str
    raise Refusal(
        gettext_noop(
            "Column %(column)s of the Parquet file holds lists, parts or bytes: save the file without it."
        ),
        column=column,
    )


def _show_moment(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    shown = value.isoformat(sep=" ")
    return shown.removesuffix(" 00:00:00") if value.tzinfo is None else shown


if __name__ == "__main__":
    answer_request(convert, pa.ArrowException)
