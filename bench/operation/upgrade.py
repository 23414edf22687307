"""An upgrade from the release before while everything is at work: no job is lost, pages are soon back.

As Compose does it: the migration runs first, then each process is ended and started anew, behind nginx if
there is one. Run with: python -m bench upgrade
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.operation.fire import NGINX, behind_nginx
from bench.served import Visitor, check, commands, end, environment_of
from segmenter.embedded import processes, servers

RELEASE = "0f84c63"
WORKTREE = ["/usr/bin/git", "worktree"]
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
MOST_SECONDS_AWAY = 5
ADDRESS = ("127.0.0.1", 8137)
CONFIG = "segmenter.web"  # the name that both releases know
# What people ask for, run with either release: it uses addresses, and labels of models.
PERSON = """
import sys
import django
django.setup()
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
user, _ = User.objects.get_or_create(username="anna", is_superuser=True, is_staff=True)
client = Client(headers={"host": "localhost"})
client.force_login(user)
def bring(name, path):
    client.post("/datasets/new/", {"name": name})
    dataset = apps.get_model("customers.Dataset").objects.get(name=name)
    with open(path, "rb") as file:
        content = SimpleUploadedFile("customers.csv", file.read())
    page = client.post(f"/datasets/{dataset.slug}/import/", {"file": content}, follow=True)
    fields = [field for column in page.context["form"] for field in column]
    said = {field.html_name: field.value() for field in fields if field.value() not in (None, False, "")}
    address = page.context["customer_import"].get_absolute_url()
    asked = client.post(f"{address}begin/", {"action": "begin", **said}, follow=True)
    assert asked.status_code == 200, asked
    return dataset
if sys.argv[1] == "first":
    bring("Shop", sys.argv[2])
else:
    for k in range(2, 7):
        client.post("/datasets/shop/runs/new/", {
            "features": ["Annual Income (k$)", "Spending Score (1-100)"], "scaling": "standard",
            "missing": "leave-out", "outliers": "keep", "k_max": 10, "k": k, "name": f"Groups of {k}"})
    bring("Large", sys.argv[2])
print(client.session.session_key)
"""


class Release:
    """The processes of one release, on the database and broker that all of them share."""

    def __init__(self, checkout: Path, environment: dict[str, str], log: Path) -> None:
        self.checkout, self.environment, self.log = checkout, environment, log
        self.running: list[subprocess.Popen[bytes]] = []

    def call(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.checkout,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    def start(self, which: slice = slice(None)) -> None:
        """Start web, worker and beat, or some of them."""
        with self.log.open("ab") as output:
            self.running += [
                processes.start_bound(
                    [sys.executable, "-m", *command],
                    signal_if_orphaned=signal.SIGKILL,
                    cwd=self.checkout,
                    env=self.environment,
                    stdout=output,
                    stderr=output,
                )
                for command in commands(ADDRESS, self.log.parent, config=CONFIG)[which]
            ]

    def stop(self, which: slice = slice(None)) -> None:
        for process in self.running[which]:
            process.terminate()
        for process in self.running[which]:
            end(process)


WEB, OTHERS = slice(0, 1), slice(1, None)


class Watcher:
    """Somebody who asks for a page ten times a second, and notes when there is none."""

    def __init__(self, address: tuple[str, int], session: str) -> None:
        self.seen: list[tuple[float, int]] = []
        self._ended = threading.Event()
        self._visitor = Visitor(address, session)
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            asked = time.monotonic()
            self.seen.append((asked, self._visitor.get("/").status))

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def longest_away(self) -> float:
        """Seconds from the first request without a page to the next with one, at the worst."""
        longest, since = 0.0, None
        for moment, status in self.seen:
            if status != 200 and since is None:
                since = moment
            elif status == 200 and since is not None:
                longest, since = max(longest, moment - since), None
        return longest if since is None else float("inf")


def unfinished() -> list[tuple[str, str, str]]:
    from jobs.models import Job

    return list(Job.objects.exclude(state="succeeded").values_list("kind", "state", "error"))


def upgrade(folder: Path, old: Release, new: Release, path: Path, watched: tuple[str, int]) -> bool:
    from jobs.models import Job

    session = old.call("-c", PERSON, "first", str(folder / "small.csv")).splitlines()[-1]
    wait_for_jobs()
    with Watcher(watched, session) as watcher:
        time.sleep(3)
        old.call("-c", PERSON, "more", str(path))
        asked = Job.objects.count()
        began = time.monotonic()
        new.call("manage.py", "migrate", "--noinput")
        print(f"  the migration took {time.monotonic() - began:.1f} s", flush=True)
        for which in (WEB, OTHERS):
            old.stop(which)
            new.start(which)
        wait_for_jobs()
        time.sleep(3)
    print(f"{asked} jobs; {len(watcher.seen)} looks at a page")
    return all(
        [
            check("no page for at most", watcher.longest_away(), "s", MOST_SECONDS_AWAY),
            check(f"jobs lost, {unfinished()}", len(unfinished()), "", 0),
        ]
    )


def wait_for_jobs() -> None:
    from jobs.models import Job

    give_up_at = time.monotonic() + 300
    while Job.objects.filter(state__in=["queued", "running"]).exists() and time.monotonic() < give_up_at:
        time.sleep(0.2)


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="segmenter-bench-"))
    folder.chmod(0o711)
    data, release = folder / "data", folder / "release"
    servers.make_data_folder(data)
    servers.ensure_running(data)
    subprocess.run(
        ["/usr/bin/git", "worktree", "add", "--quiet", "--detach", str(release), RELEASE], check=True
    )
    environment = environment_of(folder) | {"DATA_DIR": str(data), "ALLOWED_HOSTS": "localhost"}
    environment |= {"DJANGO_SETTINGS_MODULE": "segmenter.settings"}
    os.environ |= environment
    old = Release(release, {**environment, "PYTHONPATH": str(release)}, folder / "old.log")
    new = Release(Path.cwd(), environment, folder / "new.log")
    try:
        old.call("manage.py", "migrate", "--noinput")
        import django

        django.setup()
        from django.core.management import call_command

        for name, rows in (("small.csv", 20_000), ("large.csv", ROWS)):
            call_command("make_sample", str(folder / name), rows=rows, stdout=io.StringIO())
        old.start()
        if NGINX.exists():
            with behind_nginx(ADDRESS, folder / "nginx") as proxy:
                passed = upgrade(folder, old, new, folder / "large.csv", proxy)
        else:
            passed = upgrade(folder, old, new, folder / "large.csv", ADDRESS)
        print((folder / "new.log").read_text()[-3000:])
    finally:
        old.stop()
        new.stop()
        servers.release(data)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([*WORKTREE, "prune"], check=False)
    return int(not passed)


if __name__ == "__main__":
    sys.exit(main())
