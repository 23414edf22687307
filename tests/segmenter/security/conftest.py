"""A site with one of everything, so that every URL leads somewhere; and a production-like site."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from customers.models import Customer, Dataset
from jobs.models import Process
from segmentation.models import CustomerExport, SegmentationRun


@dataclass(frozen=True)
class World:
    """The objects that URLs name."""

    dataset: Dataset
    run: SegmentationRun
    customer: Customer
    person: User
    export: CustomerExport

    @property
    def arguments(self) -> dict[str, Any]:
        """A value for every path parameter."""
        return {
            "slug": self.dataset.slug,
            "customer_id": self.customer.id,
            "import_id": self.dataset.current_version_id,
            "job_id": self.run.job_id,
            "segmentation_id": self.run.segmentation_id,
            "segment_id": self.run.clusters.values_list("segment", flat=True)[0],
            "run_id": self.run.pk,
            "number": 1,
            "k": 4,
            "name": "elbow",
            "format": "svg",
            "form": "postgresql",
            "person_id": self.person.pk,
            "export_id": self.export.pk,
            "ending": "csv",
            "pk": 1,
            "key": "nothing",
            "uidb36": "1",
            "provider_id": "company",
            "rest": "login/cancelled/",
        }


@pytest.fixture
def world(
    transactional_db: None,
    analyst: User,
    shop: Dataset,
    execute_a_run: Callable[..., SegmentationRun],
    export_in_background: Callable[..., CustomerExport],
) -> World:
    run = execute_a_run(shop, k=5)
    export = export_in_background(run.clusters.get(number=1), analyst)
    customer = Customer.objects.of(shop).order_by("id").first()
    assert customer is not None
    Process.objects.create(role=Process.Role.WORKER, name="a worker")
    return World(shop, run, customer, User.objects.create_user("somebody"), export)


@pytest.fixture(autouse=True)
def limits_begin_anew(settings: Any) -> None:
    """Reset rate limits for each test: the cache is shared by the whole run."""
    default = {**settings.CACHES["default"], "KEY_PREFIX": secrets.token_hex(8)}
    settings.CACHES = {**settings.CACHES, "default": default}


@pytest.fixture
def from_address() -> Callable[..., Client]:
    """A client with this IP address; with a new one if none is given."""

    def make(address: str = "") -> Client:
        return Client(REMOTE_ADDR=address or f"10.{'.'.join(str(secrets.randbelow(256)) for _ in range(3))}")

    return make


PRODUCTION = {
    "PRODUCTION": "1",
    "SECRET_KEY": "b9Zt-wNq4xVd7LrKcYp2hSgJmUeTfAoX81vQ5iGzWnR0DyHsEu3",
    "ALLOWED_HOSTS": "segments.example",
}


@pytest.fixture(scope="session")
def production_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with static files as in production."""
    folder = tmp_path_factory.mktemp("production")
    addresses = {
        "DATABASE_URL": "postgres://u:p@127.0.0.1:1/n",
        "CELERY_BROKER_URL": "redis://:p@127.0.0.1:1/0",
    }
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env={**PRODUCTION, **addresses, "DATA_DIR": str(folder)},
        check=True,
        capture_output=True,
    )
    return folder


def with_password(url: str) -> str:
    """Production requires a Redis password, but the tests' Redis may have none: then any is accepted."""
    parts = urlsplit(url)
    if parts.scheme != "redis" or parts.password:
        return url
    return urlunsplit(parts._replace(netloc=f"default:any@{parts.netloc}"))


@pytest.fixture
def in_production(site_environment: dict[str, str], production_folder: Path) -> Callable[[str], Any]:
    """Run code in a process with production settings, on the test's database; it prints JSON."""

    # The browser tests set it for this process.
    quiet = {name: value for name, value in site_environment.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    for name in ("CELERY_BROKER_URL", "CACHE_URL"):
        quiet[name] = with_password(quiet[name])

    def run(code: str) -> Any:
        preamble = (
            "import json, django; django.setup()\n"
            "from django.test import Client\n"
            "client = Client(HTTP_HOST='segments.example', HTTP_X_FORWARDED_PROTO='https')\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", preamble + code],
            cwd=settings.BASE_DIR,
            env={**quiet, **PRODUCTION, "DATA_DIR": str(production_folder), "LOG_LEVEL": "ERROR"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
