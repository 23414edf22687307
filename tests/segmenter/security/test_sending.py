"""Sending too much, too slowly, or something other than announced."""

import http.client
import signal
import socket
import sys

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from customers.models import CustomerImport
from segmenter import gunicorn
from segmenter.embedded import processes

pytestmark = pytest.mark.django_db(transaction=True)
SILENCE_SECONDS = 1


@pytest.fixture
def web_address(site_environment):
    """The address of a real web server with a timeout of one second."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    command = [sys.executable, "-m", "gunicorn", "--config", "python:segmenter.gunicorn", "segmenter.wsgi"]
    server = processes.start_bound(
        [*command, "--bind", f"{host}:{port}", "--workers", "1", "--threads", "1"],
        signal_if_orphaned=signal.SIGKILL,
        cwd=settings.BASE_DIR,
        env={**site_environment, "REQUEST_SILENCE_SECONDS": str(SILENCE_SECONDS)},
    )
    try:
        while not answers(host, port):
            assert server.poll() is None
        yield host, port
    finally:
        server.terminate()
        server.wait()


def answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request("GET", "/accounts/login/", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize(
    "beginning",
    [
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nlogin=",
        b"GET /accounts/login/ HTTP/1.1\r\nHost: local",
    ],
    ids=["in the middle of a body", "in the middle of the headers"],
)
def test_a_client_that_stops_sending_is_cut_off_and_frees_the_thread(web_address, beginning):
    with socket.create_connection(web_address, timeout=60) as slow:
        slow.sendall(beginning)
        assert answers(*web_address)  # there is only one thread, so it was released
        while slow.recv(65536):
            pass  # a refusal, and the connection is closed


def test_a_body_that_trickles_in_is_cut_off(monkeypatch):
    ours, theirs = socket.socketpair()
    clock = [0.0]
    monkeypatch.setattr(gunicorn.time, "monotonic", lambda: clock[0])
    connection = gunicorn.PatientSocket(gunicorn.PatientSocket(ours))
    with ours, theirs:
        theirs.sendall(b"x" * 200)
        clock[0] = gunicorn.GRACE_SECONDS - 1
        assert connection.recv(100)
        clock[0] = gunicorn.GRACE_SECONDS + 1
        with pytest.raises(TimeoutError, match="too slowly"):
            connection.recv(100)


def upload(client, path, size, **said):
    file = SimpleUploadedFile("customers.csv", b"CustomerID,Income\n" + b"1,2\n" * (size // 4))
    return client.post(path, {"file": file}, **said)


def test_people_who_may_not_import_cannot_fill_the_disk(viewer_client, shop, settings):
    many = settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1
    to_import = reverse("customers:import-create", args=[shop.slug])
    before = CustomerImport.objects.count()
    tried = [(Client(), "/accounts/login/"), (Client(), to_import), (viewer_client, to_import)]
    assert [upload(client, path, many).status_code for client, path in tried] == [413, 413, 413]
    assert CustomerImport.objects.count() == before


def test_a_file_within_the_limit_is_accepted_and_a_larger_one_is_not(analyst_client, shop, settings):
    settings.IMPORT_MAX_BYTES = 2 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    to_import = reverse("customers:import-create", args=[shop.slug])
    assert upload(analyst_client, to_import, settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1).status_code == 302
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == []  # it has arrived
    refused = upload(analyst_client, to_import, 4 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE)
    assert refused.status_code == 413
    assert "too large" in refused.content.decode()


def test_an_understated_content_length_does_not_help(analyst_client, shop):
    to_import = reverse("customers:import-create", args=[shop.slug])
    before = CustomerImport.objects.count()
    answer = upload(analyst_client, to_import, 5000, CONTENT_LENGTH="150")
    assert answer.status_code in (200, 400)  # half a form: refused, or shown again
    assert CustomerImport.objects.count() == before


@pytest.mark.parametrize("fields", [1001, 5000])
def test_more_fields_than_any_form_has_are_refused(from_address, fields):
    many = {f"field{number}": "x" for number in range(fields)}
    assert from_address().post("/accounts/login/", many).status_code == 400


def test_more_files_than_any_form_has_are_refused(analyst_client, shop):
    many = {f"file{number}": SimpleUploadedFile("a.csv", b"x") for number in range(101)}
    to_import = reverse("customers:import-create", args=[shop.slug])
    assert analyst_client.post(to_import, many).status_code == 400
