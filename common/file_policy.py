"""The content security policy of views that answer with a file and not with a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from csp.decorators import csp_replace
from django.conf import settings

View = TypeVar("View", bound=Callable[..., Any])


def file_policy(view: View) -> View:
    """Let what the view answers with load nothing and run nothing, should somebody open it by itself."""
    # Its types know only views that take a request and nothing else.
    replace: Any = csp_replace(settings.CONTENT_SECURITY_POLICY_OF_FILES)
    replaced: View = replace(view)
    return replaced
