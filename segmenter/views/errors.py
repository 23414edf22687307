"""Pages for when something is not as it should be: what happened, and where to go on."""

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of ours, or from one that is too old."""
    return render(request, "403_csrf.html", status=403)


@login_not_required
def closed(request: HttpRequest, **kwargs: str) -> NoReturn:
    """An address that a library brings along and that this site has no use for."""
    raise Http404
