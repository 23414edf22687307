"""Between upload and import: how a file will be read, and what its columns will be used for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from customers.importing.columns.mapping import ColumnMapping, Proposal, propose_mapping
from customers.importing.columns.profiling import profile_columns
from customers.importing.files.detection import ENCODINGS
from customers.importing.files.reading import read_batches
from customers.importing.files.rows import Batch
from customers.importing.files.sniffing import FileLook, look_at, look_at_sheet
from customers.importing.files.workbooks import is_workbook
from customers.importing.options import ImportOptions
from customers.models import CustomerImport, Dataset
from customers.storage.uploads import path_of


def look(customer_import: CustomerImport, *, guess: bool = False) -> FileLook:
    """Find out how the import's file is to be read; guess where somebody is about to check it.

    Of a workbook a guess looks at the first rows alone.
    """
    options = ImportOptions.from_json(customer_import.options)
    path, name = path_of(customer_import.file_id), customer_import.original_name
    if is_workbook(path, name):
        return look_at_sheet(path, name, sheet=options.sheet, head=guess, guess=guess)
    return look_at(
        path,
        name,
        encoding=options.encoding,
        delimiter=options.delimiter,
        guess=guess,
    )


def propose(
    customer_import: CustomerImport, file: FileLook, batches: Iterable[Batch], *, rows: int
) -> Proposal:
    """Propose a mapping from the batches that were looked at, which hold at most so many rows."""
    options = ImportOptions.from_json(customer_import.options)
    return propose_mapping(
        file.headers,
        profile_columns(batches, file.headers, rows=rows),
        customer_import.dataset.attributes.all(),
        declared={column.header: column for column in options.columns},
        earlier=_earlier_mapping(customer_import.dataset),
        decimal=options.decimal,
        missing=options.missing,
    )


def _earlier_mapping(dataset: Dataset) -> list[ColumnMapping]:
    latest = dataset.imports.filter(published_at__isnull=False, undone_at=None).first()
    return list(map(ColumnMapping.from_json, latest.mapping)) if latest else []


def propose_from_head(customer_import: CustomerImport, file: FileLook) -> Proposal:
    """Propose a mapping from the first rows: quick enough for a page, and people will look at it."""
    batches = read_batches(file.path, file.table, file.width, header_line=file.header_line)
    return propose(customer_import, file, islice(batches, 1), rows=file.line_count)


def read_otherwise(
    customer_import: CustomerImport, *, encoding: str = "", delimiter: str = "", sheet: str = ""
) -> None:
    """Read a waiting file as somebody says, from now on."""
    options = ImportOptions.from_json(customer_import.options)
    if encoding in ENCODINGS:
        options = replace(options, encoding=encoding)
    options = replace(options, delimiter=delimiter[:1], sheet=sheet)
    customer_import.options = options.to_json()
    customer_import.save(update_fields=["options"])


def declare(
    customer_import: CustomerImport,
    file: FileLook,
    columns: Sequence[ColumnMapping],
    *,
    clears_missing: bool = False,
    replaces: bool = False,
) -> None:
    """Settle how a waiting file is read, and what its columns are used for."""
    options = replace(
        ImportOptions.from_json(customer_import.options),
        encoding="" if file.sheet else file.table.encoding,
        delimiter="" if file.sheet else file.table.delimiter,
        sheet=file.sheet,
        clears_missing=clears_missing,
        replaces=replaces,
    )
    customer_import.options = options.to_json()
    customer_import.mapping = [column.to_json() for column in columns]
    customer_import.save(update_fields=["options", "mapping"])
