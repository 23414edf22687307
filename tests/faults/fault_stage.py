"""The suite's own servers, workers, web process and reader, and the means to damage them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from segmenter.embedded import processes, servers

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
NOT_OURS = ["DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "PRODUCTION", "SECRET_KEY", "ALLOWED_HOSTS"]


class FaultError(Exception):
    """Something happened that must never happen."""


def require(is_so: object, complaint: object) -> None:
    if not is_so:
        raise FaultError(str(complaint))


def wait_for(is_so: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait until something is true, and return it."""
    give_up_at = time.monotonic() + seconds
    while not (found := is_so()):
        require(time.monotonic() < give_up_at, f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)
    return found


def prepare_environment(data_dir: Path, scale: float) -> None:
    """Point this process and its children to the suite's own servers and timings."""
    for name in NOT_OURS:
        os.environ.pop(name, None)
    sockets = servers.socket_folder(data_dir)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="fault_settings",
        PYTHONPATH=os.pathsep.join([str(HERE), str(CHECKOUT)]),
        PYTHONWARNINGS="ignore:You're running the worker with superuser privileges",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        DATA_DIR=str(data_dir),
        DATABASE_URL=f"postgres://postgres@/{sockets}/segmenter",
        CELERY_BROKER_URL=f"redis+socket://{sockets}/valkey.sock",
        CACHE_URL=f"unix://{sockets}/valkey.sock?db=1",
        JOB_HEARTBEAT_SECONDS=str(10 / scale),
        JOB_STALE_SECONDS=str(30 / scale),
        JOB_RESEND_SECONDS=str(30 / scale),
        JOB_MAX_ACTIVE_PER_USER="100",
        LOG_LEVEL="INFO",
    )
    servers.ensure_running(data_dir)


class Stage:
    """Everything that runs during the suite.

    Parameters
    ----------
    data_dir
        The suite's own folder.
    scale
        The divisor for the shipped timings.
    """

    def __init__(self, data_dir: Path, scale: float) -> None:
        self.data_dir, self.scale = data_dir, scale
        self.sockets = servers.socket_folder(data_dir)
        self.address = f"host={self.sockets} user=postgres dbname=segmenter"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.others: list[subprocess.Popen[bytes]] = []
        self.violations = data_dir / "violations"

    # ---- Processes ---------------------------------------------------------------------------------------

    def start(self, name: str, arguments: list[str], **environment: str) -> subprocess.Popen[bytes]:
        with (self.data_dir / f"{name}.log").open("ab") as log:
            return processes.start_bound(
                [sys.executable, *arguments],
                signal_if_orphaned=signal.SIGKILL,
                stdout=log,
                stderr=log,
                cwd=CHECKOUT,
                env={**os.environ, **environment},
            )

    def start_worker(self, *, concurrency: int = 2, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker and wait until it reports that it is alive."""
        number = len(list(self.data_dir.glob("worker-*.log")))
        options = ["--concurrency", str(concurrency), "--hostname", f"w{number}@faults", "--loglevel", "INFO"]
        command = ["-m", "celery", "-A", "segmenter", "worker", *options]
        worker = self.start(f"worker-{number}", command, **environment)
        self.workers.append(worker)
        wait_for(lambda: self.is_seen(worker.pid), "a worker says that it lives")
        return worker

    def is_seen(self, pid: int) -> bool:
        from jobs.models import Process

        return bool(Process.objects.alive().filter(name__endswith=f":{pid}").exists())

    def start_beat(self, name: str = "beat") -> subprocess.Popen[bytes]:
        schedule = self.data_dir / f"{name}-schedule"
        beat = self.start(
            name, ["-m", "celery", "-A", "segmenter", "beat", "--schedule", str(schedule), "--pidfile", ""]
        )
        self.others.append(beat)
        wait_for(lambda: self.is_seen(beat.pid), "a beat says that it lives")
        return beat

    def start_web(self) -> None:
        address = f"unix:{self.data_dir}/web.sock"
        arguments = ["-m", "gunicorn", "--config", "python:segmenter.gunicorn", "--bind", address]
        self.others.append(self.start("web", [*arguments, "segmenter.wsgi"]))
        wait_for(lambda: self.web_status() == 200, "the web server answers")

    def start_reader(self, baseline: int) -> None:
        arguments = [str(HERE / "fault_reader.py"), self.address, str(self.violations), str(baseline)]
        self.others.append(self.start("reader", arguments))
        wait_for(lambda: self.looks() > 0, "the reader reads")

    def looks(self) -> int:
        """How many passes the reader has made."""
        try:
            return int(self.violations.with_suffix(".looks").read_text() or 0)
        except FileNotFoundError:
            return 0

    def web_status(self) -> int:
        """The status of the web server's health check; 0 if it does not answer."""
        connection = _UnixConnection(self.data_dir / "web.sock")
        try:
            connection.request("GET", "/healthz", headers={"Host": "localhost"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def kill_tree(self, process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
        """Kill a process and all its children at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(60)
        if process in self.workers:
            self.workers.remove(process)

    def replace_workers(self, count: int = 1, **environment: str) -> None:
        for worker in list(self.workers):
            self.kill_tree(worker)
        for _ in range(count):
            self.start_worker(**environment)

    def stop(self) -> None:
        for process in [*self.workers, *self.others]:
            if process.poll() is None:
                self.kill_tree(process)
        servers.release(self.data_dir)

    # ---- Servers -----------------------------------------------------------------------------------------

    def server_pid(self, name: str) -> int:
        files = {"postgresql": "postgresql/postmaster.pid", "valkey": "valkey/valkey.pid"}
        return int((self.data_dir / files[name]).read_text().split()[0])

    def kill_server(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a server a signal and wait until it has exited; return its process id."""
        pid = self.server_pid(name)
        os.kill(pid, number)
        wait_for(lambda: not Path(f"/proc/{pid}").exists() or is_zombie(pid), f"{name} has gone")
        return pid

    def wait_for_server(self, name: str, but: int) -> None:
        def is_new() -> bool:
            with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
                return self.server_pid(name) != but and self.answers(name)
            return False

        wait_for(is_new, f"{name} is back")

    def answers(self, name: str) -> bool:
        import psycopg
        import redis

        try:
            if name == "postgresql":
                psycopg.connect(self.address).close()
            else:
                redis.Redis(unix_socket_path=str(self.sockets / "valkey.sock")).ping()
        except (psycopg.OperationalError, redis.RedisError):
            return False
        return True

    @contextlib.contextmanager
    def kept_down(self, name: str) -> Iterator[None]:
        """Kill a server and keep it down in this block; it is restarted afterwards."""
        keeper = self.keeper_pid()
        os.kill(keeper, signal.SIGSTOP)
        try:
            pid = self.kill_server(name)
            yield
        finally:
            os.kill(keeper, signal.SIGCONT)
        self.wait_for_server(name, but=pid)

    def keeper_pid(self) -> int:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes().split(b"\0")
                if b"segmenter.embedded.keeper" in command and bytes(self.data_dir) in command:
                    return int(folder.name)
        raise FaultError("there is no keeper")

    # ---- Accidents ---------------------------------------------------------------------------------------

    def hold(
        self, job_id: int, stage: str = "", *, done: int = 0, fraction: float = 0, attempt: int = 1
    ) -> None:
        """Make an attempt wait when it reports this; `release` lets it continue."""
        (self.data_dir / "held.json").unlink(missing_ok=True)
        draft = self.data_dir / "hold.new"
        asked = {"job": job_id, "stage": stage, "done": done, "fraction": fraction, "attempt": attempt}
        draft.write_text(json.dumps(asked))
        draft.rename(self.data_dir / "hold.json")

    def wait_held(self, what: str) -> int:
        """Wait until an attempt is waiting; return its process id."""
        held = self.data_dir / "held.json"
        wait_for(held.exists, f"an attempt arrives {what}")
        return int(json.loads(held.read_text())["pid"])

    @contextlib.contextmanager
    def full_disk(self) -> Iterator[None]:
        """Leave only a few kilobytes of disk space for the workers' exports in this block."""
        flag = self.data_dir / "full-disk"
        flag.touch()
        try:
            yield
        finally:
            flag.unlink()

    def release(self) -> None:
        (self.data_dir / "hold.json").unlink(missing_ok=True)
        (self.data_dir / "held.json").unlink(missing_ok=True)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
