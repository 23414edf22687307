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
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.test.client import BOUNDARY

from tests.segmenter.security.test_permissions import address, read_table

# Names that are read by going through all there are: conditions of lists, and how they are shown.
LISTED = (
    "page",
    "sort",
    "size",
    "after",
    "before",
    "q",
    "column",
    "3",
    "3-from",
    "3-to",
    "3-is",
    "segment",
    "run",
)
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
# So many are tried for one name at one address; the next name goes on with the next ones.
PER_NAME = 1


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
    where = address(path, world.arguments)
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
    client: Client, method: str, where: str, fields: list[tuple[str, str]], *, files: bool = False
) -> int:
    """The status of a request, whose changes are rolled back."""
    with transaction.atomic():
        if method == "GET":
            response = client.get(f"{where}?{quoted(fields)}")
        elif files:
            kind = f"multipart/form-data; boundary={BOUNDARY}"
            response = client.post(where, multipart(fields), content_type=kind)
        else:
            response = client.post(where, quoted(fields), content_type="application/x-www-form-urlencoded")
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
            self.cookies.update(cookies)
            return super().request(**request)

    logged_in = LoggedIn(raise_request_exception=False)
    logged_in.force_login(administrator)
    cookies = logged_in.cookies.copy()
    yield logged_in
    logging.disable(logging.NOTSET)


def test_no_odd_value_in_any_parameter_or_field_gives_a_server_error(world, client, read):
    logging.disable()  # thousands of refusals, each with its traceback
    values, broken, tried, fields_read = cycle(VALUES), [], 0, 0
    for path, methods in read_table().items():
        for method, where in ways(path, methods, world):
            read.clear()
            tries = [[("next", "1"), *((name, "1") for name in LISTED)]]
            ask(client, method, where, tries[0])
            names = sorted(read - {"csrfmiddlewaretoken", "encoding"})
            fields_read += len(names)
            tries += [[(name, value) for name in (*names, "next")] for value in VALUES[:2]]
            tries += [[(name, value)] * 2 for name in names for value in islice(values, PER_NAME)]
            for number, fields in enumerate(tries):
                tried += 1
                status = ask(client, method, where, fields, files=number == 1)
                if status >= 500 and status != 503:
                    broken.append(f"{status} {method} {path} {fields[0][0]}={fields[0][1][:20]!r}")
    assert (tried > 1_500, fields_read > 500) == (True, True)
    assert not broken, "\n".join(broken)
