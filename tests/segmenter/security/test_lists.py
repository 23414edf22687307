"""Attempts to get from lists of customers what they should not give."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

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
    for cursor in ("-1", "1e9", "1000000000", "abc", "[1]", "null", "9" * 40, "%00", "1;DROP"):
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
