"""What every program that reads a stranger's file has in common: limits, and an answer in JSON.

Such a program runs in a child process, because a file can come from anywhere and may be built to exhaust its
reader. It imports nothing of Django.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import zipfile
from collections.abc import Callable, Sequence
from typing import IO, Any
from xml.parsers import expat

# One row is one line: a line break inside a cell is written as a character that no text contains, and is put
# back when the file is read. If a cell does contain that character, it becomes the one for damaged text.
MARKED_BREAKS = str.maketrans({"\n": "\uffff", "\r": "\ufffe", "\uffff": "\ufffd", "\ufffe": "\ufffd"})
DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    expat.ExpatError,
    ValueError,
    KeyError,
    IndexError,
    EOFError,
    OSError,
)

# Writes a sheet of a file (paths of both, the sheet's name, limits) and says what it saw.
Convert = Callable[[str, str, str, dict[str, int]], dict[str, Any]]


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translation by the process that started this program."""
    return sentence


class Refusal(Exception):
    """Why the workbook cannot be read: a sentence, and the values for its placeholders."""

    def __init__(self, sentence: str, **values: int) -> None:
        super().__init__(sentence)
        self.answer = {"refused": sentence, "values": values}


def set_limits(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class LineWriter:
    """Writes rows as lines of CSV, so that line numbers are row numbers, within the limits."""

    def __init__(self, target: IO[str], limits: dict[str, int]) -> None:
        self.target, self.limits = target, limits
        self.writer = csv.writer(target, lineterminator="\n")
        self.line = self.width = self.size = 0
        # Columns with numbers, and with texts that look like numbers.
        self.numbers: set[int] = set()
        self.digits: set[int] = set()

    @property
    def is_done(self) -> bool:
        return self.line >= self.limits["rows"]

    @property
    def exact(self) -> list[int]:
        """Columns with numbers and no texts that look like them."""
        return sorted(self.numbers - self.digits)

    def note(self, column: int, cell: str, *, is_number: bool) -> None:
        if is_number:
            self.numbers.add(column)
        elif cell[:1].isdigit():
            self.digits.add(column)

    def write(self, row: int, cells: Sequence[str]) -> None:
        """Write a row, from 1; rows that were skipped become empty lines."""
        if len(cells) > self.limits["columns"]:
            sentence = gettext_noop(
                "There is a cell in column %(column)s, but at most %(limit)s columns can be imported."
            )
            raise Refusal(sentence, column=len(cells), limit=self.limits["columns"])
        lengths = [len(cell) + 1 for cell in cells]
        self.size += sum(lengths)
        if max(lengths, default=0) > self.limits["characters"]:
            raise Refusal(gettext_noop("A cell in row %(row)s is too long."), row=row)
        self.target.write("\n" * (row - self.line - 1))
        self.width = self.width or len(cells)
        padding = [""] * (self.width - len(cells))
        self.writer.writerow([*(cell.translate(MARKED_BREAKS) for cell in cells), *padding])
        self.line = row
        if self.size > self.limits["bytes"]:
            raise Refusal(gettext_noop("The workbook is too large when unpacked: save the sheet as CSV."))


def answer_request(convert: Convert, *damaged: type[Exception]) -> None:
    """Convert as the arguments say, and print the answer; these errors mean that the file is damaged."""
    source, target, request = sys.argv[1:]
    asked = json.loads(request)
    set_limits(asked["limits"])
    unreadable = (*DAMAGED, *damaged)
    try:
        answer = convert(source, target, asked["sheet"], asked["limits"])
    except Refusal as refusal:
        answer = refusal.answer
    except MemoryError:
        answer = {"refused": gettext_noop("The workbook needs too much memory: save the sheet as CSV.")}
    except unreadable as error:
        answer = {
            "refused": gettext_noop("The workbook is damaged: open it in Excel and save it again."),
            "why": repr(error),
        }
    sys.stdout.write(json.dumps(answer))
