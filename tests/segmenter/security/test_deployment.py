"""Deployment: Django's checklist, Compose, health and metrics."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings

from jobs.models import Process

SECRETS = {"SECRET_KEY": "a", "ALLOWED_HOSTS": "b", "POSTGRES_PASSWORD": "c", "VALKEY_PASSWORD": "d"}


def compose(**variables: str) -> "subprocess.CompletedProcess[str]":
    package = find_spec("compose")
    assert package is not None
    assert package.origin is not None
    return subprocess.run(
        [
            Path(package.origin).parent / "docker-compose",
            "--file",
            "docker-compose.yml",
            "config",
            "--format",
            "json",
        ],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict:
    return json.loads(compose(**SECRETS).stdout)["services"]


@pytest.mark.parametrize("name", SECRETS)
def test_compose_does_not_start_without_its_secrets(name):
    refused = compose(**{other: value for other, value in SECRETS.items() if other != name})
    assert refused.returncode != 0
    assert name in refused.stderr


def test_database_and_broker_are_reached_by_the_site_alone(services):
    for name in ("database", "broker"):
        assert "ports" not in services[name]
        assert list(services[name]["networks"]) == ["inside"]
    assert "requirepass" in " ".join(services["broker"]["command"])
    assert services["database"]["environment"]["POSTGRES_PASSWORD"] == "c"


def test_the_site_listens_on_this_machine_alone(services):
    assert {port["host_ip"] for port in services["proxy"]["ports"]} == {"127.0.0.1"}
    assert "ports" not in services["web"]


def test_every_long_running_service_is_monitored_and_restarted(services):
    staying = set(services) - {"migrate"}
    assert staying == {"database", "broker", "web", "proxy", "worker", "beat"}
    assert all(services[name]["restart"] == "unless-stopped" for name in staying)
    assert all("healthcheck" in services[name] for name in staying - {"beat"})


def test_everything_that_runs_is_in_the_image():
    """Only what .dockerignore allows is copied: with an app missing, the image would not start."""
    kept = {
        line.removeprefix("!")
        for line in (Path(settings.BASE_DIR) / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    floors = {path.parent.name for path in Path(settings.BASE_DIR).glob("*/apps.py")}
    assert len(floors) > 4
    assert floors | {"templates", "locale", "manage.py", "requirements-production.txt"} <= kept


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-production.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name):
    text = (Path(settings.BASE_DIR) / name).read_text().replace("\\\n", " ")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(requirements) > 50
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []


def test_nothing_that_reads_files_can_reach_the_network():
    """Files cannot be imported from a URL, so the site cannot be made to send requests."""
    code = (
        "import sys, django; django.setup()\n"
        "for name in ('urllib.request', 'http.client', 'requests', 'urllib3'): sys.modules[name] = None\n"
        "from customers.importing import execute, pipeline\n"
        "from customers.importing.columns import proposal\n"
        "from customers.importing.files import archive_child, workbook_child\n"
        "from customers.importing.files.children import ods_child, xls_child\n"
    )
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "segmenter.settings"}
    environment["DATA_DIR"] = os.environ["DATA_DIR"]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_deployment_checklist_has_no_warning(in_production):
    said = in_production(
        "import io; from django.core.management import call_command\n"
        "stream = io.StringIO(); call_command('check', deploy=True, stdout=stream, stderr=stream)\n"
        "print(json.dumps(stream.getvalue()))"
    )
    assert said.startswith("System check identified no issues")


def test_the_demonstration_does_not_start_in_production(in_production):
    said = in_production(
        "from django.core.management import call_command\n"
        "from django.core.management.base import CommandError\n"
        "from django.contrib.auth.models import User\n"
        "try: call_command('up')\n"
        "except CommandError as error: print(json.dumps([str(error), User.objects.count()]))"
    )
    assert "createsuperuser" in said[0]
    assert said[1] == 0


def test_health_says_which_part_is_unhealthy(client, db):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failing", "database": "ok", "broker": "ok", "worker": "failing"}


def test_health_is_good_with_a_recently_seen_worker(client, db):
    Process.objects.create(role=Process.Role.WORKER, name="a worker")
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/healthz?only=database").json() == {"status": "ok", "database": "ok"}


def test_an_unknown_part_is_unhealthy(client, db):
    assert client.get("/healthz?only=nonsense").status_code == 503


def test_metrics_are_for_those_with_the_token(in_production):
    said = in_production(
        "import os\n"
        "from django.conf import settings; settings.METRICS_TOKEN = 'a token'\n"
        "answers = [client.get('/metrics', headers={'Authorization': f'Bearer {token}'})"
        " for token in ('another', 'a token')]\n"
        "print(json.dumps([[answer.status_code, answer.content.decode()] for answer in answers]))"
    )
    assert [status for status, _ in said] == [404, 200]
    assert said[1][1].startswith("# HELP ")
    assert re.search(r"# TYPE segmenter_partitions gauge\nsegmenter_partitions \d+\n", said[1][1])
    assert "# TYPE segmenter_lock_room gauge\nsegmenter_lock_room " in said[1][1]


def test_the_companys_login_is_offered_where_it_is_set_up(site_environment):
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup()\n"
            "from django.test import Client\n"
            "page = Client(HTTP_HOST='localhost').get('/accounts/login/')\n"
            "print(page.content.decode(), page['Content-Security-Policy'])",
        ],
        cwd=settings.BASE_DIR,
        env={
            **site_environment,
            "OIDC_ISSUER": "https://login.shop.example",
            "OIDC_CLIENT_ID": "segmenter",
            "OIDC_CLIENT_SECRET": "secret",
            "OIDC_NAME": "shop's own login",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Log in with the shop&#x27;s own login" in found.stdout
    assert 'action="/accounts/oidc/company/login/"' in found.stdout
    assert "form-action 'self' https://login.shop.example" in found.stdout
