"""Recording an event."""

import pytest

from audit.models import AuditEvent
from audit.recording import record
from audit.trail import months

pytestmark = pytest.mark.django_db


def test_an_event_says_who_what_and_from_where(rf, viewer):
    request = rf.get("/", REMOTE_ADDR="192.0.2.7")
    request.user = viewer
    record(request, "did something", "a thing", rows=3)
    event = AuditEvent.objects.get()
    assert (event.actor_name, event.action, event.subject) == ("viewer", "did something", "a thing")
    assert (event.address, event.details) == ("192.0.2.7", {"rows": 3})


@pytest.fixture
def later(monkeypatch):
    """A month that has no partition yet, as if it were now."""
    month = months.Month.now().plus(100)
    monkeypatch.setattr(months.Month, "now", lambda: month)
    monkeypatch.setattr(months, "_known", set())
    return month


def test_an_event_makes_the_partition_of_its_month_if_there_is_none(later):
    record(None, "did something")
    assert later in months.kept_months()


def test_an_event_is_recorded_even_if_no_partition_can_be_made(later, monkeypatch, caplog):
    def be_locked_out(month):
        raise months.OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(months, "make_month", be_locked_out)
    record(None, "did something")
    assert AuditEvent.objects.get().action == "did something"
    assert "no partition" in caplog.text
