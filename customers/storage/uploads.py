"""Uploaded files, stored under generated names, outside anything served, for as long as they are needed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from customers.importing.errors import ImportRefusedError

CHUNK_BYTES = 1024**2


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file."""

    file_id: uuid.UUID
    name: str
    size: int
    sha256: str


def path_of(file_id: uuid.UUID) -> Path:
    """The path of a stored file. Its name is generated, never user input."""
    return Path(settings.UPLOAD_DIR) / str(file_id)


def delete_file(file_id: uuid.UUID) -> None:
    """Delete a stored file and everything derived from it."""
    path = path_of(file_id)
    for found in (path, *path.parent.glob(f"{path.name}.*")):
        found.unlink(missing_ok=True)


def stored_files() -> Iterator[tuple[uuid.UUID, float]]:
    """Yield every stored file, or remnant of one, and when it was last modified (seconds since 1970)."""
    folder = Path(settings.UPLOAD_DIR)
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        with contextlib.suppress(ValueError, FileNotFoundError):  # not ours, or deleted meanwhile
            yield uuid.UUID(path.name.partition(".")[0]), path.stat().st_mtime


def delete_unarrived(written_before: float) -> int:
    """Delete partial files whose web process was killed during the upload. Return how many."""
    folder, deleted = Path(settings.FILE_UPLOAD_TEMP_DIR), 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # it has arrived meanwhile
            if path.stat().st_mtime < written_before:
                path.unlink()
                deleted += 1
    return deleted


def store_file(file: Readable, name: str) -> StoredFile:
    """Store a file where imports can read it.

    Raises
    ------
    ImportRefusedError
        It is too large, or the disk is full.
    """
    file_id = uuid.uuid4()
    path = path_of(file_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stored:
            size, digest = _copy(file, stored)
    except OSError as error:
        path.unlink(missing_ok=True)
        text = _("The file could not be stored: %(reason)s.")
        raise ImportRefusedError(text % {"reason": error.strerror or error}) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return StoredFile(file_id, clean_name(name), size, digest)


def clean_name(name: str) -> str:
    """A file's name that is safe to show: no folders, no control or text-direction characters."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    shown = "".join(character for character in last if unicodedata.category(character)[0] != "C")
    return shown.strip()[-255:] or "customers"


def _copy(file: Readable, stored: BinaryIO) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        if size > settings.IMPORT_MAX_BYTES:
            limit = f"{settings.IMPORT_MAX_BYTES / 1024**2:,.0f} MB"
            text = _("The file is larger than %(limit)s, which is the most that can be imported.")
            raise ImportRefusedError(text % {"limit": limit})
        digest.update(chunk)
        stored.write(chunk)
    return size, digest.hexdigest()
