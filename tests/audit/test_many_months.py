"""Three years of events: whatever is done with the trail opens few months at a time, and shows everything."""

import json
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.urls import reverse

from audit.models import AuditEvent
from audit.pseudonyms import digest_of
from audit.tasks import keep_months
from audit.trail import chain, months, pages
from audit.trail.months import Month
from audit.trail.ndjson import check_lines
from audit.trail.retention import DROPPED
from audit.trail.verification import verify_trail
from bench.site import watch_locks
from tests.segmenter.security.test_locks import read, worst_of

PAGE, FILE = reverse("audit-list"), reverse("audit-export")
MONTHS = 36

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trail(happened, analyst):
    """Two events a month, one of a month without partition, and one sealed long after its month."""
    now, numbers = Month.now(), count(1)
    first = now.plus(-MONTHS)
    old = [first.plus(-9).begin]
    for back in range(MONTHS, 0, -1):
        months.make_month(now.plus(-back))
        old += [now.plus(-back).begin, now.plus(1 - back).begin - timedelta(microseconds=1)]
    for at in old:
        number = next(numbers)
        what = "exported" if number % 7 == 0 else "logged in"
        happened(what, at=at, subject=str(number), actor_id=analyst.pk, details={"of": digest_of(number)})
    chain.seal_events()
    late = happened("deleted a dataset", at=first.plus(1).begin + timedelta(days=9), subject="late")
    names = [str(number) for number in range(1, len(old) + 1)]
    in_time = [*names[:4], "late", *names[4:]]
    return SimpleNamespace(names=names, in_time=in_time, late=late, first=first, person=analyst)


def subjects(client, **asked):
    """What all pages show from the newest event to the oldest, and how many pages these are."""
    shown, pages_read, after = [], 0, ""
    while after or not pages_read:
        page = read(client, f"{PAGE}?{urlencode({**asked, 'after': after})}", 200)
        shown += in_table(page)
        pages_read, after = pages_read + 1, page.context["page"].next
    return shown, pages_read


def in_table(page):
    return [row.record.subject for row in page.context["table"].rows]


def lines_of(client, **asked):
    return b"".join(client.get(FILE, asked).streaming_content).splitlines(keepends=True)


def test_nothing_opens_many_months(trail, administrator_client, settings):
    with watch_locks() as statements:
        chain.seal_events()
        subjects(administrator_client)
        for asked in (
            {"who": "MARIA"},
            {"what": "exported"},
            {"about": "3"},
            {"since": trail.late.at.date()},
            {"until": trail.late.at.date()},
        ):
            subjects(administrator_client, **asked)
            lines_of(administrator_client, **asked)
        lines_of(administrator_client)
        read(administrator_client, reverse("people:person-detail", args=[trail.person.pk]), 200)
        call_command("verify_audit")
        settings.AUDIT_RETENTION_MONTHS = MONTHS - 2
        keep_months()
        call_command("verify_audit")
    assert len(statements) > 200
    assert not worst_of(statements)
    assert AuditEvent.objects.filter(action=DROPPED).count() == 3


def test_the_pages_lead_from_the_newest_event_to_the_oldest_and_back(trail, administrator_client):
    shown, number = subjects(administrator_client)
    assert (shown, number) == (trail.in_time[::-1], 3)
    second = read(
        administrator_client, f"{PAGE}?after={read(administrator_client, PAGE).context['page'].next}"
    )
    back = read(administrator_client, f"{PAGE}?before={second.context['page'].previous}")
    assert [row.record.subject for row in back.context["table"].rows] == shown[:25]
    assert back.context["page"].previous == ""
    assert "First" in second.content.decode()


def test_each_filter_finds_what_lies_far_back(trail, administrator_client):
    chain.seal_events()
    sevenths = [name for name in trail.names if int(name) % 7 == 0]
    assert subjects(administrator_client, what="exported")[0] == sevenths[::-1]
    assert subjects(administrator_client, what="deleted a dataset") == (["late"], 1)
    assert subjects(administrator_client, about=1) == (["1"], 1)
    assert subjects(administrator_client, who="Maria")[0] == trail.in_time[::-1]
    day = trail.late.at.date()
    assert subjects(administrator_client, since=day, until=day) == (["late"], 1)
    assert subjects(administrator_client, until=day)[0] == trail.in_time[4::-1]
    assert subjects(administrator_client, since=day)[0] == trail.in_time[:3:-1]


def test_a_slow_search_goes_on_where_it_stopped(trail, administrator_client, monkeypatch):
    monkeypatch.setattr(pages, "SECONDS", 0)
    shown, number = subjects(administrator_client, about=1)
    assert shown == ["1"]
    assert number > MONTHS / 4
    assert subjects(administrator_client)[0] == trail.in_time[::-1]
    page = administrator_client.get(PAGE, {"about": 1})
    assert "go on with the older ones" in page.content.decode()


def test_the_file_and_the_check_follow_the_chain(trail, administrator_client):
    lines = lines_of(administrator_client)
    written = [json.loads(line)["event"]["subject"] for line in lines[:-1]]
    assert written == [*trail.names, "late"]
    assert check_lines(lines).problems == []
    check = verify_trail()
    assert (check.count, check.problems) == (len(written), [])


def test_a_persons_activity_is_the_newest(trail, administrator_client):
    page = read(administrator_client, reverse("people:person-detail", args=[trail.person.pk]), 200)
    assert [event.subject for event in page.context["events"]] == trail.names[:-11:-1]
