"""Gives every test run, and every process of a run, its own servers, database and broker keys.

Parallel runs, or a run next to a running site, never interfere. With DATABASE_URL or CELERY_BROKER_URL set,
the tests use those servers, with a database and key prefix created for this run.
"""

import atexit
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings

from segmenter.embedded import servers
from tests.fixtures.data_folders import RUN, make_data_folder, remove_data_folder

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.people",
    "tests.fixtures.runs",
    "tests.fixtures.simultaneous",
    "tests.fixtures.sweeps",
    "tests.fixtures.worker",
    "tests.fixtures.parallel",  # imports the one before
]

KEY_PREFIX = f"segmenter-test-{RUN}:"
NOT_FOR_TESTS = [
    "PRODUCTION",
    "DEBUG",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_POOL",
]


# ---- Before the settings load ------------------------------------------------------------------------------


if settings.configured:
    raise pytest.UsageError(
        "The tests choose their own data folder before the settings load: "
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
            "Migrations create the partitioned tables: run the tests without --nomigrations."
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


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A separate data folder, for tests that start and stop embedded servers."""
    folder = make_data_folder(f"test-{secrets.token_hex(4)}")
    yield folder
    remove_data_folder(folder)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Wait for something another process does."""

    def wait(is_so: Callable[[], object], *, seconds: float = 60) -> None:
        give_up_at = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < give_up_at, f"still not so after {seconds} s"
            time.sleep(0.05)

    return wait
