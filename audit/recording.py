"""Recording events: everything that enters the audit trail comes through here."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from audit.models import AuditEvent
from audit.trail.months import provide_month

SUBJECT_LENGTH = 300


def record(
    request: HttpRequest | None, action: str, subject: object = "", *, actor: Any = None, **details: object
) -> AuditEvent:
    """Record what somebody did; inside a transaction, the event commits or rolls back with it.

    Parameters
    ----------
    request
        Who did it and from where; `None` for a command.
    action
        A few plain words, for example “changed a segment”.
    subject
        What it was done to, by the name people know it by; never a customer's id or what somebody searched
        for: `digest_of` of `audit/pseudonyms.py` stands for these, here and in the details.
    actor
        The user, if it is not the one who is logged in.
    details
        Whatever somebody may want to know later; values must be JSON serialisable.
    """
    provide_month()
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
    """The client's IP address; forwarding headers count only behind trusted proxies."""
    if request is None:
        return None
    try:
        return str(ip_address(get_adapter(request).get_client_ip(request)))
    except (PermissionDenied, ValueError):  # there is none, for example on a unix socket
        return None
