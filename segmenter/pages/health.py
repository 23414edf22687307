"""Whether the site is healthy, for monitoring: reveals nothing a stranger could use."""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from customers.storage.capacity import read_capacity
from jobs.models import Process

logger = logging.getLogger(__name__)
BROKER_TIMEOUT_SECONDS = 1.5


@require_safe
@login_not_required
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Database, broker, and a worker seen recently: 200 if all are healthy, else 503 and which is not.

    `?only=database` looks at one alone: a web server whose workers are away is no worse for it.
    """
    asked = request.GET.get("only")
    checks = {name: check for name, check in CHECKS.items() if asked in (None, name)}
    found = {name: _is_well(name, check) for name, check in checks.items()}
    well = bool(found) and all(found.values())
    body = {"status": "ok" if well else "failing"}
    body |= {name: "ok" if is_well else "failing" for name, is_well in found.items()}
    return JsonResponse(body, status=200 if well else 503)


def _is_well(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever it is, it is not healthy
        logger.warning("the %s does not respond", name, exc_info=True)
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _broker_answers() -> bool:
    patience = {"socket_timeout": BROKER_TIMEOUT_SECONDS, "socket_connect_timeout": BROKER_TIMEOUT_SECONDS}
    with current_app.connection_for_write(transport_options=patience) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
    return True


def _worker_was_seen() -> bool:
    return Process.objects.alive().filter(role=Process.Role.WORKER).exists()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "broker": _broker_answers,
    "worker": _worker_was_seen,
}


@require_safe
@login_not_required
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics for Prometheus, for requests with the token; where none is set there is no such page."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(sent, settings.METRICS_TOKEN):
        raise Http404
    from django_prometheus.exports import ExportToDjangoView

    response: HttpResponse = ExportToDjangoView(request)
    try:
        response.content += _database_figures().encode()
    except DatabaseError:  # the other figures are there all the same
        logger.warning("the database does not respond", exc_info=True)
    return response


def _database_figures() -> str:
    """The partitions, and the locks that PostgreSQL has room for, as Prometheus reads them."""
    capacity = read_capacity()
    figures = {
        "segmenter_partitions": (
            "Partitions, one for each run and each kept import",
            capacity.partitions,
        ),
        "segmenter_lock_room": ("Locks that fit into PostgreSQL's lock table", capacity.room),
    }
    return "".join(
        f"# HELP {name} {words}\n# TYPE {name} gauge\n{name} {value}\n"
        for name, (words, value) in figures.items()
    )
