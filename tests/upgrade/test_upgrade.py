"""Upgrading an installation of an earlier release: everything is still there and keeps working.

`installation/` holds that release's data and its responses (make_installation.py).
"""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client, override_settings

from audit.models import AuditEvent
from audit.pseudonyms import digest_of
from customers.models import Customer, CustomerImport, Dataset
from jobs.models import Job
from segmentation.models import CustomerExport, RunPicture, Segment, SegmentationRun
from segmenter.embedded import processes, servers
from tests.fixtures.worker import make_site_environment
from tests.upgrade.make_installation import (
    ADMINISTRATOR,
    ASKED,
    DISABLED,
    PASSWORD,
    PEOPLE,
    WITH_SECOND_FACTOR,
    ask,
    read_layout,
)

FOLDER = Path(__file__).parent / "installation"
ANSWERS: dict[str, list[Any]] = json.loads((FOLDER / "answers.json").read_text())
LAYOUT = json.loads((FOLDER / "layout.json").read_text())
# Understood only by psql and newer servers.
NOT_FOR_ALL = re.compile(r"^(\\(un)?restrict .*|SET transaction_timeout .*)$", re.MULTILINE)
LOGIN = "/accounts/login/"
# Events that an earlier release wrote with what people typed.
OLDER_EVENTS = """
INSERT INTO public.audit_auditevent (at, actor_name, action, subject, details) VALUES
    ('2024-02-29 23:59:59+00', '', 'failed to log in', 'seven green bottles 42', '{}'),
    ('2024-03-01 00:00:00+00', '', 'failed to log in', 'VERA', '{}'),
    (now(), 'vera', 'exported', 'customers of Shop', '{"rows": 1, "selection":
      "Customer ID begins with “C-7”; Age is 30; City is “Rome” or “Pa”ris”; Age is missing"}'),
    (now(), 'vera', 'exported', 'customers of Shop', '{"rows": 2, "selection":
      "Customer ID begins with “C-7”; Age is 30; City is “Rome” or “Paris”; Age is missing"}')
"""


# ---- The installation --------------------------------------------------------------------------------------


@contextmanager
def new_database(name: str, like: str = "template1") -> Iterator[None]:
    """Work in a separate database for a while."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    execute_outside(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        execute_outside(f'DROP DATABASE "{name}" WITH (FORCE)')


def execute_outside(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def unpacked_files(folder: Path) -> Iterator[None]:
    """Unpack the uploaded files and prepared exports into this folder."""
    with tarfile.open(FOLDER / "files.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    uploads = folder / "uploads"
    arriving = {"UPLOAD_DIR": uploads, "FILE_UPLOAD_TEMP_DIR": uploads / "arriving"}
    with override_settings(EXPORT_DIR=folder / "exports", **arriving):
        yield


@pytest.fixture(scope="module")
def installation(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The old installation after `migrate`. Tests that change something use a copy instead."""
    if settings.EMBEDDED_BROKER:  # the database may be another one
        servers.ensure_running(settings.DATA_DIR)
    files = unpacked_files(tmp_path_factory.mktemp("installation"))
    dump = gzip.decompress((FOLDER / "database.sql.gz").read_bytes())
    name = f"{connection.settings_dict['TEST']['NAME']}_upgraded"
    with django_db_blocker.unblock(), new_database(name), files:
        with connection.cursor() as cursor:
            cursor.execute(NOT_FOR_ALL.sub("", dump.decode()))
            cursor.execute(OLDER_EVENTS)
        connection.close()  # the statements have changed the session's settings
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture
def copy(installation: None, tmp_path: Path) -> Iterator[Path]:
    """A copy of the installation that may be changed; returns its folder of files."""
    name = connection.settings_dict["NAME"]
    with new_database(f"{name}_copy", like=name), unpacked_files(tmp_path):
        yield tmp_path


def log_in(name: str) -> Client:
    client = Client()
    if name:
        client.force_login(User.objects.get(username=name))
    return client


# ---- What was there is there -------------------------------------------------------------------------------


def test_nothing_is_left_to_migrate(installation):
    call_command("migrate", check_unapplied=True, verbosity=0)
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_table_keeps_its_name(installation):
    assert len(LAYOUT["tables"]) > 30
    assert set(LAYOUT["tables"]) <= set(read_layout()["tables"])


def test_every_role_keeps_its_permissions_and_gets_no_other_old_one(installation):
    now, old = read_layout(), set(LAYOUT["permissions"])
    kept = {role: sorted(old & set(held)) for role, held in now["groups"].items() if role in LAYOUT["groups"]}
    assert old <= set(now["permissions"])
    assert kept == LAYOUT["groups"]
    assert len(kept["Administrator"]) > len(kept["Analyst"]) > len(kept["Viewer"]) > 0


@pytest.mark.parametrize("name", [*PEOPLE, WITH_SECOND_FACTOR])
def test_everybody_logs_in_as_before(installation, name):
    client = Client()
    entered = client.post(LOGIN, {"login": name, "password": PASSWORD})
    if name == WITH_SECOND_FACTOR:
        assert entered.url == "/accounts/2fa/authenticate/"
        entered = client.post(entered.url, {"code": code_of(name)})
    assert entered.url == "/"
    assert client.get("/").status_code == 200


def code_of(name: str) -> str:
    """The current code of the person's authenticator app."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
    from allauth.mfa.utils import decrypt

    secret = Authenticator.objects.get(user__username=name, type="totp").wrap()
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(decrypt(secret.instance.data["secret"]), counter))


def test_people_without_access_still_have_none(installation):
    client = Client()
    client.post(LOGIN, {"login": DISABLED, "password": PASSWORD})
    assert LOGIN in client.get("/").url


@pytest.fixture(scope="module")
def answers(installation: None) -> dict[str, tuple[str | int, str]]:
    """An administrator's responses to every URL now."""
    client = log_in(ADMINISTRATOR)
    return {address: ask(client, address) for address in ANSWERS}


def test_every_address_answers_as_before(answers):
    assert len(answers) > 200
    differing = {
        address: (found, ANSWERS[address][-2])
        for address, (found, _) in answers.items()
        if found != ANSWERS[address][-2]
    }
    assert not differing


def test_every_list_and_the_numbers_of_every_chart_are_equal_to_the_byte(answers):
    files = {address: said[-1] for address, said in ANSWERS.items() if said[-1]}
    assert len(files) > 50
    assert files == {address: digest for address, (_, digest) in answers.items() if digest}


@pytest.mark.parametrize("name", [name for name in ASKED if name != ADMINISTRATOR])
def test_everybody_else_sees_what_they_saw_and_no_more(installation, name):
    place, client = ASKED.index(name), log_in(name)
    expected = {address: said[place] for address, said in ANSWERS.items() if said[place] is not None}
    assert len(expected) > 90
    assert {address: ask(client, address)[0] for address in expected} == expected


def test_what_people_wrote_is_on_its_page(installation):
    segment = Segment.objects.exclude(notes="").get()
    cluster = segment.clusters.order_by("run")[0]
    page = log_in("vera").get(cluster.get_absolute_url()).content.decode()
    assert "Passers-by &amp; “friends”" in page
    assert "Invite them &lt;soon&gt;." in page


def test_what_people_did_is_in_the_audit_trail(installation):
    page = log_in(ADMINISTRATOR).get("/audit/").content.decode()
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"invited a person", "began an import", "undid an import", "changed a segment"} <= actions
    assert "took an export along" in page


def test_old_events_move_to_their_months_and_the_chain_begins_with_them(copy):
    from audit.trail.chain import seal_events
    from audit.trail.verification import verify_trail

    ids = list(AuditEvent.objects.order_by("id").values_list("id", flat=True))
    # 27 of the old release, the ones of above, the migration's own, and what came since.
    assert ids == list(range(1, len(ids) + 1))
    assert len(ids) >= 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_auditevent_2024_02")
        assert cursor.fetchone() == (1,)
    seal_events()
    assert (verify_trail().count, verify_trail().problems) == (len(ids), [])
    with pytest.raises(ProgrammingError, match="only added to"):
        AuditEvent.objects.update(subject="another")


def test_old_events_no_longer_hold_what_people_typed(installation):
    failed = AuditEvent.objects.filter(action="failed to log in").order_by("id")
    assert [each.subject for each in failed][-2:] == [digest_of("seven green bottles 42"), "vera"]
    unclear, clear = AuditEvent.objects.filter(subject="customers of Shop").order_by("id")
    assert unclear.details["selection"].startswith("hmac:")
    assert " " not in unclear.details["selection"]
    assert clear.details == {
        "rows": 2,
        "selection": f"Customer ID begins with “{digest_of('C-7')}”; Age is {digest_of('30')};"
        f" City is “{digest_of('Rome')}” or “{digest_of('Paris')}”; Age is missing",
    }
    said = AuditEvent.objects.get(action="rewrote old events")
    assert said.details == {"failed logins": 2, "exports": 2}


# ---- And goes on -------------------------------------------------------------------------------------------


def test_the_next_file_and_run_continue_from_the_old_ones(copy, capsys):
    shop = Dataset.objects.get(name="Sample shop")
    attributes = {each.name: each for each in shop.attributes.all()}
    before = SegmentationRun.objects.filter(segmentation__dataset=shop).earliest("pk")
    (copy / "next.csv").write_text(
        "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
        "1,Female,21,23,84\n201,Male,40,60,50\n"
    )
    call_command("import_customers", str(copy / "next.csv"), "--dataset", shop.name, "--json")
    imported = json.loads(capsys.readouterr().out)
    assert (imported["created"], imported["updated"], imported["rejected"]) == (1, 1, 0)
    shop.refresh_from_db()
    assert Customer.objects.of(shop).get(customer_id="1").value(attributes["Age"]) == 21

    call_command("segment", "--dataset", shop.name, "--features", *before.feature_names, "--json")
    after = SegmentationRun.objects.get(pk=json.loads(capsys.readouterr().out)["run"])
    assert after.segmentation == before.segmentation
    assert set(after.clusters.values_list("segment")) == set(before.clusters.values_list("segment"))
    assert log_in("vera").get(after.get_absolute_url()).status_code == 200


@pytest.fixture
def send_as_before(copy: Path) -> Iterator[Callable[[str, int], None]]:
    """Sends messages as the old release did, to a new worker on the copy."""
    queue = connection.settings_dict["NAME"]  # so that no other worker receives it
    with (copy / "worker.log").open("wb") as log:
        worker = processes.start_bound(
            [sys.executable, "-m", "celery", "-A", "segmenter", "worker", "--queues", queue, "-c", "1"],
            signal_if_orphaned=signal.SIGKILL,
            stdout=log,
            stderr=log,
            cwd=settings.BASE_DIR,
            env={**make_site_environment(), "DATA_DIR": str(copy)},
        )
    yield lambda task, job_id: current_app.send_task(task, args=[job_id], queue=queue)
    worker.terminate()
    try:
        worker.wait(20)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def test_queued_jobs_are_done_by_the_new_worker(copy, send_as_before, wait_until):
    messages = {
        "run": "segmenter.tasks.execute_run",
        "picture": "segmenter.tasks.count_picture",
        "export": "segmenter.tasks.execute_export",
        "import": "customers.tasks.execute_import",
    }
    waiting = Job.objects.filter(state="queued")
    jobs = dict(waiting.values_list("kind", "pk"))
    assert jobs.keys() == messages.keys()
    for kind, task in messages.items():
        send_as_before(task, jobs[kind])
    wait_until(lambda: not Job.objects.active().exists(), seconds=120)
    log = (copy / "worker.log").read_text()
    assert set(Job.objects.filter(pk__in=jobs.values()).values_list("state", "error")) == {
        ("succeeded", "")
    }, log
    assert SegmentationRun.objects.get(job=jobs["run"]).clusters.count() == 4
    assert RunPicture.objects.get(job=jobs["picture"]).picture
    export = CustomerExport.objects.get(job=jobs["export"])
    assert export.sha256 == ANSWERS[f"/runs/{export.run_id}/export.csv"][-1]
    march = CustomerImport.objects.get(job=jobs["import"])
    # Fifteen new ones, and the one whose row was rejected in February.
    assert (march.created_count, march.rejected_count) == (16, 0)
