"""Converts a sheet of an Excel workbook to CSV: a separate program that uses only the standard library.

It runs in a child process with memory and time limits, because a workbook can come from anywhere and may be
built to exhaust the reader. It prints one JSON object to standard output: the sheets, or a sentence saying
what is wrong, with the values for its placeholders. Each row of the sheet is one line of the CSV file, so
that line numbers are row numbers.

    python -I workbook_child.py WORKBOOK TARGET LIMITS      (the last two as JSON, see `main`)
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from posixpath import join, normpath
from typing import IO, Any
from xml.parsers import expat

RELATIONSHIPS = "xl/_rels/workbook.xml.rels"
SYMLINK = 0o120000
# Built-in formats for dates and times.
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
NOT_A_FORMAT = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.')
UNCALCULATED = "#FORMULA!"
# One row is one line: a line break inside a cell is written as a character that no text contains, and is put
# back when the file is read. If a cell does contain that character, it becomes the one for damaged text.
MARKED_BREAKS = str.maketrans({"\n": "\uffff", "\r": "\ufffe", "\uffff": "\ufffd", "\ufffe": "\ufffd"})
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translation by the process that started this program."""
    return sentence


class Refusal(Exception):
    """Why the workbook cannot be read: a sentence, and the values for its placeholders."""

    def __init__(self, sentence: str, **values: int) -> None:
        super().__init__(sentence)
        self.answer = {"refused": sentence, "values": values}


def check_archive(archive: zipfile.ZipFile, limits: dict[str, int]) -> None:
    """Refuse archives built to expand enormously, before anything is unpacked."""
    entries = archive.infolist()
    if len(entries) > limits["entries"]:
        sentence = gettext_noop(
            "The workbook has too many parts (%(count)s) and was not read: save the sheet as CSV."
        )
        raise Refusal(sentence, count=len(entries))
    if any(entry.external_attr >> 16 & 0o170000 == SYMLINK for entry in entries):
        raise Refusal(
            gettext_noop(
                "The workbook contains links to other files and was not read: save the sheet as CSV."
            )
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refusal(gettext_noop("The workbook is protected by a password: save it without one."))
    for entry in entries:
        if entry.file_size > 1024**2 and entry.file_size > limits["ratio"] * max(1, entry.compress_size):
            sentence = gettext_noop(
                "A part of the workbook expands to more than %(ratio)s times its size: save the sheet as CSV."
            )
            raise Refusal(sentence, ratio=limits["ratio"])
    if sum(entry.file_size for entry in entries) > limits["bytes"]:
        raise Refusal(gettext_noop("The workbook is too large when unpacked: save the sheet as CSV."))


class Parser:
    """Calls back for elements by local name; refuses document types, and with them entities."""

    def __init__(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] = lambda name: None,
        text: Callable[[str], None] = lambda data: None,
    ) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = lambda name, values: start(name.rpartition(":")[2], values)
        self.parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
        self.parser.CharacterDataHandler = text
        self.parser.StartDoctypeDeclHandler = self._refuse

    @staticmethod
    def _refuse(*_: Any) -> None:
        raise Refusal(
            gettext_noop(
                "The workbook contains an XML document type and was not read: "
                "open it in Excel and save it again."
            )
        )

    def read(self, stream: IO[bytes], until: Callable[[], bool] = lambda: False) -> None:
        while (block := stream.read(256 * 1024)) and not until():
            self.parser.Parse(block, False)
        if not until():
            self.parser.Parse(b"", True)


class Workbook:
    """The parts of a workbook needed to find the cells of a sheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.sheets: list[dict[str, str]] = []
        self.is_1904 = False
        targets: dict[str, str] = {}

        def relationship(name: str, values: dict[str, str]) -> None:
            if name == "Relationship" and values.get("TargetMode") != "External":
                targets[values["Id"]] = normpath(join("/xl", values["Target"])).lstrip("/")

        def part(name: str, values: dict[str, str]) -> None:
            if name == "sheet":
                target = next((targets.get(values[key]) for key in values if key.endswith(":id")), None)
                if target and target in archive.NameToInfo and "sheet" in target.lower():
                    state = values.get("state", "visible")
                    self.sheets.append({"name": values["name"], "target": target, "state": state})
            elif name == "workbookPr":
                self.is_1904 = values.get("date1904", "0") in ("1", "true")

        self.parse(RELATIONSHIPS, Parser(relationship))
        self.parse("xl/workbook.xml", Parser(part))
        self.date_styles = self._read_styles()

    def parse(self, name: str, parser: Parser, until: Callable[[], bool] = lambda: False) -> None:
        try:
            with self.archive.open(name) as stream:
                parser.read(stream, until)
        except KeyError as error:
            raise Refusal(gettext_noop("This is not an Excel workbook.")) from error

    def _read_styles(self) -> set[int]:
        """The cell styles that show a date."""
        formats: dict[int, bool] = {}
        styles: list[int] = []
        inside: list[str] = []

        def start(name: str, values: dict[str, str]) -> None:
            if name == "numFmt":
                code = NOT_A_FORMAT.sub("", values.get("formatCode", ""))
                formats[int(values["numFmtId"])] = bool(re.search("[dmyhs]", code, re.IGNORECASE))
            elif name == "xf" and inside and inside[-1] == "cellXfs":
                styles.append(int(values.get("numFmtId", "0")))
            if name != "xf":
                inside.append(name)

        def end(name: str) -> None:
            if name != "xf" and inside:
                inside.pop()

        if "xl/styles.xml" in self.archive.NameToInfo:
            self.parse("xl/styles.xml", Parser(start, end))
        return {index for index, number in enumerate(styles) if formats.get(number, number in DATE_FORMATS)}

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

        if "xl/sharedStrings.xml" in self.archive.NameToInfo:
            parser = Parser(start, end, lambda data: pieces.append(data) if state["text"] else None)
            self.parse("xl/sharedStrings.xml", parser)
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
        self.cells: dict[int, str] = {}
        self.column = -1
        self.kind = self.value = ""
        self.style = 0
        self.is_formula = self.takes_text = self.is_phonetic = self.has_merged = self.is_done = False

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(values)
        elif name == "row":
            self.row = int(values["r"]) if "r" in values else self.row + 1
            self.cells, self.column = {}, -1
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
                self.cells[self.column] = shown.translate(MARKED_BREAKS)
        elif name == "row" and not self.is_done:
            self._write()

    def _write(self) -> None:
        if self.cells:
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
            return as_number(self.value)
        return self.value  # a date in ISO, or an error such as #DIV/0!


def _column(reference: str) -> int:
    """A cell's column, from 0: B7 is in column 1."""
    index = 0
    for character in reference:
        if not "A" <= character <= "Z":
            break
        index = 26 * index + ord(character) - 64
    return index - 1


def as_number(text: str) -> str:
    """A stored number as people write it: 7 for 7.0, and 1000000000000000 for 1E+15."""
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)


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
        workbook = Workbook(archive)
        if not workbook.sheets:
            raise Refusal(gettext_noop("The workbook has no sheet with data."))
        chosen = choose(workbook.sheets, wanted)
        answer = {"sheets": [sheet["name"] for sheet in workbook.sheets], "sheet": chosen and chosen["name"]}
        if chosen is None:
            return answer
        with open(target, "w", encoding="utf-8", errors="replace", newline="") as stream:  # noqa: PTH123
            writer = SheetWriter(workbook, stream, limits)
            parser = Parser(writer.start, writer.end, writer.text)
            workbook.parse(chosen["target"], parser, until=lambda: writer.is_done)
        return {**answer, "merged": writer.has_merged}


def set_limits(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(arguments: list[str]) -> None:
    source, target, request = arguments
    asked = json.loads(request)
    set_limits(asked["limits"])
    try:
        answer = convert(source, target, asked["sheet"], asked["limits"])
    except Refusal as refusal:
        answer = refusal.answer
    except MemoryError:
        answer = {"refused": gettext_noop("The workbook needs too much memory: save the sheet as CSV.")}
    except (
        zipfile.BadZipFile,
        expat.ExpatError,
        ValueError,
        KeyError,
        IndexError,
        EOFError,
        OSError,
    ) as error:
        answer = {
            "refused": gettext_noop("The workbook is damaged: open it in Excel and save it again."),
            "why": repr(error),
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
