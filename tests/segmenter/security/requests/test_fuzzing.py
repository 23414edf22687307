"""Odd values in every parameter and every field of every address: refused or ignored, never a server error.

Which names an address reads is watched while it reads them, so that a new one takes part by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.test.client import BOUNDARY
from django.urls import reverse

from customers.models import CustomerImport
from tests.segmenter.security.test_permissions import address, read_table

VALUES = [
    "\0",
    "\ud800",
    "9" * 30,
    "9" * 5_000,
    "-1",
    "1e400",
    "NaN",
    "[]",
    '{"a": [1]}',
    "'; DROP TABLE x --",
    "%",
    "\u202e\ufeff\U0001f600",
    "a" * 10_000,
    "",
    "\r\n",
]
FORM = "application/x-www-form-urlencoded"
HEADERS = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Type",
    "Cookie",
    "HX-Current-URL",
    "HX-Request",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Range",
    "Referer",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Request-Id",
)
NUL = "\\000"  # as a quoted cookie writes it
CHARSETS = ("nonsense", "rot13", "utf-7", "utf-16", "raw_unicode_escape", "idna", "punycode")
# 503 is a list that takes too long.
BROKEN = (500, 501, 502, 504)
# So many are tried for one name at one address; the next name goes on with the next ones.
PER_NAME = 2


@pytest.fixture
def read(monkeypatch) -> set[str]:
    """The names of parameters and fields that are asked for, as they are asked for."""
    found: set[str] = set()

    def watch(name: str) -> None:
        asked = getattr(QueryDict, name)

        def ask_and_tell(form: QueryDict, key: str, *args: Any) -> Any:
            found.add(str(key))
            return asked(form, key, *args)

        monkeypatch.setattr(QueryDict, name, ask_and_tell)

    for name in ("__getitem__", "__contains__", "get", "getlist"):
        watch(name)
    return found


def ways(path: str, methods: dict[str, list[str]], world: Any) -> Iterator[tuple[str, str]]:
    # As a table a chart reads the same, without the time it takes to draw it.
    where = address(path, {**world.arguments, "format": "csv"})
    for method in ("GET", "POST"):
        if methods[method][-1] not in ("404", "405"):
            yield method, where


def quoted(fields: list[tuple[str, str]]) -> str:
    return urlencode(fields, errors="surrogatepass")


def multipart(fields: list[tuple[str, str]]) -> bytes:
    parts = [
        f"--{BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{value}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode(errors="surrogatepass")


def ask(
    client: Client,
    method: str,
    where: str,
    fields: list[tuple[str, str]],
    *,
    files: bool = False,
    follow: bool = False,
) -> int:
    """The status of a request, or of the page it leads to; its changes are rolled back."""
    with transaction.atomic():
        if method == "GET":
            response = client.get(f"{where}?{quoted(fields)}")
        elif files:
            kind = f"multipart/form-data; boundary={BOUNDARY}"
            response = client.post(where, multipart(fields), content_type=kind)
        else:
            response = client.post(where, quoted(fields), content_type=FORM, follow=follow)
        if response.streaming:
            response.close()
        transaction.set_rollback(True)
    return response.status_code


@pytest.fixture
def client(administrator: User) -> Iterator[Client]:
    """Whatever a request does to the login, the next one has it again."""

    class LoggedIn(Client):
        def request(self, **request: Any) -> Any:
            self.cookies.clear()
            if "HTTP_COOKIE" not in request:
                self.cookies.update(cookies)
            return super().request(**request)

        def _base_environ(self, **request: Any) -> dict[str, Any]:
            return super()._base_environ(**request) | request

    logged_in = LoggedIn(raise_request_exception=False)
    logged_in.force_login(administrator)
    logging.disable()  # thousands of refusals, each with its traceback
    cookies = logged_in.cookies.copy()
    yield logged_in
    logging.disable(logging.NOTSET)


def try_odd_values(
    client: Client, method: str, where: str, read: set[str], values: Iterator[str]
) -> list[str]:
    """Ask with odd values for every name that is read; return what was answered with a server error."""
    read.clear()
    ask(client, method, where, [("next", "1")])
    names = sorted(read - {"csrfmiddlewaretoken", "encoding"})
    tries = [[(name, value) for name in (*names, "next")] for value in VALUES[:2]]
    tries += [[(name, value)] * 2 for name in names for value in islice(values, PER_NAME)]
    answers = [
        (ask(client, method, where, fields, files=number == 0), fields[0])
        for number, fields in enumerate(tries)
    ]
    return [f"{status} {method} {where} {field}"[:200] for status, field in answers if status in BROKEN]


def test_no_odd_value_in_any_parameter_or_field_gives_a_server_error(world, client, read):
    values, asked, names = cycle(VALUES), 0, set()
    broken = []
    for path, methods in read_table().items():
        for method, where in ways(path, methods, world):
            broken += try_odd_values(client, method, where, read, values)
            asked, names = asked + 1, names | read
    assert not broken, "\n".join(broken)
    assert (asked > 80, len(names) > 30) == (True, True)


def test_no_odd_value_about_a_waiting_file_gives_a_server_error(world, client, read):
    upload = SimpleUploadedFile("odd.csv", b"CustomerID;Name;Spend\n1;Ann;1,5\n2;Bob;7\n")
    client.post(reverse("customers:import-create", args=[world.dataset.slug]), {"file": upload})
    waiting = CustomerImport.objects.get(job=None)
    client.get(waiting.get_absolute_url())
    begin = reverse("customers:import-begin", args=[waiting.pk])
    broken = try_odd_values(client, "POST", begin, read, cycle(VALUES))
    assert "c1-name" in read
    for value in VALUES:
        for name in ("delimiter", "encoding", "sheet"):
            fields = [("action", "reread"), (name, value)]
            if (status := ask(client, "POST", begin, fields, follow=True)) in BROKEN:
                broken.append(f"{status} {name} {value[:20]!r}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("where", ["/accounts/login/", "/runs/", "/datasets/new/"])
def test_no_odd_header_or_cookie_gives_a_server_error(client, settings, where):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    headers = [(name, value) for name in HEADERS for value in VALUES if value.isascii() and "\r" not in value]
    headers += [("Content-Type", f"{FORM}; charset={charset}") for charset in CHARSETS]
    headers += [("Cookie", f'{name}="ab{NUL}cdefgh"') for name in ("sessionid", "csrftoken", "messages", NUL)]
    posted = "login=maria&password=x&name=%5Cud800+2AA-"
    answers = [
        (client.get(where, headers={name: value}), client.post(where, posted, FORM, headers={name: value}))
        for name, value in headers
    ]
    broken = [
        f"{answer.status_code} {name}: {value[:40]!r}"
        for (name, value), both in zip(headers, answers, strict=True)
        for answer in both
        if answer.status_code in BROKEN
    ]
    assert len(headers) > 100
    assert not broken, "\n".join(broken)
