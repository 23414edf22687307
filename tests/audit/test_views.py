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
    page = administrator_client.get(PAGE, {"who": "maria", "sort": "-at"}).content.decode()
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


@pytest.mark.parametrize("query", ["nothing=1", "since=tomorrow", "what=unheard+of"])
def test_an_unknown_filter_is_refused(administrator_client, query):
    assert administrator_client.get(f"{FILE}?{query}").status_code == 400


@pytest.mark.parametrize("address", [PAGE, FILE])
def test_only_administrators_see_the_trail(viewer_client, analyst_client, address):
    assert viewer_client.get(address).status_code == 403
    assert analyst_client.get(address).status_code == 403
