"""The content security policy for views that return a file rather than a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from csp.decorators import csp_replace
from django.conf import settings

View = TypeVar("View", bound=Callable[..., Any])


def file_policy(view: View) -> View:
    """Stop the returned file from loading or running anything if somebody opens it directly."""
    # csp_replace is typed for views that take only a request.
    replace: Any = csp_replace(settings.CONTENT_SECURITY_POLICY_OF_FILES)
    replaced: View = replace(view)
    return replaced
