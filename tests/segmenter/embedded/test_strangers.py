"""Other programs that are `nobody` too, beside servers that root has started."""

import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

from segmenter.embedded import servers
from tests.segmenter.embedded.conftest import connect, needs_root, select, server_pid

INTRUDER = """
import os, socket, sys
from pathlib import Path
sockets, files, pid, uid, gid = sys.argv[1:]
os.setgroups([])
os.setgid(int(gid))
os.setuid(int(uid))
def connect(name):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"{sockets}/{name}")
ways = {
    "PostgreSQL": lambda: connect(".s.PGSQL.5432"),
    "Valkey": lambda: connect("valkey.sock"),
    "files": lambda: os.listdir(files),
    "who may connect": lambda: Path(files, "pg_hba.conf").read_text(),
    "settings": lambda: Path(files, "postgresql.auto.conf").open("a"),
    "sockets": lambda: Path(sockets, "valkey.sock").unlink(),
    "the server's files": lambda: Path(f"/proc/{pid}/cwd/pg_hba.conf").read_text(),
    "the server's memory": lambda: Path(f"/proc/{pid}/mem").open("rb"),
}
def is_open(way):
    try:
        way()
    except PermissionError:
        return False
    return True
print(*[name for name, way in ways.items() if is_open(way)], sep=", ")
"""


def what_is_open_to(uid: int, gid: int, folder: Path, pid: int) -> str:
    """What a program of this account can enter."""
    paths = [str(servers.socket_folder(folder)), str(folder / "postgresql")]
    done = subprocess.run(
        [sys.executable, "-c", INTRUDER, *paths, *map(str, (pid, uid, gid))],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@needs_root
def test_no_other_program_of_nobody_can_enter_the_servers_of_root(data_folder, start_user):
    pid = server_pid(start_user(data_folder))
    nobody = pwd.getpwnam("nobody")
    assert what_is_open_to(nobody.pw_uid, nobody.pw_gid, data_folder, pid) == ""
    assert select(data_folder, "SELECT 1") == 1


@needs_root
def test_a_data_folder_of_an_earlier_release_is_closed_and_keeps_its_data(data_folder, start_user):
    nobody = pwd.getpwnam("nobody")
    first = start_user(data_folder)
    server_pid(first)
    with connect(data_folder) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    stop_user(first, data_folder)
    sockets = servers.socket_folder(data_folder)
    for path in [data_folder / "postgresql", *(data_folder / "postgresql").rglob("*"), sockets]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    sockets.chmod(0o700)
    os.chown(data_folder, 0, 0)
    data_folder.chmod(0o711)
    (sockets / "planted").write_text("")
    pid = server_pid(start_user(data_folder))
    assert what_is_open_to(nobody.pw_uid, nobody.pw_gid, data_folder, pid) == ""
    assert select(data_folder, "SELECT answer FROM kept") == 42
    assert not (sockets / "planted").exists()


def stop_user(user: "subprocess.Popen[str]", folder: Path) -> None:
    user.communicate()
    while servers.is_locked(folder / "keeper.lock"):
        time.sleep(0.02)
