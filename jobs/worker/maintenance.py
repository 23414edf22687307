"""Every worker looks after all jobs, on a thread of its own, as long as it lives.

Not a periodic task: its message would wait behind the very jobs that fill the workers, and need beat to be
sent. Any number of these threads may work at the same time, for each transition is a conditional UPDATE.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from datetime import timedelta
from typing import Any

from celery import current_app, signals
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.db.utils import InterfaceError

from jobs.dispatch import resend_queued
from jobs.models import Process
from jobs.worker.recovery import recover_stale

logger = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(days=1)


class MaintenanceThread(threading.Thread):
    """Says that this process lives; in a worker, also recovers lost jobs and sends overlooked ones again."""

    def __init__(self, role: Process.Role) -> None:
        super().__init__(name="maintenance", daemon=True)
        self._role = role
        self._process = f"{socket.gethostname()}:{os.getpid()}"[-100:]
        self._stop_asked = threading.Event()

    def run(self) -> None:
        self._try(self._leave)  # an earlier process may have had this name: in a container all are number 1
        while not self._stop_asked.is_set():
            self._try(self.look_around)
            self._stop_asked.wait(settings.JOB_HEARTBEAT_SECONDS)
        self._try(self._leave)

    def stop(self) -> None:
        """End, and say so: nobody need wait until this process is missed."""
        self._stop_asked.set()
        self.join(timeout=10)

    def look_around(self) -> None:
        """Do one round."""
        Process.objects.update_or_create(
            name=self._process, defaults={"seen_at": Now()}, create_defaults={"role": self._role}
        )
        if self._role == Process.Role.WORKER:
            recover_stale()
            resend_queued()
            Process.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()

    def _leave(self) -> None:
        Process.objects.filter(name=self._process).delete()

    def _try(self, act: Any) -> None:
        try:
            act()
        except (DatabaseError, InterfaceError, OSError) as error:
            logger.warning("job maintenance could not be done; it will try again: %s", error)
        except Exception:  # whatever it was: without this thread nothing is recovered
            logger.exception("job maintenance could not be done; it will try again")
        finally:
            # Between two rounds a child may be forked, which shall inherit neither connection nor pool.
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]


_threads: list[MaintenanceThread] = []


def start(role: Process.Role) -> None:
    # Loaded before there is a thread: a child forked meanwhile would wait for the lock of a cached property.
    current_app.amqp.router  # noqa: B018
    thread = MaintenanceThread(role)
    _threads.append(thread)
    thread.start()


@signals.worker_ready.connect
def start_in_worker(**kwargs: object) -> None:
    start(Process.Role.WORKER)


@signals.beat_init.connect
def start_in_beat(**kwargs: object) -> None:
    start(Process.Role.BEAT)


@signals.worker_shutdown.connect
def stop_in_worker(**kwargs: object) -> None:
    while _threads:
        _threads.pop().stop()
