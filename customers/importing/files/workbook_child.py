"""Converts a sheet of an Excel workbook to CSV: a separate program.

It runs in a child process with memory and time limits, because a workbook can come from anywhere and may be
built to exhaust the reader. It prints one JSON object to standard output: the sheets, or a sentence saying
what is wrong, with the values for its placeholders. Each row of the sheet is one line of the CSV file, so
that line numbers are row numbers. It uses only the standard library.
"""

from __future__ import annotations

import csv
import re
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from posixpath import dirname, join
from typing import IO, Any

from customers.importing.files.children.child import MARKED_BREAKS, Refusal, answer_request, gettext_noop
from customers.importing.files.children.package import Package, Parser, check_archive

# Built-in formats for dates and times.
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
NOT_A_FORMAT = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.')
UNCALCULATED = "#FORMULA!"
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Workbook:
    """The parts of a workbook needed to find the cells of a sheet."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.sheets: list[dict[str, str]] = []
        self.is_1904 = False
        parts = package.relationships("").values()
        self.name = next((part for kind, part in parts if kind == "officeDocument"), "xl/workbook.xml")
        self.related = package.relationships(self.name)

        def part(name: str, values: dict[str, str]) -> None:
            if name == "sheet":
                kind, target = next(
                    (self.related[values[key]] for key in values if key.endswith(":id")), ("", "")
                )
                if target in package and kind in ("worksheet", ""):  # not a chart, nor a macro
                    state = values.get("state", "visible")
                    self.sheets.append({"name": values["name"], "target": target, "state": state})
            elif name == "workbookPr":
                self.is_1904 = values.get("date1904", "0") in ("1", "true")

        package.parse(self.name, Parser(part))
        # How cell styles show numbers, as far as it makes a difference.
        self.date_styles: set[int] = set()
        self.percent_styles: set[int] = set()
        self.patterns: dict[int, str] = {}
        self._read_styles()

    def _find(self, kind: str, usual: str) -> str:
        """The part of this kind; if the workbook names none, the one that usually is."""
        named = next((part for known, part in self.related.values() if known == kind), "")
        return named or join(dirname(self.name), usual)

    def _read_styles(self) -> None:
        """Find the cell styles that show a date, a share in per cent, or zeros before a number."""
        codes = {9: "0%", 10: "0.00%", **dict.fromkeys(DATE_FORMATS, "d")}
        styles: list[int] = []
        inside: list[str] = []

        def start(name: str, values: dict[str, str]) -> None:
            if name == "numFmt":
                codes[int(values["numFmtId"])] = values.get("formatCode", "")
            elif name == "xf" and inside and inside[-1] == "cellXfs":
                styles.append(int(values.get("numFmtId", "0")))
            if name != "xf":
                inside.append(name)

        def end(name: str) -> None:
            if name != "xf" and inside:
                inside.pop()

        part = self._find("styles", "styles.xml")
        if part in self.package:
            self.package.parse(part, Parser(start, end))
        for index, number in enumerate(styles):
            self._keep_style(index, codes.get(number, ""))

    def _keep_style(self, index: int, code: str) -> None:
        bare = NOT_A_FORMAT.sub("", code)
        if re.search("[dmyhs]", bare, re.IGNORECASE):
            self.date_styles.add(index)
        elif "%" in bare:
            self.percent_styles.add(index)
        elif pattern := padding(code):
            self.patterns[index] = pattern

    def read_strings(self) -> list[str]:
        """The shared texts that cells refer to."""
        strings: list[str] = []
        pieces: list[str] = []
        state = {"text": False, "phonetic": False}

        def start(name: str, values: dict[str, str]) -> None:
            if name == "si":
                pieces.clear()
            elif name == "rPh":
                state["phonetic"] = True
            state["text"] = name == "t" and not state["phonetic"]

        def end(name: str) -> None:
            state["text"] = False
            if name == "rPh":
                state["phonetic"] = False
            elif name == "si":
                strings.append("".join(pieces))

        part = self._find("sharedStrings", "sharedStrings.xml")
        if part in self.package:
            parser = Parser(start, end, lambda data: pieces.append(data) if state["text"] else None)
            self.package.parse(part, parser)
        return strings


class SheetWriter:
    """Writes the rows of a sheet as they are parsed."""

    def __init__(self, workbook: Workbook, target: IO[str], limits: dict[str, int]) -> None:
        self.workbook, self.limits = workbook, limits
        self.strings = workbook.read_strings()
        self.writer = csv.writer(target, lineterminator="\n")
        self.target = target
        self.line = 0  # lines written
        self.row = 0  # the row that is being read
        self.width = 0  # of the first row
        self.hidden = 0  # rows that are hidden or filtered, and have cells
        self.is_hidden = False
        self.cells: dict[int, str] = {}
        self.column = -1
        self.kind = self.value = ""
        self.style = 0
        self.is_formula = self.takes_text = self.is_phonetic = self.has_merged = self.is_done = False
        # Columns with numbers below the first row, and those with texts that have digits.
        self.numbers: set[int] = set()
        self.digits: set[int] = set()

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(values)
        elif name == "row":
            self.row = int(values["r"]) if "r" in values else self.row + 1
            self.cells, self.column = {}, -1
            self.is_hidden = values.get("hidden", "0") in ("1", "true")
            if self.row <= self.line:
                raise Refusal(
                    gettext_noop(
                        "The rows of the sheet are out of order: "
                        "open the workbook in Excel and save it again."
                    )
                )
        elif name == "f":
            self.is_formula = True
        elif name == "rPh":
            self.is_phonetic = True
        elif name == "mergeCell":
            self.has_merged = True
        self.takes_text = name in ("v", "t") and not self.is_phonetic

    def _start_cell(self, values: dict[str, str]) -> None:
        self.column = _column(values["r"]) if "r" in values else self.column + 1
        if self.column >= self.limits["columns"]:
            sentence = gettext_noop(
                "There is a cell in column %(column)s, but at most %(limit)s columns can be imported."
            )
            raise Refusal(sentence, column=self.column + 1, limit=self.limits["columns"])
        self.kind, self.style = values.get("t", "n"), int(values.get("s", "0"))
        self.value, self.is_formula = "", False

    def text(self, data: str) -> None:
        if self.takes_text:
            self.value += data
            if len(self.value) > self.limits["characters"]:
                raise Refusal(gettext_noop("A cell in row %(row)s is too long."), row=self.row)

    def end(self, name: str) -> None:
        self.takes_text = False
        if name == "rPh":
            self.is_phonetic = False
        elif name == "c":
            shown = self._shown()
            if shown:
                self._notice(shown)
                self.cells[self.column] = shown.translate(MARKED_BREAKS)
        elif name == "row" and not self.is_done:
            self._write()

    def _notice(self, shown: str) -> None:
        """Remember whether a column has numbers, or texts that could be numbers."""
        if self.line and self.column not in self.digits:
            if self.kind == "n":
                self.numbers.add(self.column)
            elif any(map(str.isdigit, shown)):
                self.digits.add(self.column)

    def _write(self) -> None:
        if self.cells:
            self.hidden += self.is_hidden
            # A skipped row becomes an empty line, so that the next one keeps its number.
            self.target.write("\n" * (self.row - self.line - 1))
            # Cells that do not exist, including those at the end of a row, are empty.
            self.width = self.width or max(self.cells) + 1
            self.writer.writerow(
                [self.cells.get(index, "") for index in range(max(self.width, max(self.cells) + 1))]
            )
            self.line = self.row
        self.is_done = self.line >= self.limits["rows"]

    def _shown(self) -> str:
        if self.kind == "s":
            return unescape(self.strings[int(self.value)]) if self.value else ""
        if self.kind in ("str", "inlineStr"):
            return unescape(self.value)
        if self.kind == "b":
            return "TRUE" if self.value == "1" else "FALSE"
        if not self.value:
            return UNCALCULATED if self.is_formula else ""
        if self.kind == "n":
            if self.style in self.workbook.date_styles:
                return as_date(float(self.value), is_1904=self.workbook.is_1904)
            if self.style in self.workbook.percent_styles:
                return as_percent(self.value)
            return as_number(self.value, self.workbook.patterns.get(self.style, ""))
        return self.value  # a date in ISO, or an error such as #DIV/0!


def _column(reference: str) -> int:
    """A cell's column, from 0: B7 is in column 1."""
    index = 0
    for character in reference:
        if not "A" <= character <= "Z":
            break
        index = 26 * index + ord(character) - 64
    return index - 1


def padding(code: str) -> str:
    """The zeros of a format that shows a number like an id, such as 00000, 000-00 or "C"0000; else empty."""
    first = re.sub(r"_.|\*.|\[[^\]]*\]", "", code.split(";", maxsplit=1)[0])
    shown = re.sub(r'"([^"]*)"|\\(.)', lambda found: found[1] or found[2] or "", first)
    is_padding = re.fullmatch(r"#*[A-Za-z]*[ ()/0-]*0[ ()/0-]*0", shown)
    return shown.replace("#", "") if is_padding else ""


def as_number(text: str, pattern: str = "") -> str:
    """A stored number as people see it: 7 for 7.0, 1000000000000000 for 1E+15, and 00007 if padded."""
    value = float(text)
    if not (value.is_integer() and abs(value) < 1e16):
        return repr(value)
    if not pattern or value < 0:
        return str(int(value))
    places = pattern.count("0")
    digits = str(int(value)).rjust(places, "0")
    spare, rest = digits[: len(digits) - places], iter(digits[len(digits) - places :])
    return spare + "".join(next(rest) if character == "0" else character for character in pattern)


def as_percent(text: str) -> str:
    """A share as people see it: 2.5% for 0.025."""
    value = Decimal(f"{float(text):.15g}").scaleb(2)  # no workbook shows more digits
    return f"{value.to_integral() if value == value.to_integral() else value.normalize():f}%"


def as_date(serial: float, *, is_1904: bool) -> str:
    """A stored serial date as an ISO date, with the time if there is one."""
    # Excel treats 1900 as a leap year.
    start = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30 if serial >= 60 else 31)  # noqa: DTZ001
    if not 0 <= serial < 2_958_466:
        return repr(serial)
    moment = start + timedelta(seconds=round(serial * 86_400))
    if serial < 1:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d" if serial.is_integer() else "%Y-%m-%d %H:%M:%S")


def unescape(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def choose(sheets: list[dict[str, str]], wanted: str) -> dict[str, str] | None:
    """The named sheet, or the only visible one; `None` if somebody must choose."""
    if wanted:
        return next((sheet for sheet in sheets if sheet["name"] == wanted), None)
    visible = [sheet for sheet in sheets if sheet["state"] == "visible"]
    return visible[0] if len(visible) == 1 else None


def convert(source: str, target: str, wanted: str, limits: dict[str, int]) -> dict[str, Any]:
    """Write the chosen sheet; return the sheets, the chosen one, and what was noticed."""
    with zipfile.ZipFile(source) as archive:
        check_archive(archive, limits)
        workbook = Workbook(Package(archive))
        if not workbook.sheets:
            raise Refusal(gettext_noop("The workbook has no sheet with data."))
        chosen = choose(workbook.sheets, wanted)
        answer = {"sheets": [sheet["name"] for sheet in workbook.sheets], "sheet": chosen and chosen["name"]}
        if chosen is None:
            return answer
        with open(target, "w", encoding="utf-8", errors="replace", newline="") as stream:  # noqa: PTH123
            writer = SheetWriter(workbook, stream, limits)
            parser = Parser(writer.start, writer.end, writer.text)
            workbook.package.parse(chosen["target"], parser, until=lambda: writer.is_done)
        kinds = {kind for kind, _ in workbook.package.relationships(chosen["target"]).values()}
        return {
            **answer,
            "merged": writer.has_merged,
            "hidden": writer.hidden,
            "pivot": "pivotTable" in kinds,
            "exact": sorted(writer.numbers - writer.digits),
        }


if __name__ == "__main__":
    answer_request(convert)
