"""A site with its web server, worker and beat running, for benchmarks that visit it as people do."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segmenter.embedded import processes, servers

COOKIE = "sessionid"


@dataclass
class Answer:
    """Status 0 means that there was none."""

    status: int
    seconds: float
    retry_after: str | None = None


class Visitor:
    """A browser with one connection that is kept."""

    def __init__(self, address: tuple[str, int], session: str = "", source: str = "127.0.0.1") -> None:
        self.connection = http.client.HTTPConnection(*address, timeout=120, source_address=(source, 0))
        self.headers = {"Host": "localhost"} | ({"Cookie": f"{COOKIE}={session}"} if session else {})

    def get(self, path: str) -> Answer:
        began = time.perf_counter()
        try:
            self.connection.request("GET", path, headers=self.headers)
            answer = self.connection.getresponse()
            answer.read()
            return Answer(answer.status, time.perf_counter() - began, answer.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return Answer(0, time.perf_counter() - began)


@contextmanager
def serving(folder: Path, *, log: Path, **environment: str) -> Iterator[tuple[str, int]]:
    """Run web, worker and beat on the site in `folder`; yield the address of the web server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = probe.getsockname()
    settings = environment_of(folder) | environment
    with log.open("ab") as output:
        running = [
            processes.start_bound(
                [sys.executable, "-m", *command],
                signal_if_orphaned=signal.SIGKILL,
                env=settings,
                stdout=output,
                stderr=output,
            )
            for command in commands(address, folder)
        ]
    try:
        wait_until_up(address)
        yield address
    finally:
        for process in running:
            process.terminate()
        for process in running:
            end(process)


def commands(
    address: tuple[str, int], folder: Path, *, config: str = "segmenter.gunicorn"
) -> list[list[str]]:
    gunicorn = ["gunicorn", "--config", f"python:{config}", "--bind", f"127.0.0.1:{address[1]}"]
    celery = ["celery", "--quiet", "-A", "segmenter"]
    return [
        [*gunicorn, "segmenter.wsgi"],
        [*celery, "worker", "--concurrency", "2", "--loglevel", "ERROR"],
        [*celery, "beat", "--schedule", str(folder / "beat"), "--pidfile", "", "--loglevel", "ERROR"],
    ]


def environment_of(folder: Path) -> dict[str, str]:
    sockets = servers.socket_folder(folder / "data")
    return {
        **os.environ,
        "DATABASE_URL": f"postgres://postgres@/{sockets}/segmenter",
        "CELERY_BROKER_URL": f"redis+socket://{sockets}/valkey.sock",
        "CACHE_URL": f"unix://{sockets}/valkey.sock?db=1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "LOG_LEVEL": "ERROR",
        "PYTHONWARNINGS": "ignore",
    }


def end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()


def wait_until_up(address: tuple[str, int]) -> None:
    give_up_at = time.monotonic() + 120
    while Visitor(address).get("/healthz").status != 200:
        assert time.monotonic() < give_up_at, "the site does not come up"
        time.sleep(0.2)


def log_in(number: int) -> list[str]:
    """Make people who are logged in; return their session keys."""
    from django.contrib.auth.models import User
    from django.test import Client

    sessions = []
    for _ in range(number):
        client = Client()
        user = User.objects.create_superuser(f"person{User.objects.count()}", password=None)
        client.force_login(user)
        sessions.append(client.cookies[COOKIE].value)
    return sessions


def web_processes(address: tuple[str, int]) -> list[Path]:
    """Folders in /proc of the processes that serve this address."""
    ends = f":{address[1]}"
    return processes_of(lambda words: "gunicorn" in words and any(word.endswith(ends) for word in words))


def processes_of(is_meant: Callable[[list[str]], bool]) -> list[Path]:
    """Folders in /proc of the processes with such a command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if is_meant((folder / "cmdline").read_bytes().decode().split("\0")):
                found.append(folder)
    return found


def processor_seconds(folders: list[Path]) -> float:
    ticks = sum(
        sum(map(int, (folder / "stat").read_text().rsplit(")", 1)[1].split()[11:13])) for folder in folders
    )
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_megabytes(folders: list[Path]) -> float:
    """The largest amount of memory that one of the processes has had."""
    lines = [line for folder in folders for line in (folder / "status").read_text().splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def percentile(answers: list[Any], which: float) -> float:
    seconds = [answer.seconds for answer in answers]
    return float(np.percentile(seconds, which)) if seconds else float("nan")


def check(name: str, value: float, unit: str, bound: float, *, at_least: bool = False) -> bool:
    passed = value >= bound if at_least else value <= bound
    sign, missed = "at least" if at_least else "at most", "" if passed else "  <-- MISSED"
    print(f"  {name:<58}{value:>9,.2f} {unit:<7}({sign} {bound:,}){missed}", flush=True)
    return passed
