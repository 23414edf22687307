"""How long the web server waits for those who send slowly: each of them holds a thread that others need."""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import Any

# Nothing at all for so long, in the middle of a request, ends it.
SILENCE_SECONDS = int(os.environ.get("REQUEST_SILENCE_SECONDS", "30"))
# A body that is still arriving after so long must have come at this rate.
GRACE_SECONDS = 60
BYTES_A_SECOND = 1024


def limit_silence(listener: socket.socket, seconds: int = SILENCE_SECONDS) -> None:
    """Let the kernel end every wait for data. Connections take this over from the socket they come in by."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, 0))


class PatientSocket:
    """A connection whose request must go on arriving, however often a single byte of it does."""

    def __init__(self, connection: Any) -> None:
        # The connection's request before this one has wrapped it already.
        self._connection: Any = (
            connection._connection if isinstance(connection, PatientSocket) else connection
        )
        self._began = time.monotonic()
        self._received = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        block: bytes = self._connection.recv(size)
        self._received += len(block)
        elapsed = time.monotonic() - self._began
        if elapsed > GRACE_SECONDS and self._received < elapsed * BYTES_A_SECOND:
            raise TimeoutError("the request arrives too slowly")
        return block
