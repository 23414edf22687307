"""Downloads of people who are disabled, or lose the permission, while they go on."""

import contextlib
import gc
import http.client
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from audit import access
from audit.access import Access, AccessRevokedError, WatchedFile
from audit.models import AuditEvent
from customers.exports import csv
from customers.models import Customer
from segmentation.exports.background import path_of
from segmenter.embedded import processes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(access, "LOOK_SECONDS", 0.05)


def elsewhere(change) -> None:
    """Change something on another connection: this one may be in the middle of a list."""

    def act() -> None:
        try:
            change()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(act).result()


def disable(user) -> None:
    elsewhere(lambda: User.objects.filter(pk=user.pk).update(is_active=False))


def demote(user) -> None:
    elsewhere(user.groups.clear)


@pytest.fixture
def watched(wait_until) -> Callable[[], Access]:
    """The access to the one download that goes on."""

    def find() -> Access:
        gc.collect()
        [mine] = access._Watch.watched
        return mine

    return find


@pytest.mark.parametrize("end", [disable, demote])
def test_a_prepared_export_cannot_be_read_on(analyst, analyst_client, world, watched, wait_until, end):
    path_of(world.export.file_id).write_bytes(b"x" * 100_000)
    answer = analyst_client.get(reverse("segmentation:export-download", args=[world.export.pk]))
    blocks = iter(answer.streaming_content)
    assert next(blocks)
    end(analyst)
    wait_until(lambda: watched().is_revoked)
    with pytest.raises(AccessRevokedError):
        next(blocks)
    answer.close()


def test_no_way_of_reading_a_file_goes_past_the_look(analyst, tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"1,2\n")
    mine = Access(analyst.pk, [])
    with WatchedFile(path, mine) as file:
        ways = (
            lambda: file.read(2),
            file.read,
            file.readall,
            lambda: file.readinto(bytearray(4)),
            file.readline,
        )
        for read in ways:
            file.seek(0)
            assert read()
        mine.is_revoked = True
        for read in ways:
            file.seek(0)
            with pytest.raises(AccessRevokedError):
                read()
        with pytest.raises(OSError, match="fileno"):
            file.fileno()  # or the kernel would send it


@pytest.mark.parametrize("end", [disable, demote])
def test_a_list_that_is_being_sent_ends_in_the_middle(analyst, analyst_client, world, monkeypatch, end):
    monkeypatch.setattr(csv, "CHUNK_ROWS", 1)
    answer = analyst_client.get(reverse("segmentation:customers-file", args=[world.dataset.slug, "csv"]))
    blocks, got = iter(answer.streaming_content), 0
    next(blocks)
    end(analyst)
    with contextlib.suppress(AccessRevokedError):
        for _ in blocks:
            got += 1
            time.sleep(0.05)
    assert got < Customer.objects.of(world.dataset).count() - 1
    assert AuditEvent.objects.first().action == "broke off an export"
    answer.close()


def test_nothing_is_cut_for_those_who_may(analyst_client, world, watched, wait_until, monkeypatch):
    answer = analyst_client.get(reverse("segmentation:export-download", args=[world.export.pk]))
    looks, look = [], Access.look
    monkeypatch.setattr(Access, "look", lambda mine: looks.append(look(mine)))
    wait_until(lambda: len(looks) > 2)
    assert not watched().is_revoked
    assert b"".join(answer.streaming_content) == path_of(world.export.file_id).read_bytes()
    answer.close()


def test_a_database_that_does_not_answer_cuts_nobody(analyst, monkeypatch):
    mine = Access(analyst.pk, ["segmenter.export_segment"])

    def fail() -> None:
        raise ConnectionError

    monkeypatch.setattr(mine, "look", fail)
    access._Watch.look_at([mine])
    mine.check()


def test_nobody_looks_when_nothing_is_downloaded(wait_until):
    gc.collect()
    wait_until(lambda: access._Watch.thread is None)


def test_the_web_server_cuts_the_download_of_somebody_who_is_disabled(
    site_environment, analyst, analyst_client, world
):
    with path_of(world.export.file_id).open("wb") as file:
        file.truncate(60_000_000)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:segmenter.gunicorn", "segmenter.wsgi"]
    server = processes.start_bound(
        [*command, "--bind", f"{host}:{port}", "--workers", "1"],
        signal_if_orphaned=signal.SIGKILL,
        cwd=settings.BASE_DIR,
        env=site_environment,
    )
    try:
        with ask(host, port, world.export, analyst_client.cookies["sessionid"].value) as answer:
            assert answer.status == 200
            assert answer.read(1_000)
            disable(analyst)
            with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
                while answer.read(65_536):
                    time.sleep(0.01)
            assert answer.length  # so much of it never came
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def ask(host: str, port: int, export, session: str) -> Iterator[http.client.HTTPResponse]:
    address = reverse("segmentation:export-download", args=[export.pk])
    headers = {"Host": "localhost", "Cookie": f"sessionid={session}"}
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=60)) as asking:
        while asking.sock is None:
            with contextlib.suppress(ConnectionRefusedError):
                asking.connect()
        asking.request("GET", address, headers=headers)
        with asking.getresponse() as answer:
            yield answer
