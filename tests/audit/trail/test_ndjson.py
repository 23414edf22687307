"""The trail as a file."""

import json

import pytest

from audit.models import AuditEvent
from audit.trail import chain
from audit.trail.ndjson import check_lines, write_lines
from audit.trail.verification import read_links


@pytest.fixture
def lines(happened):
    for number in range(4):
        happened(subject=f"thing {number}", details={"share": 0.1 + number})
    head = chain.seal_events()
    return b"".join(write_lines(read_links(AuditEvent.objects.all()), head)).splitlines(keepends=True)


def test_every_event_is_a_line_and_the_last_one_counts_them(lines):
    first, *_, last = map(json.loads, lines)
    assert first["event"]["subject"] == "thing 0"
    assert (last["count"], last["position"], last["problems"]) == (4, 4, [])
    assert last["digest"] == json.loads(lines[-2])["digest"]
    assert check_lines(lines).problems == []


def test_a_file_of_some_events_can_be_checked_too(lines):
    links = read_links(AuditEvent.objects.filter(subject__in=["thing 1", "thing 3"]))
    some = b"".join(write_lines(links, chain.read_head())).splitlines(keepends=True)
    assert (len(some), check_lines(some).problems) == (3, [])


def test_a_chain_that_does_not_hold_is_said_in_the_file(lines, meddle):
    meddle("UPDATE audit_auditevent SET subject = 'another' WHERE position = 2")
    *_, last = b"".join(write_lines(read_links(AuditEvent.objects.all()), chain.read_head())).splitlines()
    assert json.loads(last)["problems"] == ["Event 2 was changed after it was sealed."]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [lines[0].replace(b"thing 0", b"thing 9"), *lines[1:]],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: lines[:-1],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines, lines[0]],
        lambda lines: [b"nothing\n", *lines],
    ],
)
def test_a_file_that_was_changed_shows(lines, tamper):
    assert check_lines(tamper(lines)).problems
