"""`manage.py up` as people run it: real processes, really killed."""

import contextlib
import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from segmenter.embedded import servers
from tests.fixtures.data_folders import make_data_folder, remove_data_folder

WELCOME = r"Ctrl-C stops it\."


class Up:
    """A running `manage.py up` and its output so far."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process = process
        self.port = port
        self.said = ""

    def read_until(self, pattern: str) -> str:
        """Return the next line that matches."""
        assert self.process.stdout is not None
        impatience = threading.Timer(120, self.process.kill)
        impatience.start()
        try:
            for line in self.process.stdout:
                self.said += line
                if re.search(pattern, line):
                    return line
        finally:
            impatience.cancel()
        pytest.fail(f"it ended without saying {pattern!r}:\n{self.said}")

    def open(self, path: str, data: dict[str, str] | None = None) -> tuple[str, str]:
        """Get a page or post to it, keeping cookies; return the final path and the page."""
        if not hasattr(self, "browser"):
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            self.browser = urllib.request.build_opener(cookies)
        body = urllib.parse.urlencode(data).encode() if data else None
        with self.browser.open(f"http://127.0.0.1:{self.port}{path}", body) as response:
            return urllib.parse.urlsplit(response.url).path, response.read().decode()

    def log_in(self) -> str:
        """Log in with the login that `up` printed; return the path it leads to."""
        password = re.search(r"as admin with the password (\S+) ", self.said)
        _, form = self.open("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert password is not None
        assert token is not None
        name = "login" if 'name="login"' in form else "username"
        fields = {name: "admin", "password": password[1], "csrfmiddlewaretoken": token[1]}
        return self.open("/accounts/login/", fields)[0]

    def processes(self) -> dict[int, str]:
        """The command lines of all its descendants, by pid."""
        return {pid: line for child in children(self.process.pid) for pid, line in tree(child).items()}

    def find(self, words: str) -> int:
        """The first descendant with these words in its command line; 0 if there is none."""
        return next((pid for pid, line in self.processes().items() if words in line), 0)


def command_line(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def tree(pid: int) -> dict[int, str]:
    found = {pid: command_line(pid)}
    for child in children(pid):
        found.update(tree(child))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(folder: Path, arguments: Iterable[str], port: int, environment: dict[str, str] | None) -> Up:
    port = port or free_port()
    variables = {**(environment or os.environ), "DATA_DIR": str(folder)}
    if environment is None:
        for name in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"):
            variables.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=settings.BASE_DIR,
        env=variables,
    )
    return Up(process, port)


@pytest.fixture
def start_up(data_folder: Path) -> Iterator[Callable[..., Up]]:
    """Start `manage.py up` on a separate folder, with embedded servers unless told otherwise."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str, port: int = 0, environment: dict[str, str] | None = None) -> Up:
            up = launch(data_folder, arguments, port, environment)
            stack.enter_context(up.process)
            stack.callback(up.process.kill)
            return up

        yield start


@pytest.fixture(scope="module")
def folder_of_before() -> Iterator[Path]:
    """A data folder on which a first start has been, and has ended well."""
    folder = make_data_folder("before")
    up = launch(folder, ["--empty"], 0, None)
    with up.process:
        up.read_until(WELCOME)
        up.process.terminate()
        up.process.communicate()
    yield folder
    remove_data_folder(folder)


@pytest.fixture
def started_before(folder_of_before: Path, data_folder: Path) -> None:
    """The test's folder is a copy of it: nothing is to be made or migrated any more."""
    subprocess.run(["/bin/cp", "-a", f"{folder_of_before}/.", data_folder], check=True)


def test_first_start_prints_a_login_that_opens_the_home_page(start_up):
    up = start_up("--empty")
    up.read_until(WELCOME)

    assert f"http://127.0.0.1:{up.port}/" in up.said
    assert up.log_in() == "/"


def test_first_start_segments_the_sample_through_the_worker(start_up):
    up = start_up()
    line = up.read_until("is ready: |could not")
    up.log_in()
    path = line.rpartition(f":{up.port}")[2].strip()
    reached, page = up.open(path)

    assert reached == path
    assert "Spending" in page


@pytest.mark.usefixtures("started_before")
def test_second_start_keeps_the_administrator(start_up):
    again = start_up("--empty")
    again.read_until(WELCOME)

    assert "with the password" not in again.said


@pytest.mark.usefixtures("started_before")
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_on_a_stop_signal_it_exits_cleanly_and_leaves_nothing_behind(start_up, data_folder, signal_number):
    up = start_up("--empty")
    up.read_until(WELCOME)
    running = up.processes()
    assert len(running) >= 7  # worker, its two children, beat, web, its two workers
    up.process.send_signal(signal_number)

    assert up.process.wait() == 0
    assert not [pid for pid, line in running.items() if line and command_line(pid) == line]
    assert not servers.is_locked(data_folder / "keeper.lock")


@pytest.mark.usefixtures("started_before")
def test_killed_it_leaves_nothing_behind(start_up, data_folder, wait_until):
    up = start_up("--empty")
    up.read_until(WELCOME)
    running = up.processes()
    assert len(running) >= 7
    up.process.kill()
    up.process.wait()

    wait_until(lambda: not any(command_line(pid) for pid in running))
    wait_until(lambda: not servers.is_locked(data_folder / "keeper.lock"))


@pytest.mark.usefixtures("started_before")
@pytest.mark.parametrize("words", ["celery --quiet -A segmenter worker", "segmenter beat", "segmenter.wsgi"])
def test_dead_child_is_started_again(start_up, wait_until, words):
    up = start_up("--empty")
    up.read_until(WELCOME)
    dead = up.find(words)
    assert dead
    os.kill(dead, signal.SIGKILL)

    assert "starting it again in 1 s" in up.read_until("SIGKILL")
    wait_until(lambda: up.find(words) not in {0, dead})


@pytest.mark.usefixtures("started_before")
def test_second_up_on_the_same_folder_is_refused(start_up):
    start_up("--empty").read_until(WELCOME)
    second = start_up()
    said, _ = second.process.communicate()

    assert second.process.returncode == 1
    assert "already up on" in said
    assert said.count("\n") == 1


def test_port_in_use_is_refused_before_anything_starts(start_up, data_folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        up = start_up(port=server.getsockname()[1])
        said, _ = up.process.communicate()

    assert up.process.returncode == 1
    assert "is in use: choose another one with --port" in said
    assert not (data_folder / "postgresql").exists()


@pytest.mark.django_db(transaction=True)
def test_it_works_with_external_servers(start_up, data_folder, site_environment):
    up = start_up("--empty", environment=site_environment)
    up.read_until(WELCOME)
    up.process.terminate()

    assert up.process.wait() == 0
    assert "PostgreSQL" not in up.said
    assert not (data_folder / "postgresql").exists()


@pytest.mark.django_db(transaction=True)
def test_database_that_does_not_answer_is_said_in_a_sentence(start_up, site_environment):
    unreachable = {**site_environment, "DATABASE_URL": f"postgres://127.0.0.1:{free_port()}/none"}
    up = start_up(environment=unreachable)
    said, _ = up.process.communicate()

    assert up.process.returncode == 1
    assert "CommandError: The database is not responding" in said
