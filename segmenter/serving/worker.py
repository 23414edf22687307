"""A gunicorn worker in which waitress does the serving.

gunicorn starts, watches and replaces the processes. waitress reads requests and writes answers on a thread
of its own and gives the application whole requests: a client that is slow holds a connection, not a thread.
"""

from __future__ import annotations

import ctypes
import os
import resource
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from gunicorn.workers.base import Worker
from waitress.server import create_server

from segmenter.serving.connections import Limits, Watch, WatchedListener

# Connections that a process holds; more wait in the kernel.
CONNECTIONS = 500
# What a client has not taken yet of an answer lies in a file beyond this.
ANSWER_IN_MEMORY_BYTES = 1024**2
# Never reached: a thread would wait for the client.
ANSWER_BYTES = 4 * 1024**3
# From malloc.h.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8


class BufferingWorker(Worker):
    """Serves until gunicorn says otherwise, then completes what it has begun."""

    def run(self) -> None:
        raise_file_limit()
        return_memory()
        keep_bodies_in(Path(settings.FILE_UPLOAD_TEMP_DIR))
        watch = Watch(limits())
        listeners = [WatchedListener(os.dup(listener.fileno()), watch) for listener in self.sockets]
        application = self.wsgi
        server = create_server(
            application,
            sockets=listeners,
            threads=application.places,
            ident=None,
            connection_limit=CONNECTIONS,
            channel_timeout=settings.REQUEST_SILENCE_SECONDS,
            cleanup_interval=1,
            max_request_header_size=64 * 1024,
            max_request_body_size=settings.IMPORT_MAX_BYTES + settings.FILE_UPLOAD_MAX_MEMORY_SIZE,
            outbuf_overflow=ANSWER_IN_MEMORY_BYTES,
            outbuf_high_watermark=ANSWER_BYTES,
            log_socket_errors=False,
            asyncore_use_poll=True,
            # The site decides by itself what a proxy may say (TRUSTED_PROXIES).
            clear_untrusted_proxy_headers=False,
        )
        serving = threading.Thread(target=server.run, name="waitress", daemon=True)
        serving.start()
        while self.alive and serving.is_alive() and os.getppid() == self.ppid:
            self.notify()
            time.sleep(0.2)
        for listener in listeners:
            listener.rest()
        give_up_at = time.monotonic() + self.cfg.graceful_timeout
        while not (application.is_at_rest and watch.is_at_rest()) and time.monotonic() < give_up_at:
            self.notify()
            time.sleep(0.1)


def limits() -> Limits:
    # Behind a proxy all connections come from its address: there it is the proxy that counts.
    behind_proxy = bool(settings.ALLAUTH_TRUSTED_PROXY_COUNT)
    return Limits(
        grace_seconds=settings.REQUEST_SILENCE_SECONDS,
        stall_seconds=settings.REQUEST_SILENCE_SECONDS,
        connections_per_address=0 if behind_proxy else CONNECTIONS // 2,
    )


def raise_file_limit() -> None:
    """Allow as many open files as the system grants: a connection may hold several that wait to be sent."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def return_memory() -> None:
    """Have the C library give large blocks back at once, and keep few pools: it has one for each thread.

    A hundred threads, each of which has checked a password once, would otherwise keep 19 MB each.
    """
    with suppress(OSError, AttributeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, 4)
        mallopt(M_MMAP_THRESHOLD, 1024**2)


def keep_bodies_in(folder: Path) -> None:
    """Keep what arrives, and what waits to be sent, out of a temporary folder that may be memory."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)
