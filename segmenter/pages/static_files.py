"""Static files, also while an update replaces them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which answers 404 and not 500 for a file that was there when it started and now is not."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        try:
            return WhiteNoiseMiddleware.serve(static_file, request)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Http404 from error
