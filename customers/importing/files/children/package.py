"""Office files: archives of XML parts, checked before anything is unpacked, and read as streams."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from posixpath import basename, dirname, join, normpath
from typing import IO, Any
from xml.parsers import expat

from customers.importing.files.children.child import Refusal, gettext_noop

SYMLINK = 0o120000


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


class Package:
    """The parts of an Office file, found by their relationships: writers name them as they like."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        # Some writers separate folders with backslashes, or spell a name in two ways.
        self.names = {
            entry.orig_filename.replace("\\", "/").lstrip("/").casefold(): entry
            for entry in archive.infolist()
        }
        self.archive = archive

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self.names

    def parse(self, name: str, parser: Parser, until: Callable[[], bool] = lambda: False) -> None:
        try:
            with self.archive.open(self.names[name.casefold()]) as stream:
                parser.read(stream, until)
        except KeyError as error:
            raise Refusal(gettext_noop("This is not an Excel workbook.")) from error

    def relationships(self, name: str) -> dict[str, tuple[str, str]]:
        """The parts that a part refers to: kind and name, by the id of the relationship."""
        found: dict[str, tuple[str, str]] = {}

        def relationship(element: str, values: dict[str, str]) -> None:
            if element == "Relationship" and values.get("TargetMode") != "External":
                target = values["Target"].replace("\\", "/")
                part = normpath(join("/", dirname(name), target)).lstrip("/")
                found[values["Id"]] = (values.get("Type", "").rpartition("/")[2], part)

        listed = join(dirname(name), "_rels", f"{basename(name)}.rels")
        if listed in self:
            self.parse(listed, Parser(relationship))
        return found
