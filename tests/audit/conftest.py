from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from audit.models import AuditEvent


@pytest.fixture
def happened(db: None) -> Callable[..., AuditEvent]:
    """An event as if it had been recorded at this time."""

    def create(action: str = "logged in", at: datetime | None = None, **values: Any) -> AuditEvent:
        moment = {"at": at} if at else {}
        event = AuditEvent.objects.create(action=action, actor_name="maria", **moment, **values)
        event.refresh_from_db()
        return event

    return create


@pytest.fixture
def meddle(db: None) -> Callable[..., None]:
    """Change the trail as somebody could who may do anything with the database."""

    def execute(statement: str, *values: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger fires
            cursor.execute(statement, values)
            cursor.execute("SET LOCAL session_replication_role = origin")

    return execute
