"""Converts a sheet of an OpenDocument workbook (.ods) to CSV: a separate program, see `child`.

Its cells hold what people see beside the value, so that ids shown with zeros keep them.
"""

from __future__ import annotations

import re
import zipfile
from typing import Any

from customers.importing.files.children.child import LineWriter, Refusal, answer_request, gettext_noop
from customers.importing.files.children.package import Package, Parser, check_archive
from customers.importing.files.workbook_child import as_number, as_percent, choose

CONTENT = "content.xml"
# Spreadsheets have no more rows; what repeats more often was built to exhaust its reader.
MOST_ROWS = 2**20
PADDED = re.compile(r"0[0-9 ()/-]+")


class Sheets:
    """The names of the sheets, and whether people see them."""

    def __init__(self, package: Package) -> None:
        self.found: list[dict[str, str]] = []
        self.hidden_styles: set[str] = set()
        self.style = ""
        package.parse(CONTENT, Parser(self.start))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        values = _local(attributes)
        if name == "style":
            self.style = values.get("name", "")
        elif name == "table-properties" and values.get("display") == "false":
            self.hidden_styles.add(self.style)
        elif name == "table":
            state = "hidden" if values.get("style-name") in self.hidden_styles else "visible"
            self.found.append({"name": values.get("name", ""), "state": state})


class SheetReader:
    """Writes the rows of one sheet as they are parsed."""

    def __init__(self, name: str, writer: LineWriter) -> None:
        self.name, self.writer = name, writer
        self.is_inside = self.is_hidden = self.has_merged = False
        self.row, self.rows, self.hidden, self.notes = 0, 1, 0, 0
        self.cells: list[str] = []
        self.gap = 0  # empty cells that nothing has followed yet
        self.values: dict[str, str] = {}
        self.text: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        values = _local(attributes)
        if name == "table":
            self.is_inside = values.get("name", "") == self.name
        elif not self.is_inside:
            return
        elif name == "table-row":
            self.rows = int(values.get("number-rows-repeated", "1"))
            self.is_hidden = values.get("visibility", "visible") != "visible"
            self.cells, self.gap = [], 0
        elif name in ("table-cell", "covered-table-cell"):
            self.values, self.text = values, []
            self.has_merged |= name == "covered-table-cell"
        elif name == "annotation":
            self.notes += 1
        else:
            self._start_text(name, values)

    def _start_text(self, name: str, values: dict[str, str]) -> None:
        if self.text is None or self.notes:
            return
        if name == "p" and self.text:
            self.text.append("\n")
        elif name == "s":
            self.text.append(" " * min(int(values.get("c", "1")), 1000))
        elif name in ("tab", "line-break"):
            self.text.append("\t" if name == "tab" else "\n")

    def data(self, text: str) -> None:
        if self.text is not None and not self.notes:
            self.text.append(text)

    def end(self, name: str) -> None:
        if name == "annotation":
            self.notes -= 1
        elif name == "table":
            self.is_inside = False
        elif not self.is_inside:
            return
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "table-row":
            self._end_row()

    def _end_cell(self) -> None:
        repeated = int(self.values.get("number-columns-repeated", "1"))
        shown = self._shown("".join(self.text or ()))
        self.text = None
        if not shown:
            self.gap += repeated
            return
        most = self.writer.limits["columns"]
        self.cells += [""] * min(self.gap, most + 1) + [shown] * min(repeated, most + 1)
        self.gap = 0
        if len(self.cells) > most:
            self.writer.write(self.row + 1, self.cells)  # refuses

    def _shown(self, text: str) -> str:
        kind, column = self.values.get("value-type", ""), len(self.cells) + self.gap
        if kind == "boolean":
            return "TRUE" if self.values.get("boolean-value") == "true" else "FALSE"
        if kind == "date":
            return re.sub(r"T00:00:00(?:\.0+)?$", "", self.values["date-value"]).replace("T", " ")
        if kind not in ("float", "currency", "percentage") or text.startswith(("#", "Err:")):
            self.writer.note(column, text, is_number=False)
            return self.values.get("string-value", text)
        value = self.values["value"]
        self.writer.note(column, text, is_number=True)
        if kind == "percentage":
            return as_percent(value)
        number = as_number(value)
        is_padded = PADDED.fullmatch(text) and re.sub("[^0-9]", "", text).lstrip("0") == number.lstrip("0")
        return text if is_padded else number

    def _end_row(self) -> None:
        if self.cells:
            if self.rows > MOST_ROWS:
                raise Refusal(gettext_noop("The workbook is too large when unpacked: save the sheet as CSV."))
            self.hidden += self.rows * self.is_hidden
            for row in range(self.row + 1, self.row + self.rows + 1):
                if not self.writer.is_done:
                    self.writer.write(row, self.cells)
        self.row += self.rows


def _local(attributes: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(":")[2]: value for name, value in attributes.items()}


def convert(source: str, target: str, wanted: str, limits: dict[str, int]) -> dict[str, Any]:
    """Write the chosen sheet; return the sheets, the chosen one, and what was noticed."""
    with zipfile.ZipFile(source) as archive:
        check_archive(archive, limits)
        package = Package(archive)
        if CONTENT not in package:
            raise Refusal(gettext_noop("This is not an OpenDocument workbook."))
        _refuse_password(package)
        sheets = Sheets(package).found
        chosen = choose(sheets, wanted)
        answer = {"sheets": [sheet["name"] for sheet in sheets], "sheet": chosen and chosen["name"]}
        if not sheets:
            raise Refusal(gettext_noop("The workbook has no sheet with data."))
        if chosen is None:
            return answer
        with open(target, "w", encoding="utf-8", errors="replace", newline="") as stream:  # noqa: PTH123
            writer = LineWriter(stream, limits)
            reader = SheetReader(chosen["name"], writer)
            package.parse(CONTENT, Parser(reader.start, reader.end, reader.data), lambda: writer.is_done)
    return {**answer, "merged": reader.has_merged, "hidden": reader.hidden, "exact": writer.exact}


def _refuse_password(package: Package) -> None:
    def start(name: str, _values: dict[str, str]) -> None:
        if name == "encryption-data":
            raise Refusal(gettext_noop("The workbook is protected by a password: save it without one."))

    if "META-INF/manifest.xml" in package:
        package.parse("META-INF/manifest.xml", Parser(start))


if __name__ == "__main__":
    answer_request(convert)
