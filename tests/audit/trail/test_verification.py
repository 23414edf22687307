"""Whatever is done to the trail behind the site's back shows."""

import pytest

from audit.models import AuditEvent
from audit.trail import chain
from audit.trail.chain import Head
from audit.trail.verification import verify_trail


@pytest.fixture
def sealed(happened):
    """Five sealed events; the digests by position."""
    for number in range(5):
        happened(subject=f"thing {number}")
    chain.seal_events()
    return dict(AuditEvent.objects.values_list("position", "digest"))


def test_a_trail_nobody_touched_is_intact(sealed):
    check = verify_trail([Head(3, sealed[3])])
    assert (check.count, check.last, check.problems) == (5, Head(5, sealed[5]), [])


def test_an_empty_trail_is_intact(db):
    assert verify_trail().problems == []


@pytest.mark.parametrize(
    "change", ["actor_name = 'eve'", "details = '{\"rows\": 1}'", "at = at - interval '1 microsecond'"]
)
def test_a_changed_event_shows(sealed, meddle, change):
    meddle(f"UPDATE audit_auditevent SET {change} WHERE position = 3")
    assert verify_trail().problems == ["Event 3 was changed after it was sealed."]


@pytest.mark.parametrize(("gone", "range_"), [("= 3", "3 to 3"), ("< 3", "1 to 2"), ("IN (2, 3)", "2 to 3")])
def test_a_removed_event_shows(sealed, meddle, gone, range_):
    meddle(f"DELETE FROM audit_auditevent WHERE position {gone}")
    assert verify_trail().problems == [f"Events {range_} were removed."]


def test_an_event_put_in_later_shows(sealed, meddle, happened):
    happened(action="an alibi", position=3, previous=sealed[2], digest="0" * 64)
    assert len(verify_trail().problems) > 1


def test_a_chain_that_was_rewritten_shows_by_a_digest_noted_elsewhere(sealed, meddle):
    meddle("DELETE FROM audit_auditevent WHERE position = 5")
    assert verify_trail().problems == []
    assert verify_trail([Head(5, sealed[5])]).problems == [
        "Event 5, whose digest was noted, is not there.",
    ]
    meddle("UPDATE audit_auditevent SET position = NULL, previous = '', digest = '', subject = 'x'")
    meddle("UPDATE audit_chain SET position = 0, digest = ''")
    chain.seal_events()
    assert verify_trail().problems == []
    assert verify_trail([Head(2, sealed[2])]).problems == ["Event 2 has another digest than was noted."]
