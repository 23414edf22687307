"""How gunicorn serves the site: `gunicorn --config python:segmenter.gunicorn segmenter.wsgi`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from segmenter.embedded import processes

worker_class = "gthread"
workers = 2
threads = 4
loglevel = "warning"
control_socket_disable = True


# ---- Slow senders: each holds a thread that others need ----------------------------------------------------

# Silence for this long in the middle of a request ends it.
SILENCE_SECONDS = int(os.environ.get("REQUEST_SILENCE_SECONDS", "30"))
# A body still arriving after this long must have come at this rate.
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


# ---- Hooks -------------------------------------------------------------------------------------------------


def on_starting(server: Any) -> None:
    """Empty the folder in which the processes add up their metrics."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(parents=True)


def when_ready(server: Any) -> None:
    """Keep clients from holding a thread by sending nothing."""
    for listener in server.LISTENERS:
        limit_silence(listener.sock)


def pre_request(worker: Any, request: Any) -> None:
    """Keep clients from holding a thread with a trickling body. A connection may carry several requests."""
    request.unreader.sock = PatientSocket(request.unreader.sock)


def post_fork(server: Any, worker: Any) -> None:
    """End a worker with its master, also in the middle of a request: it would keep the port."""
    processes.follow_into_death(worker.ppid, signal.SIGKILL)


def post_worker_init(worker: Any) -> None:
    """Load what draws charts beside the first requests: the first chart would wait seconds for it."""
    threading.Thread(target=import_module, args=("segmentation.charts.rendering",), daemon=True).start()
