"""Pages for when something is not as it should be: what happened, and where to go on."""

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of ours, or from one that is too old."""
    return render(request, "403_csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """An address or a form that asks for what there is not; what we refuse ourselves, we explain."""
    reason = str(exception) if type(exception) is BadRequest else ""
    return render(request, "400.html", {"reason": reason}, status=400)


@login_not_required
def closed(request: HttpRequest, **kwargs: str) -> NoReturn:
    """An address that a library brings along and that this site has no use for."""
    raise Http404
