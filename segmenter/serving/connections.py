"""Connections that are ended when the client is too slow. It works with any server that is given the socket.

A server sees a connection only through its socket. The sockets here count what comes and goes, so no server
has to be taken apart for it: each `recv` and `send` looks at the rate, and the kernel ends connections whose
client reads nothing at all.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import struct
import tempfile
import termios
import threading
import time
from dataclasses import dataclass
from typing import Any

# A server that has more to send, to a client with room for it, sends it within this time.
BETWEEN_SENDS_SECONDS = 0.5
# A file that is still arriving has brought something within this time.
BETWEEN_RECEIPTS_SECONDS = 3


class ConnectionEndedError(ConnectionAbortedError):
    """The site ends the connection; servers take it for one that the client has ended."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNABORTED, self.__doc__)


class TooManyConnectionsError(ConnectionEndedError):
    """Too many connections from this address."""


class TooManyLargeRequestsError(ConnectionEndedError):
    """Too many large requests at the same time."""


class TooSlowError(ConnectionEndedError):
    """The client is too slow."""


@dataclass(frozen=True)
class Limits:
    """What a client may do.

    In every `grace_seconds` of a request, or of the answer to it, at least `bytes_a_second` must pass on
    average, of a request of more than `large_bytes` `large_bytes_a_second`. A client that takes nothing of an
    answer for `stall_seconds` is dropped. At most `connections_per_address` are held from one address (0: any
    number, for example behind a proxy). At most `large_bodies` large requests arrive at the same time, half
    of them from one address, and none when less than `spare_bytes` of the disk are free.
    """

    grace_seconds: float = 20
    bytes_a_second: int = 1024
    large_bytes_a_second: int = 20 * 1024
    stall_seconds: float = 20
    connections_per_address: int = 0
    large_bytes: int = 2 * 1024**2
    large_bodies: int = 4
    spare_bytes: int = 1024**3


class Watch:
    """All connections of a process: how many there are from each address, and whether they are at rest."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._large: list[str] = []
        self._connections: dict[WatchedConnection, str] = {}
        self._lock = threading.Lock()

    def add(self, connection: WatchedConnection, address: str) -> bool:
        """Take the connection in; `False` if its address has too many already."""
        limit = self.limits.connections_per_address
        with self._lock:
            if limit and address and sum(other == address for other in self._connections.values()) >= limit:
                return False
            self._connections[connection] = address
        return True

    def remove(self, connection: WatchedConnection) -> None:
        with self._lock:
            self._connections.pop(connection, None)

    def take_large(self, connection: WatchedConnection) -> bool:
        """Take a place for a large request; `give_back` frees it."""
        address, most = self._connections.get(connection, ""), self.limits.large_bodies
        is_crowded = bool(self.limits.connections_per_address) and self._large.count(address) >= most / 2
        free = shutil.disk_usage(tempfile.gettempdir()).free
        with self._lock:
            if len(self._large) >= most or is_crowded or free < self.limits.spare_bytes:
                return False
            self._large.append(address)
        return True

    def give_back(self, connection: WatchedConnection) -> None:
        with self._lock:
            self._large.remove(self._connections.get(connection, ""))

    def is_at_rest(self) -> bool:
        """Tell whether no client is still receiving an answer, or sending a file."""
        with self._lock:
            connections = list(self._connections)
        return not any(connection.is_busy() for connection in connections)


class WatchedListener(socket.socket):
    """A listening socket whose connections are watched.

    Parameters
    ----------
    fileno
        The descriptor of a socket that is bound; it belongs to this object from now on.
    watch
        Shared by all listeners of the process.
    """

    def __init__(self, fileno: int, watch: Watch) -> None:
        super().__init__(fileno=fileno)
        self._watch = watch
        self._other_end: socket.socket | None = None
        if self.family in (socket.AF_INET, socket.AF_INET6):
            # Connections inherit it. It also ends those whose client leaves no room for more.
            milliseconds = int(watch.limits.stall_seconds * 1000)
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def accept(self) -> tuple[socket.socket, Any]:
        accepted, address = super().accept()
        connection = WatchedConnection(accepted.detach(), self._watch)
        if not self._watch.add(connection, address[0] if isinstance(address, tuple) else ""):
            connection.close()
            raise TooManyConnectionsError
        return connection, address

    def rest(self) -> None:
        """Take no more connections; other processes that share the socket go on. Servers need not know."""
        idle, self._other_end = socket.socketpair()  # nothing ever arrives here
        os.dup2(idle.fileno(), self.fileno())
        idle.close()

    def close(self) -> None:
        super().close()
        if self._other_end is not None:
            self._other_end.close()


class WatchedConnection(socket.socket):
    """A connection that is ended when its request arrives too slowly, or its answer is taken too slowly."""

    def __init__(self, fileno: int, watch: Watch) -> None:
        super().__init__(fileno=fileno)
        self._watch, self._limits = watch, watch.limits
        self._is_large = False
        self._is_answering = False
        self._bytes = 0
        self._window_began, self._window_bytes = time.monotonic(), 0
        self._sent_at = self._received_at = 0.0

    def recv(self, *args: Any) -> bytes:
        block = super().recv(*args)
        if self._is_answering or not self._bytes:
            self._begin(is_answering=False)
        self._received_at = time.monotonic()
        self._count(len(block))
        if self._bytes > self._limits.large_bytes and not self._is_large:
            self._is_large = self._watch.take_large(self)
            if not self._is_large:
                raise TooManyLargeRequestsError
        return block

    def send(self, *args: Any) -> int:
        if not self._is_answering or not self._waiting_bytes():  # the client is not what it waits for
            self._begin(is_answering=True)
        self._sent_at = time.monotonic()
        try:
            sent = super().send(*args)
        except BlockingIOError:
            self._count(0)
            raise
        self._count(sent)
        return sent

    def close(self) -> None:
        self._release()
        self._watch.remove(self)
        super().close()

    def is_busy(self) -> bool:
        """Tell whether the client still takes its answer, the server still writes it, or a file arrives."""
        now = time.monotonic()
        if not self._is_answering:
            return self._is_large and now - self._received_at < BETWEEN_RECEIPTS_SECONDS
        return self._waiting_bytes() > 0 or now - self._sent_at < BETWEEN_SENDS_SECONDS

    def _waiting_bytes(self) -> int:
        """How many bytes the client has not taken yet of those that were sent."""
        try:
            answer = fcntl.ioctl(self.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        except (OSError, ValueError):  # closed in the meantime
            return 0
        return int(struct.unpack("i", answer)[0])

    def _begin(self, *, is_answering: bool) -> None:
        self._is_answering = is_answering
        self._bytes = 0
        self._window_began, self._window_bytes = time.monotonic(), 0
        self._release()

    def _count(self, size: int) -> None:
        self._bytes += size
        self._window_bytes += size
        now = time.monotonic()
        elapsed = now - self._window_began
        if elapsed > self._limits.grace_seconds:
            limits = self._limits
            rate = limits.large_bytes_a_second if self._is_large else limits.bytes_a_second
            if self._window_bytes < elapsed * rate:
                raise TooSlowError
            self._window_began, self._window_bytes = now, 0

    def _release(self) -> None:
        if self._is_large:
            self._is_large = False
            self._watch.give_back(self)
