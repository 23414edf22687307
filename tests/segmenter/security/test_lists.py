"""Attempts to get from lists of customers what they should not give."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditEvent
from audit.pseudonyms import digest_of
from customers.importing.pipeline import create_dataset, import_now
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)

PAYLOADS = [
    "' OR '1'='1",
    "'; DROP TABLE customers_customer; --",
    "1); SELECT pg_sleep(10); --",
    "' UNION SELECT password FROM auth_user --",
    "1 OR 1=1",
    "%' AND 1=(SELECT count(*) FROM auth_user) AND '%'='",
    "\\'; SELECT version(); --",
    "$$; SELECT pg_sleep(10); $$",
    "{0} %s %(id)s %%",
    'a\' COLLATE "C" --',
    "/**/OR/**/1=1",
    "\u02bc OR 1=1",
]


UNKNOWN = [
    "sort=password",
    "sort=;DROP",
    "sort=--id",
    "sort=version__dataset__name",
    "sort=numbers__0",
    "sort=999999",
    "filter=owner__password__startswith",
    "filter=999999",
    "version__dataset__created_by__password__startswith=a",
    "customer_id__regex=.",
    "numbers__0__gte=1",
    "999999.from=1",
    "size=abc",
    "size=-1",
    "page=-1",
    "page=1e9",
    "page=abc",
    "x=1",
]


@pytest.fixture(params=["segment", "dataset"])
def address(request, world) -> str:
    if request.param == "segment":
        return reverse("segmentation:segment-detail", args=[world.run.pk, 1])
    return reverse("customers:customer-list", args=[world.dataset.slug])


def test_a_list_refuses_unknown_parameters_with_a_message(viewer_client, address):
    answers = {query: viewer_client.get(f"{address}?{query}") for query in UNKNOWN}
    assert {query: answer.status_code for query, answer in answers.items()} == dict.fromkeys(UNKNOWN, 400)
    said = (
        "This list cannot be filtered by “",
        "cannot be sorted like that",
        "The page size",
        "does not have that filter",
    )
    assert all(any(each in answer.content.decode() for each in said) for answer in answers.values())


def test_an_invalid_cursor_shows_the_first_page(viewer_client, address):
    first = viewer_client.get(address).context["list"].rows
    for cursor in ("-1", "1e9", "1000000000", "abc", "[1]", "null", "9" * 40, "1;DROP"):
        for name in ("after", "before"):
            answer = viewer_client.get(f"{address}?{name}={cursor}")
            assert (answer.status_code, answer.context["list"].rows) == (200, first), cursor


def test_sql_in_a_url_is_only_text(viewer_client, world, address):
    before = Customer.objects.count()
    income = world.dataset.attributes.get(name="Income")
    for payload in PAYLOADS:
        for name in ("id", "text"):
            answer = viewer_client.get(address, {name: payload})
            assert (answer.status_code, answer.context["list"].rows) == (200, []), payload
        for name in (f"{income.pk}.from", f"{income.pk}.missing", "sort", "size", "filter", payload):
            assert viewer_client.get(address, {name: payload}).status_code == 400, payload
        assert viewer_client.get(address, {"after": payload}).status_code == 200, payload
    assert Customer.objects.count() == before > 0


def test_a_page_never_has_more_than_200_rows(viewer_client, address):
    for size in ("201", "1000000", "9" * 5_000):
        answer = viewer_client.get(address, {"size": size})
        assert (answer.status_code, answer.context["listing"].size) == (200, 200)


def test_a_very_long_search_is_refused_before_it_reaches_the_database(viewer_client, address):
    with CaptureQueriesContext(connection) as queries:
        for text in ("a" * 10_000, "%_" * 5_000):
            answer = viewer_client.get(address, {"text": text})
            assert answer.status_code == 400
            assert "at most 200 characters" in answer.content.decode()
    assert not any("LIKE" in each["sql"] for each in queries)


def test_sql_wildcards_are_matched_literally(viewer_client, address):
    for text in ("%", "_", "%_%", "\\"):
        for name in ("id", "text"):
            assert viewer_client.get(address, {name: text}).context["list"].rows == []


def test_ids_of_other_datasets_and_unknown_ids_are_not_found(viewer_client, world, make_dataset):
    make_dataset({"Income": [1.0]}, name="Other")
    customers, here = "/datasets/shop/customers", f"/datasets/shop/customers/{world.customer.id}/"
    Customer.objects.filter(version__dataset__slug="other").update(id=900_001)
    for path in (
        f"/datasets/other/customers/{world.customer.id}/",
        f"{customers}/900001/",
        f"{customers}/{'9' * 30}/",
        f"{here}?run=999999",
        f"{here}?run=x",
        f"/runs/{world.run.pk}/segments/99/",
        "/runs/999999/segments/1/",
    ):
        assert viewer_client.get(path).status_code == 404, path
    assert viewer_client.get(here).status_code == 200


# ---- Reading everybody page by page, without the permission to export ------------------------------


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
