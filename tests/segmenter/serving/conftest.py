"""A real web server of the site, and clients that misbehave."""

import http.client
import os
import signal
import socket
import sys
import time
from contextlib import contextmanager

import pytest
from django.conf import settings

from segmenter.embedded import processes
from tests.fixtures.worker import make_site_environment

SILENCE_SECONDS = 2


class WebServer:
    """One process of the site behind gunicorn."""

    def __init__(self, environment, *arguments):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        command = [sys.executable, "-m", "gunicorn", "--config", "python:segmenter.gunicorn"]
        bind = ["--bind", f"127.0.0.1:{self.address[1]}", "--workers", "1"]
        self.process = processes.start_bound(
            [*command, *bind, *arguments, "segmenter.wsgi"],
            signal_if_orphaned=signal.SIGKILL,
            cwd=settings.BASE_DIR,
            env=environment,
        )

    def wait(self):
        while True:
            assert self.process.poll() is None, "the web server ended"
            try:
                if self.get("/healthz?only=database")[0] == 200:
                    return
            except ConnectionRefusedError:
                time.sleep(0.1)

    def get(self, path, method="GET", body=None, headers=None, source="127.0.0.1"):
        """Status, body and headers of an answer on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=60, source_address=(source, 0))
        try:
            connection.request(method, path, body, {"Host": "localhost", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def connect(self, receive_buffer=None):
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(60)
        client.connect(self.address)
        return client

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


@contextmanager
def web_server(environment, **more):
    server = WebServer({**environment, "REQUEST_SILENCE_SECONDS": str(SILENCE_SECONDS), **more})
    try:
        server.wait()
        yield server
    finally:
        server.stop()


class Proxy:
    """nginx with the site's configuration before a web server; what a server of its own would be asked."""

    get, connect = WebServer.get, WebServer.connect

    def __init__(self, server, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        self.server, self.process = server, None
        shipped = (settings.BASE_DIR / "segmenter" / "serving" / "nginx.conf").read_text()
        for said, here in [
            ("server web:8000;", f"server 127.0.0.1:{server.address[1]};"),
            ("listen 8080 ", f"listen 127.0.0.1:{self.address[1]} "),
            ("/var/cache/nginx/static", f"{folder}/static"),
            *[(f"{name} {seconds}s;", f"{name} {SILENCE_SECONDS}s;") for name, seconds in TIMEOUTS.items()],
        ]:
            assert shipped.count(said) == 1, said
            shipped = shipped.replace(said, here)
        temporary = " ".join(
            f"{name}_temp_path {folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.config = folder / "nginx.conf"
        self.config.write_text(
            f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
            f"{'user root;' if os.geteuid() == 0 else ''}"
            f"events {{ worker_connections 1024; }} http {{ access_log off; {temporary}\n{shipped}\n}}"
        )

    def start(self):
        self.process = processes.start_bound(
            ["/usr/sbin/nginx", "-c", self.config, "-e", self.config.with_name("error.log")],
            signal_if_orphaned=signal.SIGTERM,
        )
        WebServer.wait(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


# What the shipped configuration says, which tests shorten.
TIMEOUTS = {
    "client_header_timeout": 15,
    "client_body_timeout": 15,
    "send_timeout": 20,
    "\nkeepalive_timeout": 30,
}


@contextmanager
def behind_nginx(server, folder):
    proxy = Proxy(server, folder)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture(scope="module")
def server(django_db_setup):
    """The site as `up` runs it."""
    with web_server(make_site_environment()) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(django_db_setup, tmp_path_factory):
    """The site as production runs it."""
    environment = {**make_site_environment(), "TRUSTED_PROXIES": "1"}
    with web_server(environment) as server, behind_nginx(server, tmp_path_factory.mktemp("nginx")) as proxy:
        yield proxy


@pytest.fixture(params=["by itself", "behind nginx"])
def web(request):
    return request.getfixturevalue("server" if request.param == "by itself" else "proxy")
