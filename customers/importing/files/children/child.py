"""What every program that reads a stranger's file has in common: limits, and an answer in JSON.

Such a program runs in a child process, because a file can come from anywhere and may be built to exhaust its
reader. It imports nothing of Django.
"""

from __future__ import annotations

import json
import resource
import sys
import zipfile
from collections.abc import Callable
from typing import Any
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
