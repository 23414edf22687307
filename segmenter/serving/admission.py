"""How many requests are worked on at once, how many wait, and what the others are told.

Requests are sorted into lanes, so that many logins, whose passwords are costly to check, do not keep pages
waiting, and neither keeps a health check waiting. In each lane some are worked on, some wait, and whoever
comes after them is told at once to come back: an answer in time, even if it is a refusal.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.db import connections
from django.template.loader import render_to_string

RETRY_AFTER_SECONDS = 5
THREADS_TO_REFUSE = 4
# The page is answered before Django, which otherwise adds it.
BUSY_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
CLIENTS_REMEMBERED = 5_000
# Addresses whose answers never take long, and those that check or hash a password when something is sent.
HEALTH, STATIC = ("/healthz",), ("/static/",)
PASSWORDS = ("/accounts/login/", "/accounts/password/", "/accounts/reauthenticate/")


@dataclass(frozen=True)
class Capacity:
    """How many of a lane's requests a process works on at once, and how many may wait for how long."""

    at_once: int
    waiting: int
    patience_seconds: float = 10


@dataclass(frozen=True)
class Client:
    """Who asks: an address, and the connection if the site sees it, not a proxy."""

    address: str = ""
    connection: str = ""


NOBODY = Client()


@dataclass(eq=False)
class _Waiting:
    """A request that waits: who asks, as the how-manieth, and what becomes of it."""

    client: Client
    number: int
    is_decided: threading.Event = field(default_factory=threading.Event)
    is_let_in: bool = False

    def decide(self, *, is_let_in: bool) -> None:
        self.is_let_in = is_let_in
        self.is_decided.set()


class Lane:
    """The requests of one kind; first come addresses with few of them, then connections long not served.

    A client that asks again and again, or on many connections, thereby waits for those that ask now and then.
    If too many wait, it is the last in this order that is refused, not the last to come.
    """

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._free = capacity.at_once
        self._queue: list[_Waiting] = []
        self._served_at: OrderedDict[Client, float] = OrderedDict()
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def enter(self, client: Client = NOBODY) -> bool:
        """Wait for a place; `False` if too many wait, or it took too long. `leave` gives the place back."""
        with self._lock:
            waiting = _Waiting(client, next(self._numbers))
            if self._free:
                self._let_in(waiting)
                self._free -= 1
                return True
            self._queue.append(waiting)
            if len(self._queue) > self.capacity.waiting:
                self._take(max(self._queue, key=self._rank)).decide(is_let_in=False)
        if not waiting.is_decided.wait(self.capacity.patience_seconds):
            with self._lock:
                if not waiting.is_decided.is_set():  # it may have been called in the last moment
                    self._take(waiting).decide(is_let_in=False)
        return waiting.is_let_in

    def leave(self) -> None:
        """Give the place to the next."""
        with self._lock:
            if self._queue:
                self._let_in(self._take(min(self._queue, key=self._rank)))
            else:
                self._free += 1

    @property
    def is_empty(self) -> bool:
        return self._free == self.capacity.at_once

    def _rank(self, waiting: _Waiting) -> tuple[int, float, int]:
        address = waiting.client.address
        rivals = sum(other.client.address == address for other in self._queue)
        return rivals, self._served_at.get(waiting.client, 0.0), waiting.number

    def _take(self, waiting: _Waiting) -> _Waiting:
        self._queue.remove(waiting)
        return waiting

    def _let_in(self, waiting: _Waiting) -> None:
        self._served_at[waiting.client] = time.monotonic()
        self._served_at.move_to_end(waiting.client)
        if len(self._served_at) > CLIENTS_REMEMBERED:
            self._served_at.popitem(last=False)
        waiting.decide(is_let_in=True)


class Admission:
    """WSGI middleware that lets in as many requests as the process can serve well.

    Parameters
    ----------
    application
        What is served.
    capacities
        Of the lanes `page`, `password`, `static` and `health`.
    """

    def __init__(self, application: WSGIApplication, capacities: dict[str, Capacity]) -> None:
        self._application = application
        self._lanes = {name: Lane(capacity) for name, capacity in capacities.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        lane = self._lanes[lane_of(environ)]
        if not lane.enter(client_of(environ)):
            return self._refuse(start_response)
        try:
            answer = self._application(environ, start_response)
        except BaseException:
            lane.leave()
            raise
        file_wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(file_wrapper, type) and isinstance(answer, file_wrapper):
            # The server sends the file, and closes it on another thread: nothing is left to do on this one.
            connections.close_all()
            lane.leave()
            return answer
        return _Admitted(answer, lane)

    @property
    def places(self) -> int:
        """How many threads it takes to work, to wait and to refuse."""
        capacities = [lane.capacity for lane in self._lanes.values()]
        return sum(capacity.at_once + capacity.waiting for capacity in capacities) + THREADS_TO_REFUSE

    @property
    def is_at_rest(self) -> bool:
        """Whether no request is worked on."""
        return all(lane.is_empty for lane in self._lanes.values())

    def _refuse(self, start_response: StartResponse) -> Iterable[bytes]:
        body = busy_page()
        start_response(
            "503 Service Unavailable",
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Retry-After", str(RETRY_AFTER_SECONDS)),
                ("Cache-Control", "no-store"),
                ("Content-Security-Policy", BUSY_POLICY),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        return [body]


def capacities() -> dict[str, Capacity]:
    """What a process of the site takes on."""
    at_once, waiting = settings.WEB_REQUESTS_AT_ONCE, settings.WEB_REQUESTS_WAITING
    return {
        "page": Capacity(at_once, waiting),
        "password": Capacity(1, waiting, patience_seconds=20),
        "static": Capacity(2, 64),
        "health": Capacity(1, 8),
    }


@cache
def busy_page() -> bytes:
    """Render the page for those who are not let in: without a request, and once."""
    return render_to_string("busy.html", {"seconds": RETRY_AFTER_SECONDS}).encode()


def lane_of(environ: WSGIEnvironment) -> str:
    path = environ.get("PATH_INFO", "")
    if path.startswith(HEALTH):
        return "health"
    if path.startswith(STATIC):
        return "static"
    if environ.get("REQUEST_METHOD") == "POST" and path.startswith(PASSWORDS):
        return "password"
    return "page"


def client_of(environ: WSGIEnvironment) -> Client:
    """Who asks; behind proxies of one's own, the address that the outermost of them saw."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if proxies:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        return Client(forwarded[-proxies].strip()) if len(forwarded) >= proxies else NOBODY
    return Client(environ.get("REMOTE_ADDR", ""), environ.get("REMOTE_PORT", ""))


class _Admitted:
    """An answer whose place in the lane is given back when it ends, however it ends."""

    def __init__(self, answer: Iterable[bytes], lane: Lane) -> None:
        self._answer, self._lane = answer, lane

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        try:
            close: Any = getattr(self._answer, "close", None)
            if close is not None:
                close()
        finally:
            self._lane.leave()
