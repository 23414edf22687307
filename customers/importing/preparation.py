"""Between upload and load: settling how a file is read and what its columns are used for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.importing.columns.mapping import ColumnMapping, check_mapping, named
from customers.importing.columns.profiling import profile_columns
from customers.importing.columns.proposal import Answers, Proposal, Question, propose_mapping
from customers.importing.errors import ImportRefusedError
from customers.importing.files.rows import Batch
from customers.importing.files.sniffing import FileLook, KeptLook, look_at, look_at_sheet
from customers.importing.files.workbooks import is_workbook
from customers.importing.known_ids import find_look_alikes
from customers.importing.known_values import settle_decimals
from customers.importing.options import ImportOptions
from customers.models import CustomerImport
from customers.storage.uploads import path_of

# The option that says that customers are new although their ids look like known ones.
NEW_IDS = "--confirm ids"


class Report(Protocol):
    """A callback for progress: the stage, and how many of how many rows are done."""

    def __call__(self, stage: str, done: int = 0, total: int | None = None) -> None: ...


# ---- How the file is read --------------------------------------------------------------------------------


def find_file(customer_import: CustomerImport) -> Path:
    """The path of the import's file.

    Raises
    ------
    ImportRefusedError
        It has been deleted, or is on another machine.
    """
    path = path_of(customer_import.file_id)
    if path.is_file():
        return path
    if customer_import.file_deleted_at is not None:
        text = _("The uploaded file was deleted after %(days)s days, as all are: upload it again.")
        raise ImportRefusedError(text % {"days": settings.IMPORT_RETENTION_DAYS})
    raise ImportRefusedError(
        _(
            "The uploaded file is not on this server: upload it again. If that does not help, the web server "
            "and the worker do not share one data folder: tell your administrator."
        )
    )


def look(customer_import: CustomerImport, *, guess: bool = False) -> FileLook:
    """Find out how to read the import's file; guess if somebody is about to check it.

    For a workbook, a guess reads only the first rows. The result of a pass over the whole file is stored with
    the import and not computed again.

    Raises
    ------
    ImportRefusedError
        It is not there, or cannot be imported.
    """
    options = ImportOptions.from_json(customer_import.options)
    path, name = find_file(customer_import), customer_import.original_name
    kept = KeptLook.from_json(customer_import.file_look) if customer_import.file_look else None
    if is_workbook(path, name):
        found = look_at_sheet(path, name, sheet=options.sheet, head=guess, guess=guess, kept=kept)
    else:
        encoding, delimiter = options.encoding, options.delimiter
        found = look_at(path, name, encoding=encoding, delimiter=delimiter, guess=guess, kept=kept)
    if found.kept != kept:
        _keep(customer_import, file_look=found.kept.to_json())
    return found


def change_reading(customer_import: CustomerImport, *, encoding: str, delimiter: str, sheet: str) -> None:
    """Change how a waiting file is read; empty settings are detected."""
    options = ImportOptions.from_json(customer_import.options)
    options = replace(options, encoding=encoding or options.encoding, delimiter=delimiter, sheet=sheet)
    _keep(customer_import, options=options.to_json(), mapping_page=None)


def _keep(customer_import: CustomerImport, **values: Any) -> None:
    """Store something of an import, which somebody may have discarded meanwhile."""
    for name, value in values.items():
        setattr(customer_import, name, value)
    CustomerImport.objects.filter(pk=customer_import.pk).update(**values)


# ---- What its columns are used for -----------------------------------------------------------------------


@dataclass(frozen=True)
class MappingPage:
    """What the mapping page shows of a waiting file, as far as the submitted form depends on it."""

    encoding: str
    delimiter: str
    sheet: str
    sheets: tuple[str, ...]
    columns: tuple[ColumnMapping, ...]
    # Headers of the columns whose number format is ambiguous.
    asked: tuple[str, ...]
    # Whether ids look like known ones, so that somebody must say that the customers are new.
    asks_ids: bool = False

    @classmethod
    def of(cls, file: FileLook, proposal: Proposal) -> MappingPage:
        return cls(
            encoding=file.encoding,
            delimiter=file.delimiter,
            sheet=file.sheet.name if file.sheet else "",
            sheets=file.sheet.names if file.sheet else (),
            columns=proposal.columns,
            asked=tuple(question.header for question in proposal.questions if question.header),
            asks_ids=any(question.option == NEW_IDS for question in proposal.questions),
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MappingPage:
        columns = tuple(map(ColumnMapping.from_json, values["columns"]))
        lists = {name: tuple(values[name]) for name in ("sheets", "asked")}
        return cls(**{**values, **lists, "columns": columns})

    @property
    def digest(self) -> str:
        """Goes along with the form, whose fields are numbered: the answer must be to this page."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class WaitingFile:
    """A file that is waiting for its mapping, with everything its page shows."""

    file: FileLook
    proposal: Proposal
    page: MappingPage


def prepare_page(customer_import: CustomerImport) -> WaitingFile:
    """Inspect a waiting file and propose a mapping from its first rows, for people to check.

    Raises
    ------
    ImportRefusedError
        It cannot be imported, whatever its columns are used for.
    """
    file = look(customer_import, guess=True)
    proposal = _propose(customer_import, file, islice(file.read(), 1))
    page = MappingPage.of(file, proposal)
    if (shown := asdict(page)) != customer_import.mapping_page:
        _keep(customer_import, mapping_page=shown)
    return WaitingFile(file, proposal, page)


def recall_page(customer_import: CustomerImport) -> MappingPage:
    """The mapping page as it was shown, whatever has changed since.

    Raises
    ------
    ImportRefusedError
        The file is gone; or the page was never shown, and the file cannot be imported.
    """
    find_file(customer_import)
    if customer_import.mapping_page is None:
        return prepare_page(customer_import).page
    return MappingPage.from_json(customer_import.mapping_page)


def _propose(customer_import: CustomerImport, file: FileLook, batches: Iterable[Batch]) -> Proposal:
    options, dataset = ImportOptions.from_json(customer_import.options), customer_import.dataset
    latest = dataset.imports.filter(published_at__isnull=False, undone_at=None).first()
    attributes, first = list(dataset.attributes.all()), list[Batch]()
    profiles = profile_columns(
        _keeping_first(batches, first),
        file.headers,
        rows=file.line_count,
        exact=file.sheet.exact_columns if file.sheet else (),
    )

    def propose(decimals: Mapping[str, str]) -> Proposal:
        return propose_mapping(
            file.headers,
            profiles,
            attributes,
            declared={column.header: column for column in options.columns},
            earlier=list(map(ColumnMapping.from_json, latest.mapping)) if latest else [],
            answers=Answers(options.decimal, decimals, options.order, options.orders, options.missing),
        )

    proposal, version = propose(options.decimals), dataset.current_version
    if version is None or not first:
        return proposal
    asked = [question.header for question in proposal.questions if question.header]
    settled = settle_decimals(proposal.columns, asked, first[0], version, attributes) if asked else {}
    if settled:
        proposal = propose({**settled, **options.decimals})
    return proposal if "ids" in options.confirmed else _with_known_ids(proposal, first[0], version)


def _with_known_ids(proposal: Proposal, batch: Batch, version: CustomerImport) -> Proposal:
    """Take ids as the dataset has them, or ask whether customers are new whose ids look like known ones.

    Nobody must be there twice unnoticed.
    """
    index = next((index for index, column in enumerate(proposal.columns) if column.use == "id"), None)
    alike = None if index is None else find_look_alikes(version, batch.columns[index])
    if alike is None or index is None:
        return proposal
    if alike.as_written:
        column = replace(proposal.columns[index], as_written=True)
        return replace(proposal, columns=(*proposal.columns[:index], column, *proposal.columns[index + 1 :]))
    text = _(
        "Of the first %(compared)s customer ids %(count)s are new, but look like ones that you have: "
        "“%(written)s” and “%(known)s”. If they are the same customers, write the ids as before and upload "
        "the file again; if not, say that they are new."
    )
    question = Question(text % asdict(alike), NEW_IDS)
    return replace(proposal, questions=(*proposal.questions, question))


def _keeping_first(batches: Iterable[Batch], kept: list[Batch]) -> Iterator[Batch]:
    """The batches; the first of them is kept too."""
    for batch in batches:
        kept += [] if kept else [batch]
        yield batch


def confirm_mapping(
    customer_import: CustomerImport,
    page: MappingPage,
    columns: Sequence[ColumnMapping],
    *,
    clears_missing: bool = False,
    empties_bad_cells: bool = False,
    keeps_rows: bool = False,
    replaces: bool = False,
) -> None:
    """Store how a waiting file is to be read, and what its columns are used for."""
    options = replace(
        ImportOptions.from_json(customer_import.options),
        encoding=page.encoding,
        delimiter=page.delimiter,
        sheet=page.sheet,
        clears_missing=clears_missing,
        empties_bad_cells=empties_bad_cells,
        keeps_rows=keeps_rows,
        replaces=replaces,
    )
    customer_import.options = options.to_json()
    customer_import.mapping = [column.to_json() for column in columns]
    customer_import.save(update_fields=["options", "mapping"])


def resolve_mapping(
    customer_import: CustomerImport, file: FileLook, report: Report
) -> tuple[ColumnMapping, ...]:
    """Take the confirmed mapping, or derive one from all the cells, and store it with the warnings.

    Raises
    ------
    ImportRefusedError
        The mapping cannot be used.
    """
    warnings: tuple[str, ...] = ()
    if customer_import.mapping:
        columns = tuple(map(ColumnMapping.from_json, customer_import.mapping))
        if [column.header for column in columns] != list(file.headers):
            raise ImportRefusedError(
                _("The file's columns are not the ones that were mapped: upload the file again.")
            )
    else:
        tell = partial(report, gettext_noop("checking the columns"))
        proposal = _propose(customer_import, file, file.read(tell))
        columns, warnings = proposal.settled(), proposal.warnings
    check_mapping(columns)
    customer_import.warnings = [
        *_same_file_again(customer_import),
        *file.warnings,
        *warnings,
        *_new_attributes(customer_import, columns),
    ]
    customer_import.encoding, customer_import.delimiter = file.encoding, file.delimiter
    customer_import.mapping = [column.to_json() for column in columns]
    customer_import.save(update_fields=["warnings", "encoding", "delimiter", "mapping"])
    return columns


def _same_file_again(customer_import: CustomerImport) -> list[str]:
    earlier = customer_import.dataset.imports.filter(
        sha256=customer_import.sha256, published_at__isnull=False, undone_at=None
    ).first()
    if earlier is None or earlier.published_at is None:
        return []
    text = _("This file was already imported on %(day)s.")
    return [text % {"day": date_format(earlier.published_at, "DATE_FORMAT")}]


def _new_attributes(customer_import: CustomerImport, columns: Sequence[ColumnMapping]) -> list[str]:
    known = list(customer_import.dataset.attributes.all())
    new = [each.name for each in columns if each.is_attribute and named(each.name, known) is None]
    if not known or not new:
        return []
    listed = ", ".join(f"“{name}”" for name in new)
    text = _("New attributes: %(names)s. Customers who are not in this file have no value for them.")
    return [text % {"names": listed}]
