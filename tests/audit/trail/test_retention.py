"""Months whose time is over are dropped, and the chain still holds."""

from datetime import timedelta

import pytest

from audit.models import AuditEvent
from audit.tasks import keep_months
from audit.trail import chain, months
from audit.trail.months import Month
from audit.trail.retention import DROPPED, drop_old_months
from audit.trail.verification import verify_trail

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_events(happened):
    """Two events in each of the last four months but this, and one in this."""
    now = Month.now()
    for back in range(-4, 0):
        months.make_month(now.plus(back))
        for day in (3, 4):
            happened(str(now.plus(back)), at=now.plus(back).begin + timedelta(days=day))
    happened("today")
    chain.seal_events()
    return now


def kept():
    return [event.action for event in AuditEvent.objects.order_by("position")]


def test_everything_is_kept_if_nobody_says_otherwise(old_events):
    keep_months()
    assert len(kept()) == 9


def test_old_months_go_and_the_trail_says_so(old_events, settings):
    settings.AUDIT_RETENTION_MONTHS = 2
    keep_months()
    left = [str(old_events.plus(back)) for back in (-2, -2, -1, -1)]
    assert kept() == [*left, "today", DROPPED, DROPPED]
    said = AuditEvent.objects.filter(action=DROPPED).earliest("pk")
    assert said.subject == f"events of {old_events.plus(-4)}"
    assert said.details == {"events": 2, "positions": [[1, 2]]}
    assert old_events.plus(-3) not in months.kept_months()


def test_the_chain_is_intact_from_the_first_event_kept(old_events, settings, meddle):
    noted = chain.read_head()
    first = AuditEvent.objects.get(position=1)
    settings.AUDIT_RETENTION_MONTHS = 2
    drop_old_months()
    assert verify_trail([noted, chain.Head(1, first.digest)]).problems == []
    meddle("DELETE FROM audit_auditevent WHERE position = 5")
    assert verify_trail().problems == ["Events 1 to 5 were removed."]


def test_an_event_sealed_late_leaves_an_explained_gap(happened, settings):
    now = Month.now()
    for back in (-2, -1):
        months.make_month(now.plus(back))
    for _ in range(2):
        for back in (-2, -1):
            happened(at=now.plus(back).begin + timedelta(days=3))
            chain.seal_events()
    settings.AUDIT_RETENTION_MONTHS = 1
    drop_old_months()
    assert AuditEvent.objects.get(action=DROPPED).details["positions"] == [[1, 1], [3, 3]]
    assert verify_trail().problems == []


def test_the_last_event_of_all_may_be_dropped(happened, settings):
    month = Month.now().plus(-9)
    months.make_month(month)
    happened(at=month.begin)
    settings.AUDIT_RETENTION_MONTHS = 1
    drop_old_months()
    assert [(event.action, event.position) for event in AuditEvent.objects.all()] == [(DROPPED, 2)]
    assert verify_trail().problems == []
