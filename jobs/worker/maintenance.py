"""Job maintenance: a thread in every worker that recovers lost jobs and sends unclaimed ones again.

Not a periodic task: its message would queue behind the jobs that keep the workers busy, and would depend on
beat. Any number of these threads may run at once, because each transition is a conditional UPDATE.
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
    """Reports that this process is alive; in a worker, also recovers lost jobs and resends unclaimed ones."""

    def __init__(self, role: Process.Role) -> None:
        super().__init__(name="maintenance", daemon=True)
        self._role = role
        self._process = f"{socket.gethostname()}:{os.getpid()}"[-100:]
        self._stop_requested = threading.Event()

    def run(self) -> None:
        self._try(self._leave)  # an earlier process may have had this name: in a container each is pid 1
        while not self._stop_requested.is_set():
            self._try(self.run_once)
            self._stop_requested.wait(settings.JOB_HEARTBEAT_SECONDS)
        self._try(self._leave)

    def stop(self) -> None:
        """Stop and sign off, so that nobody has to wait for this process to go stale."""
        self._stop_requested.set()
        self.join(timeout=10)

    def run_once(self) -> None:
        """Do one round of maintenance."""
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
            logger.warning("job maintenance failed and will be retried: %s", error)
        except Exception:  # whatever it is: without this thread nothing is recovered
            logger.exception("job maintenance failed and will be retried")
        finally:
            # A child process forked between two rounds must not inherit the connection or the pool.
            connection.close()
            connection.close_pool()  # type: ignore[attr-defined]


_threads: list[MaintenanceThread] = []


def start(role: Process.Role) -> None:
    # Load this before the thread starts: a child forked meanwhile would wait for a cached property's lock.
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
