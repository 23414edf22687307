"""Files on their way to somebody: whatever they are called, a browser keeps them and runs nothing."""

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
# Signs that mean something to the file system of somebody's machine, or to a header.
RESERVED = re.compile(r'[\\/:*?"<>|%;]+')
LONGEST_NAME = 100

Response = TypeVar("Response", bound=HttpResponseBase)


def as_download(response: Response, name: str, ending: str) -> Response:
    """Let a browser keep the response as a file of this name, which people wrote and may be anything."""
    header = content_disposition_header(as_attachment=True, filename=f"{file_name(name)}.{ending}")
    response.headers["Content-Disposition"] = str(header)
    response.headers["Content-Type"] = CONTENT_TYPES[ending]
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def file_name(name: str) -> str:
    """A name that any file system takes: no folders, no characters that turn or hide what follows."""
    shown = "".join(" " if sign.isspace() else sign for sign in unicodedata.normalize("NFC", name))
    shown = "".join(sign for sign in shown if unicodedata.category(sign)[0] != "C")
    shown = " ".join(RESERVED.sub(" ", shown).split())
    return shown[:LONGEST_NAME].strip(" .") or "customers"
