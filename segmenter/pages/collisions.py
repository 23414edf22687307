"""What views do not foresee when two people act at once: said in words, and never a server error."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, DataError, IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from psycopg import errors

from common.conflicts import ConflictError

logger = logging.getLogger(__name__)

# Of two transactions that wait for each other, PostgreSQL ends one.
LOST = (errors.DeadlockDetected, errors.SerializationFailure)


class CollisionMiddleware:
    """Answer 409 where somebody else was faster, 404 where it is gone, 400 where a value fits nowhere.

    Views say it better where they can, with what was typed still in the form; this is for the moments that
    nobody thought of. Each is logged with its traceback.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ConflictError):
            return render(request, "409.html", {"reason": str(exception)}, status=409)
        status = _status_of(exception)
        if status is None:
            return None
        logger.error("a view did not foresee this: %s", type(exception).__name__, exc_info=exception)
        context = {"reason": _("A value does not fit.")} if status == 400 else {}
        return render(request, f"{status}.html", context, status=status)


def _status_of(exception: Exception) -> int | None:
    if isinstance(exception, ObjectDoesNotExist):
        return 404
    if isinstance(exception, DataError):
        return 400
    if isinstance(exception, IntegrityError):
        return 409
    if isinstance(exception, OperationalError) and isinstance(exception.__cause__, LOST):
        return 409
    # Saving some fields of a row that somebody has deleted: Django's own, without a cause in the database.
    return 409 if type(exception) is DatabaseError and exception.__cause__ is None else None
