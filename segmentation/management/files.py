"""Files that commands write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import CommandError


def write_file(path: Path, blocks: Iterable[bytes]) -> None:
    """Write beside the file and rename: it is there whole or not at all.

    Raises
    ------
    CommandError
        The file cannot be written there.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as file:
            file.writelines(blocks)
        draft.replace(path)
    except OSError as error:
        raise CommandError(f"{path} could not be written: {error.strerror}.", returncode=2) from error
    finally:
        draft.unlink(missing_ok=True)
