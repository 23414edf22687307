"""Every URL × role × method against the readable table in permissions.txt.

The routes come from the site itself: a route without a row fails, and so does a row without a route.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from segmentation.deletion import delete_dataset
from segmentation.models import ClusterAssignment

TABLE = Path(__file__).parent / "permissions.txt"
ROLES = ("anonymous", "viewer", "analyst", "administrator")
NEVER = ("PUT", "PATCH", "DELETE", "TRACE")
REGEX_GROUP = re.compile(r"\(\?P<(\w+)>[^)]*\)")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def routes(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route of the site and its path."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + REGEX_GROUP.sub(r"<\1>", str(pattern.pattern)).replace("^", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


def read_table() -> dict[str, dict[str, list[str]]]:
    """What is allowed: by path and method, one answer per role."""
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    table = {}
    for line in lines:
        path, get, post = (part.strip() for part in line.split("|"))
        table[path] = {"GET": get.split(), "POST": post.split()}
    return table


def address(path: str, arguments: dict[str, Any]) -> str:
    """The path with its parameters filled in."""
    return PARAMETER.sub(lambda match: str(arguments[match[1]]), path)


def outcome(response: Any) -> str:
    """`login`: sent to the login; `yes`: done or shown; `no`: not for this role; otherwise the status."""
    location = response.headers.get("Location", "")
    if response.status_code == 302 and "/accounts/login/" in location:
        return "login"
    if response.status_code in (200, 301, 302, 429):
        return "yes"
    return "no" if response.status_code == 403 else str(response.status_code)


@pytest.fixture
def clients(viewer_client: Client, analyst_client: Client, administrator_client: Client) -> dict[str, Client]:
    return dict(zip(ROLES, (Client(), viewer_client, analyst_client, administrator_client), strict=True))


def ask(client: Client, method: str, path: str) -> str:
    """The result of a request, whose changes are rolled back."""
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        response = client.generic(method, path)
        said = outcome(response)
        if response.streaming:  # the others are closed: once more, and Django gives up its connection
            response.close()
        transaction.set_rollback(True)
    client.cookies = cookies
    return said


def test_every_route_has_a_row_and_every_row_a_route():
    paths = {f"/{path}" for path, _ in routes()}
    assert paths
    assert paths == set(read_table())


def test_every_role_may_do_what_the_table_says_and_no_more(world, clients):
    table, wrong = read_table(), []
    assert len(table) > 50
    for path, methods in table.items():
        where = address(path, world.arguments)
        for method, expected in methods.items():
            found = [ask(clients[role], method, where) for role in ROLES]
            if found != expected:
                wrong.append(f"{method} {path}: {' '.join(found)}, not {' '.join(expected)}")
    assert not wrong, "\n".join(wrong)


def test_head_requests_are_allowed_where_get_is(world, clients):
    table, wrong = read_table(), []
    for path, methods in table.items():
        where = address(path, world.arguments)
        found = [ask(clients[role], "HEAD", where) for role in ROLES]
        if found != methods["GET"]:
            wrong.append(f"HEAD {path}: {' '.join(found)}")
    assert not wrong, "\n".join(wrong)


def test_no_other_method_does_anything_for_anybody(world, clients):
    refused = {"login", "no", "404", "405"}
    paths = [address(path, world.arguments) for path in read_table() if not path.startswith("/accounts/")]
    found = {
        (method, path, role): ask(clients[role], method, path)
        for method in NEVER
        for path in paths
        for role in ROLES
    }
    assert len(found) > 500
    assert not {key: said for key, said in found.items() if said not in refused}


def test_pages_behind_the_login_are_never_cached(administrator_client, world):
    checked = 0
    for path, methods in read_table().items():
        if methods["GET"][-1] == "yes" and "charts" not in path:
            answer = administrator_client.get(address(path, world.arguments))
            assert "no-store" in answer["Cache-Control"], path
            answer.close()
            checked += 1
    assert checked > 25


def test_a_deleted_dataset_is_out_of_sight_before_anything_is_cleared_away(
    world, administrator_client, make_dataset
):
    pages = {path: address(path, world.arguments) for path in read_table() if "<" in path}
    own = ("slug:", "import_id", "segmentation_id", "run_id", "export_id")
    pages = {path: where for path, where in pages.items() if any(name in path for name in own)}
    lists = ["/", "/datasets/", "/runs/", "/jobs/?state=queued", f"/jobs/{world.run.job_id}/"]
    name = world.dataset.name
    delete_dataset(world.dataset)
    assert ClusterAssignment.objects.filter(run=world.run).exists()
    assert len(pages) > 25
    found = {path: administrator_client.get(where).status_code for path, where in pages.items()}
    assert {path: status for path, status in found.items() if status not in (404, 405)} == {}
    found = {path: administrator_client.post(where).status_code for path, where in pages.items()}
    assert {path: status for path, status in found.items() if status not in (403, 404, 405)} == {}
    for where in lists:
        page = administrator_client.get(where)
        assert page.status_code == 200, where
        assert f">{name}<" not in page.content.decode(), where
    assert make_dataset(name=name).slug == "shop"
