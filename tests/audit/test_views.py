"""The audit page, its filters and its file."""

import json

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from audit.pseudonyms import digest_of
from audit.trail import chain
from audit.trail.ndjson import check_lines

pytestmark = pytest.mark.django_db
PAGE, FILE = reverse("audit-list"), reverse("audit-export")


def lines_of(answer):
    return b"".join(answer.streaming_content).splitlines(keepends=True)


def subjects(lines):
    return [said["event"]["subject"] for said in map(json.loads, lines[:-1])]


def test_the_page_shows_the_end_of_the_chain_and_where_to_download(administrator_client, happened):
    happened()
    head = chain.seal_events()
    page = administrator_client.get(PAGE, {"who": "maria", "after": "x"}).content.decode()
    assert f"1:{head.digest}" in page
    assert f'href="{FILE}?who=maria"' in page


def test_events_about_a_customer_are_found_by_what_is_typed(administrator_client, happened):
    happened(subject="one", details={"selection": f"Customer ID begins with “{digest_of('C-7')}”"})
    happened(subject="two", details={"selection": f"Customer ID begins with “{digest_of('C-8')}”"})
    happened(subject=digest_of("c-7"))
    table = administrator_client.get(PAGE, {"about": "C-7"}).context["table"]
    assert {row.record.subject for row in table.rows} == {"one", digest_of("c-7")}


def test_the_file_has_every_event_and_can_be_checked(administrator_client, happened):
    for number in range(3):
        happened(subject=f"thing {number}")
    answer = administrator_client.get(FILE)
    assert answer["Content-Type"].startswith("application/x-ndjson")
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-trail-')
    lines = lines_of(answer)
    assert subjects(lines) == ["thing 0", "thing 1", "thing 2"]
    assert check_lines(lines).problems == []


def test_the_file_is_filtered_as_the_page_is(administrator_client, happened):
    happened(subject="one")
    happened("logged out", subject="two")
    chain.seal_events()
    lines = lines_of(administrator_client.get(FILE, {"what": "logged out"}))
    assert subjects(lines) == ["two"]
    assert json.loads(lines[-1])["count"] == 1


def test_taking_the_file_is_recorded_without_the_customer_asked_for(administrator_client, happened):
    lines_of(administrator_client.get(FILE, {"about": "C-7"}))
    began, ended = AuditEvent.objects.filter(actor_name="administrator").order_by("pk")
    assert (began.action, ended.action, ended.subject) == ("began an export", "exported", "the audit trail")
    assert ended.details["about"] == digest_of("C-7")
    assert ended.details["rows"] == 0


def test_head_takes_nothing_and_records_nothing(administrator_client):
    assert administrator_client.head(FILE).status_code == 200
    assert not AuditEvent.objects.exists()


def test_actions_can_be_chosen_once_they_are_sealed(administrator_client, happened):
    happened("logged out", subject="two")
    assert administrator_client.get(PAGE, {"what": "logged out"}).status_code == 400
    chain.seal_events()
    happened("logged in")
    chain.seal_events()
    page = administrator_client.get(PAGE, {"what": "logged out"})
    assert [row.record.subject for row in page.context["table"].rows] == ["two"]
    choices = dict(page.context["filter"].form.fields["what"].choices)
    assert list(choices) == ["", "logged in", "logged out"]


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("cursor", ["x", "2026-13-01T00:00:00_1", "²026-11-01T00:00:00_1", "_"])
def test_an_invalid_cursor_gives_the_first_page(administrator_client, happened, name, cursor):
    happened(subject="one")
    page = administrator_client.get(PAGE, {name: cursor})
    assert [row.record.subject for row in page.context["table"].rows] == ["one"]


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"])
@pytest.mark.parametrize("number", [0, 10**19 - 1])
@pytest.mark.parametrize("name", ["after", "before"])
def test_a_page_beyond_either_end_is_empty_or_full(administrator_client, happened, name, at, number):
    happened()
    page = administrator_client.get(PAGE, {name: f"{at}_{number}"})
    assert len(page.context["page"].events) == ((at < "5") == (name == "before"))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_any_day_can_be_asked_for(administrator_client, day):
    assert administrator_client.get(PAGE, {"since": day, "until": day}).status_code == 200


@pytest.mark.parametrize("query", ["nothing=1", "since=tomorrow", "what=unheard+of"])
def test_an_unknown_filter_is_refused(administrator_client, query):
    assert administrator_client.get(f"{FILE}?{query}").status_code == 400


@pytest.mark.parametrize("address", [PAGE, FILE])
def test_only_administrators_see_the_trail(viewer_client, analyst_client, address):
    assert viewer_client.get(address).status_code == 403
    assert analyst_client.get(address).status_code == 403
