"""Archives: unpacked by a child process with limits, and read as a stream."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from django.utils.translation import gettext as _

from customers.importing.errors import ImportRefusedError
from customers.importing.files import archive_child

logger = logging.getLogger(__name__)

MEMORY, SECONDS = 256 * 1024**2, 600


class UnpackingError(Exception):
    """Unpacking failed for a reason other than the archive itself."""


@contextmanager
def open_archive(path: Path) -> Iterator[IO[bytes]]:
    """Open the contents of a gzip archive for reading to the end; an exception stops the child process.

    Raises
    ------
    ImportRefusedError
        On exit, if the archive is damaged or took too much memory or time.
    UnpackingError
        On exit, if the child process failed for another reason, given in the message.
    """
    command = [sys.executable, "-I", archive_child.__file__, str(path), str(MEMORY), str(SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            yield cast("IO[bytes]", child.stdout)
            said = cast("IO[bytes]", child.stderr).read()
        except BaseException:
            child.kill()
            raise
    if child.returncode == archive_child.DAMAGED:
        raise ImportRefusedError(_("This archive is damaged: compress the file again."))
    if child.returncode == archive_child.NOT_ONE_FILE:
        raise ImportRefusedError(
            _("This zip archive has not exactly one file: unpack it and upload the one with the customers.")
        )
    if child.returncode == archive_child.HAS_PASSWORD:
        raise ImportRefusedError(_("This archive is protected by a password: unpack it and upload the file."))
    if child.returncode in (archive_child.TOO_MUCH, -signal.SIGXCPU, -signal.SIGKILL):
        logger.warning("the archive unpacker ended with %s", child.returncode)
        raise ImportRefusedError(
            _("This archive takes too much memory or time to unpack: unpack it and upload the file itself.")
        )
    if child.returncode:
        raise UnpackingError(said.decode(errors="replace"))
