"""Text that neither PostgreSQL nor JSON can hold is refused at the door, wherever it stands in a request."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.utils.translation import gettext as _

# NUL, and halves of a pair of surrogates, which are no characters by themselves.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^";]*)"?""", re.IGNORECASE)


class OddTextMiddleware:
    """Answer 400 to an address, a form or a file name with characters that nothing can store.

    A cookie or a header like that is ignored: it did not come from a form that somebody filled in. It stands
    before everything that reads a cookie or the form; the form itself is read when the checks that stand
    before the view are over, its size among them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for headers in (request.META, request.COOKIES):
            for name in [name for name, value in headers.items() if _is_odd([name, value])]:
                if name not in {"PATH_INFO", "QUERY_STRING"}:
                    del headers[name]
        _refuse_other_encodings(request)
        _refuse([request.path_info], request.GET)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> None:
        try:
            posted, files = request.POST, request.FILES
        except UnreadablePostError:  # the client has gone
            return
        except LookupError as error:  # the encoding of a file's name
            raise BadRequest(_("The name of the file is written in an unknown encoding.")) from error
        uploads = [file for _name, each in files.lists() for file in each]
        _refuse([*files, *(text for file in uploads for text in (file.name, file.content_type))], posted)


def _refuse_other_encodings(request: HttpRequest) -> None:
    """Forms are sent as UTF-8: other encodings can write what is no text."""
    if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
        raise BadRequest(_("Forms are read as UTF-8 only."))


def _refuse(texts: Iterable[object], form: QueryDict) -> None:
    if _is_odd(texts) or any(_is_odd([name, *values]) for name, values in form.lists()):
        raise BadRequest(
            _("There is a character in it that cannot be stored. Go back, remove it, and try again.")
        )


def _is_odd(texts: Iterable[object]) -> bool:
    return any(isinstance(text, str) and UNSTORABLE.search(text) for text in texts)


def without_odd_charset(application: WSGIApplication) -> WSGIApplication:
    """Drop a charset that encodes no text, such as rot13: Django fails over it before any middleware."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sent = environ.get("CONTENT_TYPE", "")
        if (found := CHARSET.search(sent)) and not _encodes_text(found[1]):
            environ["CONTENT_TYPE"] = CHARSET.sub("", sent)
        return application(environ, start_response)

    return serve


def _encodes_text(charset: str) -> bool:
    try:
        b"a".decode(charset)
    except (LookupError, ValueError):
        return False
    return True
