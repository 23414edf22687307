"""Start the whole site on this machine."""

from __future__ import annotations

import errno
import http.client
import os
import secrets
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections

from customers.models import Dataset
from segmenter.embedded import servers
from segmenter.embedded.supervisor import Program, Supervisor
from segmenter.management.tables import migrate

HOST = "127.0.0.1"
ADMINISTRATOR = "admin"


class Command(BaseCommand):
    needs_tables = False  # it makes them
    help = (
        "Start the site on this machine: database, worker, beat and web, until Ctrl-C. "
        "The first time it creates an administrator and segments the bundled sample customers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port of the web server (default 8000)")
        parser.add_argument("--empty", action="store_true", help="do not import the sample customers")

    def handle(self, *, port: int, empty: bool, **options: Any) -> None:
        refuse_production()
        with hold_folder():
            refuse_port_in_use(port)
            self._prepare_database()
            supervisor = Supervisor(
                programs(port),
                environment=program_environment(),
                folder=settings.BASE_DIR,
                say=self._say,
            )
            with catch_signals() as signals:
                try:
                    self._run(supervisor, signals, port, with_sample=not empty)
                finally:
                    self._say("Stopping web, beat and worker (Ctrl-C again: at once) …")
                    supervisor.stop(is_urgent=lambda: len(signals) > 1)
            connections.close_all()
            servers.release(settings.DATA_DIR)
            self._say("Stopped.")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

    def _prepare_database(self) -> None:
        try:
            if settings.EMBEDDED_DATABASE or settings.EMBEDDED_BROKER:
                self._say(f"Starting PostgreSQL and Valkey in {settings.DATA_DIR} …")
                servers.ensure_running(settings.DATA_DIR)
            settings.STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns if it is missing
            self._say("Updating the database tables …")
            migrate()
        except servers.EmbeddedServersError as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"The database is not responding: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before the site was up.") from None

    def _run(self, supervisor: Supervisor, signals: list[int], port: int, *, with_sample: bool) -> None:
        self._say("Starting worker, beat and web …")
        while not signals and not answers(port):
            supervisor.look_after()
            time.sleep(0.1)
        if not signals:
            self._welcome(port, with_sample=with_sample)
        while not signals:
            supervisor.look_after()
            time.sleep(0.2)

    def _welcome(self, port: int, *, with_sample: bool) -> None:
        """Print the address; the first time make the administrator and ask for the sample's segmentation."""
        address = f"http://{HOST}:{port}"
        is_first = not User.objects.exists()
        user, password = make_administrator() if is_first else (None, "")
        self._say(f"\nThe site is up: {address}/")
        if is_first:
            self._say(f"Log in as {ADMINISTRATOR} with the password {password} (shown only this once).")
        else:
            self._say("Forgotten the password? manage.py changepassword NAME sets a new one.")
        self._say("Ctrl-C stops it.\n")
        if user and with_sample and not Dataset.objects.exists():
            self._say("Importing and segmenting the sample customers …")
            # On a thread: this one goes on looking after the processes.
            threading.Thread(target=self._segment_sample, args=(user, address), daemon=True).start()

    def _segment_sample(self, user: User, address: str) -> None:
        from segmenter.pages.sample import SampleError, create_sample_segmentation

        try:
            run = create_sample_segmentation(user)
            self._say(f"The segmentation of the sample is ready: {address}{run.get_absolute_url()}")
        except SampleError as error:
            self._say(f"The sample could not be segmented: {error}")
        finally:
            connections.close_all()


def make_administrator() -> tuple[User, str]:
    """Create the first user, with a password that is stored nowhere in plain text."""
    password = secrets.token_urlsafe(12)
    user = User.objects.create_superuser(ADMINISTRATOR, password=password)
    user.groups.add(*Group.objects.filter(name="Administrator"))
    return user, password


# ---- Processes ---------------------------------------------------------------------------------------------


def programs(port: int) -> list[Program]:
    """Return worker, beat and web: the order in which they start."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "segmenter"]
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:segmenter.gunicorn"]
    schedule = settings.DATA_DIR / "beat-schedule"
    return [
        Program(
            name="worker",
            arguments=[*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"],
            stop_signal=signal.SIGTERM,  # finishes what it is doing; what it cannot is resumed later
            signal_if_orphaned=signal.SIGKILL,
            patience_seconds=10,
        ),
        Program(
            name="beat",
            arguments=[*celery, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING"],
            stop_signal=signal.SIGTERM,
            signal_if_orphaned=signal.SIGKILL,
            patience_seconds=5,
        ),
        Program(
            name="web",
            arguments=[*gunicorn, "--bind", f"{HOST}:{port}", "segmenter.wsgi"],
            stop_signal=signal.SIGTERM,
            signal_if_orphaned=signal.SIGKILL,
            patience_seconds=10,
        ),
    ]


def program_environment() -> dict[str, str]:
    """Return the environment of the programs; on this terminal they tell no more than what goes wrong."""
    return {
        "LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        **os.environ,
        # Two threads of a numeric library measured slower than one on small machines.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def answers(port: int) -> bool:
    """Tell whether a web server responds, whatever it says."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz?only=database")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


# ---- Refusals and signals ----------------------------------------------------------------------------------


def refuse_production() -> None:
    """Keep the sample, and an administrator whose password was printed, out of a company's site."""
    if settings.PRODUCTION:
        raise CommandError(
            "This starts a trial site on one machine. With PRODUCTION=1 start web, worker and beat "
            "separately, as docker-compose.yml does, and create the first administrator with createsuperuser."
        )


@contextmanager
def hold_folder() -> Iterator[None]:
    """Keep a second `up` away from the same data folder."""
    try:
        servers.make_data_folder(settings.DATA_DIR)
        lock = servers.open_lock(settings.DATA_DIR / "up.lock")
    except PermissionError as error:
        raise CommandError(
            f"This account may not write to {settings.DATA_DIR}: set another DATA_DIR."
        ) from error
    try:
        if not servers.try_lock(lock):
            raise CommandError(
                f"The site is already up on {settings.DATA_DIR}: stop it first, or set another DATA_DIR."
            )
        yield
    finally:
        os.close(lock)


def refuse_port_in_use(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError as error:
            raise CommandError(f"There is no port {port}: choose one from 1024 to 65535.") from error
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else "is not allowed"
            raise CommandError(f"Port {port} {reason}: choose another one with --port.") from error


@contextmanager
def catch_signals() -> Iterator[list[int]]:
    """Collect the signals that ask to stop, instead of being ended by them."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        received.append(number)

    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.signal(number, receive) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
