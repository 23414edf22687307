"""Whether people may still have what they are downloading: looked up beside all downloads of a process.

Whoever sends a file asks nothing and waits for nothing: it looks at a flag. The database is asked every two
seconds by one thread, which runs as long as there are downloads.
"""

from __future__ import annotations

import io
import logging
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import connection

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


class AccessRevokedError(OSError):
    """The person may no longer have the rest: the connection is cut."""

    def __init__(self) -> None:
        super().__init__("the person may no longer download this")


class Access:
    """One person's access to one download; it is watched for as long as it is referred to."""

    def __init__(self, user_id: int | None, permissions: Sequence[str]) -> None:
        self.user_id, self.permissions = user_id, tuple(permissions)
        self.is_revoked = False
        _Watch.join(self)

    def check(self) -> None:
        """Raise an `AccessRevokedError` if the person has been disabled or has lost a permission."""
        if self.is_revoked:
            raise AccessRevokedError

    def look(self) -> None:
        """Ask the database."""
        user = get_user_model()._default_manager.filter(pk=self.user_id or 0, is_active=True).first()
        self.is_revoked = user is None or not user.has_perms(self.permissions)


class WatchedFile(io.FileIO):
    """A file that can be read as long as the person may have it; then reading raises `AccessRevokedError`."""

    def __init__(self, path: Path, access: Access) -> None:
        super().__init__(path, "rb")
        self._access = access

    def read(self, size: int | None = -1, /) -> bytes:
        self._access.check()
        return super().read(-1 if size is None else size) or b""

    def readall(self) -> bytes:
        self._access.check()
        return super().readall() or b""

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        self._access.check()
        return super().readinto(buffer) or 0

    def fileno(self) -> int:
        """None to give away: a server that has it lets the kernel send the file, past `read`."""
        raise io.UnsupportedOperation("fileno")


class _Watch:
    """The thread that looks after all downloads of this process."""

    watched: weakref.WeakSet[Access] = weakref.WeakSet()
    mutex = threading.Lock()
    thread: threading.Thread | None = None

    @classmethod
    def join(cls, access: Access) -> None:
        with cls.mutex:
            cls.watched.add(access)
            if cls.thread is None or not cls.thread.is_alive():
                cls.thread = threading.Thread(target=cls.run, name="downloads", daemon=True)
                cls.thread.start()

    @classmethod
    def run(cls) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with cls.mutex:
                watched = [access for access in cls.watched if not access.is_revoked]
                if not watched:
                    cls.thread = None
                    return
            cls.look_at(watched)
            del watched  # what nobody refers to any more is not watched

    @staticmethod
    def look_at(watched: Sequence[Access]) -> None:
        try:
            for access in watched:
                access.look()
        except Exception:  # the database may be away for a moment: the next look decides
            logger.exception("could not look up who may still download")
        finally:
            connection.close()
