"""Archives: unpacked by a child process that may not grow, and read from it as it goes."""

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
    """No fault of the archive's."""


@contextmanager
def open_archive(path: Path) -> Iterator[IO[bytes]]:
    """Open what a gzip archive holds, to be read to its end; an exception before it ends the child process.

    Raises
    ------
    ImportRefusedError
        At the end: the archive is damaged, or it took too much memory or time.
    UnpackingError
        At the end: the child process met something else, which the message holds.
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
        raise ImportRefusedError(_("This archive is damaged: pack the file again."))
    if child.returncode in (archive_child.TOO_MUCH, -signal.SIGXCPU, -signal.SIGKILL):
        logger.warning("the unpacker of archives ended with %s", child.returncode)
        raise ImportRefusedError(_("This archive takes too much memory or time to unpack: unpack it first."))
    if child.returncode:
        raise UnpackingError(said.decode(errors="replace"))
