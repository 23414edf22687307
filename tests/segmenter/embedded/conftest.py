"""Processes that use the embedded servers of a data folder."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from segmenter.embedded import servers

CHECKOUT = Path(__file__).resolve().parents[3]
USER = """
import sys
from pathlib import Path
from segmenter.embedded import servers
data_dir = Path(sys.argv[1])
try:
    servers.ensure_running(data_dir)
except servers.EmbeddedServersError as error:
    sys.exit(str(error))
print((data_dir / "postgresql" / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.read()
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another account")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start_user() -> Iterator[Start]:
    """Start processes that use a folder's servers and then wait; each prints the server's pid."""
    with contextlib.ExitStack() as stack:

        def start(data_dir: Path, **environment: str) -> "subprocess.Popen[str]":
            user = subprocess.Popen(
                [sys.executable, "-c", USER, str(data_dir)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=CHECKOUT,
                env={**os.environ, **environment},
            )
            stack.enter_context(user)
            stack.callback(user.kill)
            return user

        yield start


def server_pid(user: "subprocess.Popen[str]") -> int:
    assert user.stdout is not None
    return int(user.stdout.readline())


def connect(data_dir: Path) -> "psycopg.Connection[tuple[object, ...]]":
    folder = str(servers.socket_folder(data_dir))
    return psycopg.connect(host=folder, user="postgres", dbname="segmenter", autocommit=True)


def select(data_dir: Path, query: str) -> object:
    with connect(data_dir) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
