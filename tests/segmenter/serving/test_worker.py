"""The web server against clients that send or read slowly, or not at all."""

import contextlib
import signal
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from segmentation.exports.background import path_of
from tests.segmenter.serving.conftest import SILENCE_SECONDS, web_server

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 60
LARGE_FILE = "/static/vendor/tabler/tabler.min.css"


def request_of(path, session=""):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={session}\r\n\r\n".encode()


def head_of(path, length):
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


def answers_others(web):
    """Ask from another address, while the slow ones are there."""
    for path in ("/healthz?only=database", "/accounts/login/", LARGE_FILE):
        status, body, _ = web.get(path, source="127.0.0.2")
        assert status == 200, (path, body)


def is_gone(client):
    """Whether the server has ended the connection, whatever it had sent before."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while client.recv(2**20):
            pass
    return True


def test_clients_that_read_nothing_hold_nobody_up_and_are_dropped(web):
    clients = [web.connect(receive_buffer=4096) for _ in range(CLIENTS)]
    for number, client in enumerate(clients):
        client.sendall(request_of((LARGE_FILE, "/accounts/login/")[number % 2]) * 12)
    give_up_at = time.monotonic() + 60
    while any(still_open(client, web) for client in clients):
        assert time.monotonic() < give_up_at
        answers_others(web)
        time.sleep(0.2)
    for client in clients:
        client.close()


def still_open(client, web):
    """Whether the server still has this connection, from the kernel's table of connections."""
    port = client.getsockname()[1]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if int(local.split(":")[1], 16) == web.address[1] and int(remote.split(":")[1], 16) == port:
            return state == "01"
    return False


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /accounts/login/ HTTP/1.1\r\nHost: local",
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nlogin=",
    ],
    ids=["before the request", "in the middle of the headers", "in the middle of a body"],
)
def test_clients_that_stop_sending_hold_nobody_up_and_are_dropped(web, beginning):
    clients = [web.connect() for _ in range(CLIENTS)]
    for client in clients:
        client.sendall(beginning)
    answers_others(web)
    assert all(is_gone(client) for client in clients)
    for client in clients:
        client.close()


def test_clients_that_send_a_byte_now_and_then_are_dropped(web):
    clients = [web.connect() for _ in range(CLIENTS)]
    left = list(clients)
    give_up_at = time.monotonic() + 60
    while left:
        assert time.monotonic() < give_up_at
        for client in list(left):
            try:
                client.send(b"G")
            except OSError:
                left.remove(client)
        answers_others(web)
        time.sleep(0.2)
    for client in clients:
        client.close()


def test_a_body_that_nobody_may_send_is_refused(web):
    status, body, _ = web.get("/accounts/login/", "POST", b"x" * (3 * 2**20))
    assert status == 413
    assert b"too large" in body.lower()


def test_an_answer_is_completed_when_the_server_is_asked_to_end(site_environment):
    with web_server(site_environment) as web, web.connect(receive_buffer=4096) as client:
        client.sendall(request_of(LARGE_FILE))
        received = client.recv(1000)
        web.process.send_signal(signal.SIGTERM)
        while block := client.recv(4096):
            received += block
            time.sleep(0.0005)
        head, _, body = received.partition(b"\r\n\r\n")
        assert len(body) == int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


def test_more_visitors_than_it_can_serve_are_told_to_come_back(site_environment):
    """Threads wait for the database, which is locked: the rest is refused at once, and health is answered."""
    from django.db import connection, transaction

    limits = {"WEB_REQUESTS_AT_ONCE": "1", "WEB_REQUESTS_WAITING": "2"}
    with web_server(site_environment, **limits) as web:
        found = []
        with transaction.atomic():
            connection.cursor().execute("LOCK TABLE django_session")
            visitors = [threading.Thread(target=visit, args=(web, found)) for _ in range(12)]
            for visitor in visitors:
                visitor.start()
            while len(found) < 9:
                time.sleep(0.05)
            assert {status for status, _, _ in found} == {503}
            assert {headers["Retry-After"] for _, _, headers in found} == {"5"}
            assert web.get("/static/segmenter/icon.svg")[0] == 200
        for visitor in visitors:
            visitor.join(60)
        assert [status for status, _, _ in found].count(200) == 3


def visit(web, found):
    found.append(web.get("/accounts/login/", headers={"Cookie": "sessionid=" + "a" * 32}))


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("length", ["Content-Length: 2000000000", "Transfer-Encoding: chunked"])
def test_a_large_file_is_refused_before_it_is_sent(proxy, method, length):
    head = f"{method} /datasets/shop/import/ HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n"
    with proxy.connect() as client:
        client.sendall(head.encode())
        status = client.recv(65536)[:12]
    assert status in {b"HTTP/1.1 303", b"HTTP/1.1 405"}
    assert proxy.get("/datasets/shop/import/")[0] == 302


def test_a_header_does_not_move_the_site(web):
    assert (
        web.get("/accounts/login/", headers={"SCRIPT_NAME": "/elsewhere", "Script-Name": "/elsewhere"})[0]
        == 200
    )


@pytest.mark.parametrize("charset", ["rot13", "base64", '"hex"', "no-such"])
def test_a_charset_that_encodes_no_text_is_as_good_as_none(server, charset):
    said = {"Content-Type": f"text/plain; charset={charset}; more=1"}
    assert server.get("/accounts/login/?next=/runs/", headers=said)[0] == 200


def test_a_body_that_arrives_lies_in_the_data_folder(server):
    """A temporary folder may be memory."""
    with server.connect() as client:
        client.sendall(
            b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
        )
        client.sendall(b"x" * 2_000_000)
        arriving = str(settings.FILE_UPLOAD_TEMP_DIR)
        give_up_at = time.monotonic() + 20
        while not any(link.startswith(arriving) for link in open_files(server.process.pid)):
            assert time.monotonic() < give_up_at
            client.sendall(b"x" * 1000)
            time.sleep(0.1)


def open_files(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for link in (link for child in children for link in Path(f"/proc/{child}/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):
            yield str(link.readlink())


@pytest.fixture
def large_download(shop, execute_a_run, export_in_background, analyst_client):
    """The address of a prepared export that no client's buffers hold, and the session of its owner."""
    user = User.objects.get(pk=analyst_client.session["_auth_user_id"])
    export = export_in_background(execute_a_run(shop, k=5).clusters.first(), user)
    path_of(export.file_id).write_bytes(b"x" * 20_000_000)
    return f"{export.get_absolute_url()}download/", analyst_client.session.session_key


def test_downloads_that_stall_hold_no_connection_to_the_database(large_download, server):
    """There are more of them than a process has connections to the database."""
    clients = [server.connect(receive_buffer=4096) for _ in range(12)]
    for client in clients:
        client.sendall(request_of(*large_download))
        assert b"text/csv" in client.recv(1000)
    answers_others(server)
    for client in clients:
        client.close()


def test_a_download_that_is_taken_slowly_is_complete(large_download, web):
    """It takes far longer than the silence that ends a connection."""
    client = web.connect(receive_buffer=4096)
    client.sendall(request_of(*large_download).replace(b"Host", b"Connection: close\r\nHost"))
    # Bytes would be copied with every piece: the client would then be slower than the silence allows.
    began, answer = time.monotonic(), bytearray()
    while received := client.recv(2**17):
        answer += received
        time.sleep(0.0004 * len(received) / 1000)
    client.close()
    _, _, body = answer.partition(b"\r\n\r\n")
    assert len(body) == 20_000_000
    assert time.monotonic() - began > 2 * SILENCE_SECONDS
