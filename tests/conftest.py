"""Gives every run of the tests servers, a database and broker keys of its own; and tests users and a worker.

Two runs beside each other, or a run beside a site that is up, never meet. With DATABASE_URL or
CELERY_BROKER_URL set, the tests use those servers, in a database and under a key prefix made for this run.
"""

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
import pytest
from django.conf import settings

from segmenter.embedded import processes, servers

pytest_plugins = ["tests.fixtures.runs"]

RUN = f"{os.getpid()}_{secrets.token_hex(4)}"
CHECKOUT = Path(__file__).resolve().parent.parent
KEY_PREFIX = f"segmenter-test-{RUN}:"
NOT_FOR_TESTS = [
    "PRODUCTION",
    "DEBUG",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_POOL",
]
group_permissions: dict[str, list[tuple[str, str]]] = {}


# ---- Before the settings load ------------------------------------------------------------------------------


def make_data_folder(name: str) -> Path:
    """Make a data folder in the temporary directory; for root, where PostgreSQL's account may enter it."""
    account = servers.server_account(Path("/nowhere"))
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    reachable = [folder for folder in candidates if servers.may_enter(account, folder)]
    folder = reachable[0] / f"segmenter-{name}-{RUN}"
    servers.make_data_folder(folder)
    return folder


if settings.configured:
    raise pytest.UsageError(
        "The tests choose a data folder of their own before the settings load: "
        "run them without --ds and with DJANGO_SETTINGS_MODULE unset."
    )
for variable in NOT_FOR_TESTS:
    os.environ.pop(variable, None)
DATA_DIR = make_data_folder("tests")
os.environ["DATA_DIR"] = str(DATA_DIR)
# In this order: the last registered is the first to run. Also when the settings fail to load.
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
atexit.register(servers.release, DATA_DIR)
os.environ["CELERY_KEY_PREFIX"] = KEY_PREFIX
os.environ["EMBEDDED_DATA_IS_DISPOSABLE"] = "1"
os.environ["DJANGO_SETTINGS_MODULE"] = "segmenter.settings"
(DATA_DIR / "static").mkdir()  # WhiteNoise warns if it is missing
# Now, and not when pytest-django would: the conftest files beside this one import models.
django.setup()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("nomigrations", default=False):
        raise pytest.UsageError(
            "Migrations make the partitioned tables: run the tests without --nomigrations."
        )
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"test_segmenter_{RUN}"


def pytest_unconfigure(config: pytest.Config) -> None:
    from django.db import connections

    connections.close_all()
    if not settings.EMBEDDED_BROKER:
        remove_keys(settings.CELERY_BROKER_URL)


def remove_keys(broker_url: str) -> None:
    import redis

    with redis.Redis.from_url(broker_url) as broker:
        for key in broker.scan_iter(match=f"{KEY_PREFIX}*"):
            broker.delete(key)


# ---- Users -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Transactional tests empty every table: let them, and remember the groups the migrations made."""
    from django.contrib.auth.models import Group
    from django.db import connection

    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER audit_refuse_emptying")
        for group in Group.objects.all():
            found = group.permissions.values_list("content_type__app_label", "codename")
            group_permissions[group.name] = list(found)


def make_user(group_name: str) -> Any:
    from django.contrib.auth.models import Group, Permission, User

    group, was_missing = Group.objects.get_or_create(name=group_name)
    if was_missing:
        for label, codename in group_permissions[group_name]:
            group.permissions.add(Permission.objects.get(content_type__app_label=label, codename=codename))
    user = User.objects.create_user(username=group_name.lower(), password=None)
    user.groups.add(group)
    return user


def log_in(user: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def viewer(db: None) -> Any:
    return make_user("Viewer")


@pytest.fixture
def analyst(db: None) -> Any:
    return make_user("Analyst")


@pytest.fixture
def administrator(db: None) -> Any:
    return make_user("Administrator")


@pytest.fixture
def viewer_client(viewer: Any) -> Any:
    return log_in(viewer)


@pytest.fixture
def analyst_client(analyst: Any) -> Any:
    return log_in(analyst)


@pytest.fixture
def administrator_client(administrator: Any) -> Any:
    return log_in(administrator)


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A data folder beside the one of the run, for tests that start and stop embedded servers."""
    folder = make_data_folder(f"test-{secrets.token_hex(4)}")
    yield folder
    servers.release(folder)
    for lock in folder.rglob("keeper.lock"):
        while servers.is_locked(lock):
            time.sleep(0.02)
    shutil.rmtree(folder)


# ---- A real worker -----------------------------------------------------------------------------------------


@pytest.fixture
def site_environment(transactional_db: None) -> dict[str, str]:
    """The environment in which a process of the site works on this run's test database and broker."""
    return make_site_environment()


def make_site_environment() -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "CACHE_URL": settings.CACHES["default"]["LOCATION"],
    }


def database_url() -> str:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    if settings.EMBEDDED_DATABASE:
        return f"postgres://postgres@/{settings.DATABASES['default']['HOST']}/{name}"
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"{url.path.rpartition('/')[0]}/{name}"))


@pytest.fixture(scope="session")
def worker_process(django_db_setup: None) -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery worker on this run's test database, started for the first test that needs it."""
    if settings.EMBEDDED_BROKER:
        servers.ensure_running(DATA_DIR)
    command = [sys.executable, "-m", "celery", "-A", "segmenter", "worker", "--concurrency", "2"]
    with (DATA_DIR / "worker.log").open("wb") as log:
        process = processes.start_bound(
            [*command, "--hostname", f"{RUN}@tests", "--loglevel", "INFO"],
            signal_if_orphaned=signal.SIGKILL,
            stdout=log,
            stderr=log,
            cwd=CHECKOUT,
            env=make_site_environment(),
        )
    yield process
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the worker come last: once it lives, it takes the jobs that other tests leave queued."""
    items.sort(key=lambda item: "worker_process" in getattr(item, "fixturenames", []))


@pytest.fixture
def worker(transactional_db: None, worker_process: "subprocess.Popen[bytes]") -> None:
    """The worker, for tests marked `django_db(transaction=True)`: it sees only what is committed."""
    assert worker_process.poll() is None, (DATA_DIR / "worker.log").read_text()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and "worker" in getattr(item, "fixturenames", []):
        log = DATA_DIR / "worker.log"
        if log.exists():
            report.sections.append(("end of the worker's log", log.read_text()[-6000:]))
    return report


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Wait for something that another process does."""

    def wait(is_so: Callable[[], object], *, seconds: float = 60) -> None:
        give_up_at = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < give_up_at, f"still not so after {seconds} s"
            time.sleep(0.05)

    return wait
