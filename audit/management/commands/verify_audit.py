"""Check the audit trail's chain of digests, or an exported file of it."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.trail.chain import Head, seal_events
from audit.trail.ndjson import check_lines
from audit.trail.verification import Check, verify_trail

NOTED = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


def read_noted(text: str) -> Head:
    """A position and its digest, as this command and the last line of an exported file say it."""
    written = NOTED.fullmatch(text)
    if written is None:
        raise ArgumentTypeError("write POSITION:DIGEST, as noted earlier")
    return Head(int(written[1]), written[2])


class Command(BaseCommand):
    help = "Check that no event of the audit trail was changed or removed. Ends with 1 if one was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--expect",
            type=read_noted,
            action="append",
            default=[],
            metavar="POSITION:DIGEST",
            help="the end of the chain as it was noted earlier; may be repeated",
        )
        parser.add_argument("--file", type=Path, metavar="FILE", help="check an exported file instead")

    def handle(self, expect: list[Head], file: Path | None, **options: Any) -> None:
        if file is None:
            seal_events()
            check = verify_trail(expect)
        else:
            check = self._check_file(file)
        if check.problems:
            raise CommandError("\n".join(check.problems), returncode=1)
        end = f"{check.last.position}:{check.last.digest}"
        self.stdout.write(f"Events checked: {check.count}. None was changed or removed. The last is {end}")

    def _check_file(self, file: Path) -> Check:
        try:
            with file.open("rb") as lines:
                return check_lines(lines)
        except OSError as error:
            raise CommandError(f"{file} could not be read: {error.strerror}.", returncode=2) from error
