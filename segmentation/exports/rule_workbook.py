"""A run's rule as an Excel workbook: a header, and one row of formulas to copy down."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence

from common.spreadsheets import column_letters
from customers.exports.xlsx import SHEET_HEAD, escape_text, write_frame
from segmentation.analysis.rules.model import FrozenModel
from segmentation.analysis.rules.spreadsheet import lay_out, write_formulas

FIRST_ROW = 2


def write_workbook(model: FrozenModel, names: Sequence[str]) -> bytes:
    """Write the workbook; `names` are those of the segments, by label."""
    sheet = lay_out(model)
    header = (
        f'<c r="{column_letters(at)}1" t="inlineStr"><is><t>{escape_text(name)}</t></is></c>'
        for at, name in enumerate(sheet.header)
    )
    formulas = (
        f'<c r="{column_letters(at)}{FIRST_ROW}"><f>{escape_text(formula.removeprefix("="))}</f></c>'
        for at, formula in enumerate(write_formulas(model, names, row=FIRST_ROW), start=len(sheet.given))
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        rows = f"{_row(1, header)}{_row(FIRST_ROW, formulas)}"
        content = f"{SHEET_HEAD}<sheetData>{rows}</sheetData></worksheet>"
        archive.writestr("xl/worksheets/sheet1.xml", content)
        write_frame(archive, 1)
    return buffer.getvalue()


def _row(number: int, cells: Iterable[str]) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'
