"""The site's middleware: how long a login lasts, how much one may send, and no copies of pages."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _
from django_structlog.middlewares import RequestMiddleware

from audit.reading import TooMuchRead

logger = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]

BEGAN, SEEN = "began_at", "seen_at"
# Written at most this often: most requests leave the session as it is.
SEEN_EVERY_SECONDS = 60
ENTRY_KEY = re.compile(r"(?<=/reset/key/).+")


class SessionLifetimeMiddleware:
    """Log out people who were idle for too long, and everyone some hours after the login.

    A page that updates itself is not activity: polls do not keep a session alive.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self._check(request)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        now, session = int(time.time()), request.session
        began, seen = session.setdefault(BEGAN, now), session.setdefault(SEEN, now)
        idle = now - seen > settings.SESSION_IDLE_SECONDS
        if idle or now - began > settings.SESSION_ABSOLUTE_SECONDS:
            logout(request)
            said = (
                _("You were logged out after a period of inactivity.")
                if idle
                else _("You were logged out because a login only lasts a few hours.")
            )
            messages.info(request, said)
        elif now - seen >= SEEN_EVERY_SECONDS and not request.headers.get("HX-Request"):
            session[SEEN] = now


class BodySizeMiddleware:
    """Refuse a large body before a byte of it is read, unless it is a file from someone who may import it.

    Django reads a form before it knows who sent it: anyone could fill the disk.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
        if size > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            if size > self._most(request):
                return render(request, "413.html", status=413)
            Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.get_response(request)

    def _most(self, request: HttpRequest) -> int:
        try:
            is_upload = resolve(request.path_info).view_name == "customers:import-create"
        except Resolver404:
            return 0
        if is_upload and request.user.has_perm("customers.add_customerimport"):
            return int(settings.IMPORT_MAX_BYTES) + int(settings.FILE_UPLOAD_MAX_MEMORY_SIZE)
        return 0


class NoStoreMiddleware:
    """Forbid copies of what a logged-in person saw, unless a view says otherwise."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
            patch_vary_headers(response, ["Cookie"])
        return response


class UnavailableMiddleware:
    """Say so in words when the cache or the broker does not respond and a page needs it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)):
            return None
        logger.error("the cache does not respond: %s", exception)
        return render(request, "503.html", status=503)


class ReadingLimitMiddleware:
    """Say so in words when somebody has seen as many customers in this hour as the role may."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, TooMuchRead):
            return None
        context = {"limit": exception.limit, "minutes": math.ceil(exception.seconds / 60)}
        response = render(request, "429_reading.html", context, status=429)
        response.headers["Retry-After"] = str(exception.seconds)
        return response


class LoggingMiddleware(RequestMiddleware):
    """Log requests without search terms and without the keys of login links."""

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        file = response.file_to_stream if isinstance(response, FileResponse) else None
        super().handle_response(request, response)
        if isinstance(response, FileResponse) and file is not None:
            response.file_to_stream = file  # lost when the stream is logged; the server is to send it itself

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {ENTRY_KEY.sub('…', request.path)}"
