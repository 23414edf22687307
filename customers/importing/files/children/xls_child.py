"""Converts a sheet of an old Excel workbook (.xls) to CSV: a separate program, see `child`."""

from __future__ import annotations

import struct
import sys
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError

from customers.importing.files.children.child import LineWriter, Refusal, answer_request, gettext_noop
from customers.importing.files.workbook_child import (
    NOT_A_FORMAT,
    as_date,
    as_number,
    as_percent,
    choose,
    padding,
)


def convert(source: str, target: str, wanted: str, limits: dict[str, int]) -> dict[str, Any]:
    """Write the chosen sheet; return the sheets, the chosen one, and what was noticed."""
    try:
        book = xlrd.open_workbook(source, formatting_info=True, ragged_rows=True, logfile=sys.stderr)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            sentence = gettext_noop("The workbook is protected by a password: save it without one.")
            raise Refusal(sentence) from error
        raise
    states = ["hidden" if sheet.visibility else "visible" for sheet in book.sheets()]
    sheets = [{"name": name, "state": state} for name, state in zip(book.sheet_names(), states, strict=True)]
    chosen = choose(sheets, wanted)
    answer = {"sheets": [sheet["name"] for sheet in sheets], "sheet": chosen and chosen["name"]}
    if chosen is None:
        return answer
    sheet = book.sheet_by_name(chosen["name"])
    with open(target, "w", encoding="utf-8", errors="replace", newline="") as stream:  # noqa: PTH123
        writer = LineWriter(stream, limits)
        hidden = _write(book, sheet, writer)
    return {**answer, "merged": bool(sheet.merged_cells), "hidden": hidden, "exact": writer.exact}


def _write(book: Any, sheet: Any, writer: LineWriter) -> int:
    """Write the rows; return how many with cells are hidden."""
    hidden = 0
    for row in range(sheet.nrows):
        cells = [_shown(book, sheet, row, column, writer) for column in range(sheet.row_len(row))]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        hidden += row in sheet.rowinfo_map and bool(sheet.rowinfo_map[row].hidden)
        writer.write(row + 1, cells)
        if writer.is_done:
            break
    return hidden


def _shown(book: Any, sheet: Any, row: int, column: int, writer: LineWriter) -> str:
    kind, value = sheet.cell_type(row, column), sheet.cell_value(row, column)
    if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return ""
    if kind == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE"
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, "#VALUE!"))
    if kind == xlrd.XL_CELL_TEXT:
        writer.note(column, value, is_number=False)
        return str(value)
    if kind == xlrd.XL_CELL_DATE:
        return as_date(value, is_1904=book.datemode == 1)
    style = book.xf_list[sheet.cell_xf_index(row, column)]
    code = book.format_map[style.format_key].format_str
    writer.note(column, "", is_number=True)
    if "%" in NOT_A_FORMAT.sub("", code):
        return as_percent(repr(value))
    return as_number(repr(value), padding(code))


if __name__ == "__main__":
    answer_request(
        convert, xlrd.XLRDError, CompDocError, struct.error, AssertionError, TypeError, AttributeError
    )
