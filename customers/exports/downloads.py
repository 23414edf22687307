"""Downloads: whatever a file is called, the browser saves it and never runs it."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Characters with a special meaning in file systems or in HTTP headers.
RESERVED = re.compile(r'[\\/:*?"<>|%;]+')
LONGEST_NAME = 100

Response = TypeVar("Response", bound=HttpResponseBase)


def as_download(response: Response, name: str, ending: str) -> Response:
    """Make the browser save the response under this name, which was typed by a user and may be anything."""
    header = content_disposition_header(as_attachment=True, filename=f"{file_name(name)}.{ending}")
    response.headers["Content-Disposition"] = str(header)
    response.headers["Content-Type"] = CONTENT_TYPES[ending]
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(name: str) -> str:
    """A name that is safe on any file system: no folders, no control or text-direction characters."""
    shown = "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", name))
    shown = "".join(sign for sign in shown if unicodedata.category(sign)[0] != "C")
    shown = " ".join(RESERVED.sub(" ", shown).split())
    return shown[:LONGEST_NAME].strip(" .") or "customers"
