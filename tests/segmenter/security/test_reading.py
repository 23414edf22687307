"""Attempts to read everybody page by page, without the permission to export."""

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from audit.pseudonyms import digest_of
from customers.importing.pipeline import create_dataset, import_now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def addresses(world):
    """Whatever shows a viewer customers: lists, one after the other, and the numbers of a chart."""
    customers = reverse("customers:customer-list", args=[world.dataset.slug])
    segment = reverse("segmentation:segment-detail", args=[world.run.pk, 1])
    points = reverse("segmentation:chart", args=[world.run.pk, "scatter", "csv"])
    customer = reverse("customers:customer-detail", args=[world.dataset.slug, world.customer.id])
    return [customers, segment, points, customer]


def test_a_viewer_cannot_read_everybody_page_by_page(viewer_client, world, settings):
    settings.BULK_READ_LIMIT = 50
    address, cursor, seen = reverse("customers:customer-list", args=[world.dataset.slug]), 0, 0
    while (answer := viewer_client.get(address, {"size": 25, "after": cursor})).status_code == 200:
        rows, cursor = answer.context["list"].rows, answer.context["list"].page.next
        assert cursor is not None
        seen += len(rows)
    assert (answer.status_code, seen) == (429, 50)
    assert 0 < int(answer["Retry-After"]) <= 3600
    page = answer.content.decode()
    assert "you can see 50 customers an hour" in page
    assert "ask an analyst or an administrator to export it" in page


def test_every_list_counts_for_the_limit(viewer_client, addresses, settings):
    settings.BULK_READ_LIMIT = 1
    for address in addresses[:3]:
        assert viewer_client.get(address).status_code == 429, address
    assert viewer_client.get(addresses[3]).status_code == 429


def test_rejected_rows_count_for_the_limit(viewer_client, settings, tmp_path):
    with (tmp_path / "next.csv").open("w+b") as file:
        file.write(b"Customer ID,Income\n1,10\n1,10\n2,20\n2,20\n3,30\n")
        file.seek(0)
        done = import_now(create_dataset("Doubles"), file, "next.csv")
    assert done.rejected_count > 1
    settings.BULK_READ_LIMIT = 1
    assert viewer_client.get(done.get_absolute_url()).status_code == 429


def test_who_may_export_is_not_limited(analyst_client, addresses, settings):
    settings.BULK_READ_LIMIT = 1
    assert {analyst_client.get(address).status_code for address in addresses} == {200}


def test_reading_in_bulk_is_recorded(viewer_client, world, monkeypatch):
    monkeypatch.setattr("audit.reading.RECORDED_FROM", 60)
    viewer_client.get(reverse("customers:customer-list", args=[world.dataset.slug]), {"size": 200})
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.actor_name) == ("was shown many customers", "viewer")
    assert event.subject == f"customers of {world.dataset}"
    assert event.details["customers"] == min(world.dataset.customer_count, 200)


def test_the_trail_holds_no_customer_and_no_searched_text(analyst_client, client, world):
    secret = "maria.secret@example.org"
    for name in ("id", "text"):
        page = reverse("segmentation:customers-file", args=[world.dataset.slug, "csv"])
        b"".join(analyst_client.get(page, {name: secret}).streaming_content)
    client.post("/accounts/login/", {"login": secret, "password": secret})
    told = [f"{event.action} {event.subject} {event.details}" for event in AuditEvent.objects.all()]
    assert sum(digest_of(secret) in each for each in told) == 5
    assert not [each for each in told if secret in each]
