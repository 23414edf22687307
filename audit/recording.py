"""Writing an event of the audit trail: the only way in."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from audit.models import AuditEvent

SUBJECT_LENGTH = 300


def record(
    request: HttpRequest | None, action: str, subject: object = "", *, actor: Any = None, **details: object
) -> AuditEvent:
    """Write down what somebody did, in the transaction that does it where there is one.

    Parameters
    ----------
    request
        Says who and from where; `None` for a command.
    action
        A few plain words, for example “changed a segment”.
    subject
        What it was done to, as people call it.
    actor
        The user, where it is not the one who is logged in.
    details
        Whatever somebody would ask later; values that JSON knows.
    """
    user = actor or getattr(request, "user", None)
    return AuditEvent.objects.create(
        actor_id=getattr(user, "pk", None),
        actor_name=user.get_username()[:150] if user is not None else "a command",
        action=action,
        subject=str(subject)[:SUBJECT_LENGTH],
        details=details,
        address=address_of(request),
    )


def address_of(request: HttpRequest | None) -> str | None:
    """The caller's address; headers that anybody can send count only behind proxies that are trusted."""
    if request is None:
        return None
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:  # it cannot be told, for example on a unix socket
        return None
