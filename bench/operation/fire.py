"""Sixty clients that read nothing, or send a byte a second: what other people wait, and when they are gone.

Against the web server by itself, as under `manage.py up`, and behind nginx, as in production. The attacker
has one address and other people another.
Run with: python -m bench fire
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.browse import make_site
from bench.served import COOKIE, Answer, Visitor, check, log_in, percentile, serving
from bench.site import fresh_site
from segmenter.embedded import processes

SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
CLIENTS, PIPELINED = 60, 12
STATIC = "/static/vendor/tabler/tabler.min.css"
NGINX = Path("/usr/sbin/nginx")
Address = tuple[str, int]


# ---- The bad ones ------------------------------------------------------------------------------------------


def connect(address: Address) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(address)
    return client


def read_nothing(address: Address, paths: list[str], session: str) -> list[socket.socket]:
    clients = [connect(address) for _ in range(CLIENTS)]
    for number, client in enumerate(clients):
        path = paths[number % len(paths)]
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}={session}\r\n\r\n"
        client.sendall(head.encode() * PIPELINED)
    return clients


def trickle(beginning: bytes) -> Callable[[Address, list[str], str], list[socket.socket]]:
    def begin(address: Address, paths: list[str], session: str) -> list[socket.socket]:
        clients = [connect(address) for _ in range(CLIENTS)]
        for client in clients:
            client.sendall(beginning)
        threading.Thread(target=go_on, args=(clients,), daemon=True).start()
        return clients

    def go_on(clients: list[socket.socket]) -> None:
        for _ in range(int(SECONDS)):
            for client in clients:
                try:
                    client.send(b"x")
                except OSError:
                    client.close()
            time.sleep(1)

    return begin


ATTACKS = {
    "read nothing": read_nothing,
    "a byte of a head a second": trickle(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "),
    "a byte of a body a second": trickle(
        b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n"
    ),
}


def still_open(address: Address) -> int:
    """How many connections the server has with the bad ones: those with a small window to receive into."""
    ports = {client.getsockname()[1] for client in BAD if client.fileno() >= 0}
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if (
            state == "01"
            and int(local.split(":")[1], 16) == address[1]
            and int(remote.split(":")[1], 16) in ports
        ):
            count += 1
    return count


BAD: list[socket.socket] = []


# ---- The others --------------------------------------------------------------------------------------------


def probe(address: Address, path: str, session: str, until: float, found: list[Answer]) -> None:
    visitor = Visitor(address, session, source="127.0.0.2")
    while time.monotonic() < until:
        found.append(visitor.get(path))
        time.sleep(0.1)


def attack(name: str, where: str, address: Address, paths: list[str], sessions: list[str]) -> bool:
    until = time.monotonic() + SECONDS
    asked = ["/healthz?only=database", "/", paths[1]]
    found: dict[str, list[Answer]] = {path: [] for path in asked}
    others = [
        threading.Thread(target=probe, args=(address, path, sessions[1], until, found[path]))
        for path in asked
    ]
    for other in others:
        other.start()
    BAD[:] = ATTACKS[name](address, paths, sessions[0])
    began, gone = time.monotonic(), 0.0
    while time.monotonic() < until:
        if still_open(address):
            gone = time.monotonic() - began
        time.sleep(0.5)
    for other in others:
        other.join()
    for client in BAD:
        client.close()
    print(f"{CLIENTS} clients, {name}, {where}")
    passed = [check("the last one is gone after", gone, "s", 60)]
    for path, answers in found.items():
        bad = [answer.status for answer in answers if answer.status != 200]
        passed.append(check(f"99th percentile of {path[:40]}", percentile(answers, 99), "s", 1))
        passed.append(check(f"  of {len(answers)}, not answered with 200", len(bad), "", 0))
    return all(passed)


# ---- The site ----------------------------------------------------------------------------------------------


def prepared_export(run: Any) -> str:
    """The address of a prepared list of all customers; the worker has written it."""
    from django.contrib.auth.models import User
    from django.http import QueryDict

    from customers.lists.selection import Selection
    from jobs.models import Job
    from segmentation.exports.background import start_export
    from segmentation.exports.contents import Exportable

    dataset = run.segmentation.dataset
    what = Exportable.today(dataset, None, Selection.read(QueryDict(), dataset), run)
    keys = [column.key for column in what.rows().columns]
    export = start_export(what, "csv", keys, User.objects.order_by("pk")[0])
    while Job.objects.get(pk=export.job_id).state in ("queued", "running"):
        time.sleep(0.2)
    return f"{export.get_absolute_url()}download/"


@contextmanager
def behind_nginx(address: Address, folder: Path) -> Iterator[Address]:
    """The shipped configuration, listening on this machine alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own: Address = free.getsockname()
    folder.mkdir()
    shipped = Path("segmenter/serving/nginx.conf").read_text()
    shipped = shipped.replace("server web:8000;", f"server 127.0.0.1:{address[1]};")
    shipped = shipped.replace("listen 8080 ", f"listen 127.0.0.1:{own[1]} ")
    shipped = shipped.replace("/var/cache/nginx/static", f"{folder}/static")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; {'user root;' if os.geteuid() == 0 else ''}"
        f"events {{ worker_connections 2048; }} http {{ access_log off; {temporary}\n{shipped}\n}}"
    )
    process = processes.start_bound(
        [NGINX, "-c", config, "-e", folder / "error.log"], signal_if_orphaned=signal.SIGTERM
    )
    try:
        while Visitor(own).get("/healthz?only=database").status != 200:
            time.sleep(0.1)
        yield own
    finally:
        process.terminate()
        process.wait(60)


def main() -> int:
    passed = []
    with fresh_site() as folder:
        run = make_site(folder)
        sessions = log_in(2)
        environment = {"ALLOWED_HOSTS": "localhost"}
        with serving(folder, log=folder / "log", **environment) as address:
            paths = [STATIC, run.get_absolute_url(), prepared_export(run)]
            passed += [attack(name, "by itself", address, paths, sessions) for name in ATTACKS]
        if NGINX.exists():
            with (
                serving(folder, log=folder / "log", TRUSTED_PROXIES="1", **environment) as address,
                behind_nginx(address, folder / "nginx") as proxy,
            ):
                passed += [attack(name, "behind nginx", proxy, paths, sessions) for name in ATTACKS]
        print((folder / "log").read_text()[-3000:])
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())
