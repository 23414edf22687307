"""A selection: who is in it, how it is written, and what a URL may not ask for."""

import re

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict

from audit.pseudonyms import digest_of
from customers.lists.selection import Selection
from customers.models import Customer

CONTENT = """CustomerID,Name,City,Age,Joined,Note
A1,Anna Berg,Berlin,30,2024-05-01,ÜBER_all
A2,annabel,Hamburg,41,2025-01-15,
B1,Otto 100%,Berlin,,2026-02-28,
B_2,,Bremen,56,,Γιώργος ISPARTA 2024
"""


@pytest.fixture
def shop(import_file, dataset):
    import_file(CONTENT)
    dataset.refresh_from_db()
    return dataset


def read(dataset, address: str) -> Selection:
    """Read a query string in which attributes are given by name instead of id."""
    for attribute in dataset.attributes.all():
        address = address.replace(f"{attribute.name}.", f"{attribute.pk}.")
    return Selection.read(QueryDict(address), dataset)


@pytest.mark.parametrize(
    ("address", "found", "words"),
    [
        ("", "A1 A2 B1 B_2", "all customers"),
        ("id=A", "A1 A2", "Customer ID begins with “A”"),
        ("id=B_", "B_2", "Customer ID begins with “B_”"),
        ("text=ANNA", "A1 A2", "Any text contains “ANNA”"),
        ("text=bRem", "B_2", "Any text contains “bRem”"),
        ("text=2024", "B_2", "Any text contains “2024”"),
        ("text=2025", "", "Any text contains “2025”"),
        ("text=ΓΙΏΡΓΟΣ", "B_2", "Any text contains “ΓΙΏΡΓΟΣ”"),
        ("text=ısparta", "B_2", "Any text contains “ısparta”"),
        ("text=%25", "B1", "Any text contains “%”"),
        ("text=über_", "A1", "Any text contains “über_”"),
        ("text=bergber", "", "Any text contains “bergber”"),
        ("text=berlin2", "", "Any text contains “berlin2”"),
        ("Age.from=41", "A2 B_2", "Age from 41"),
        ("Age.to=41", "A1 A2", "Age up to 41"),
        ("Age.from=35.5&Age.to=56", "A2 B_2", "Age from 35.5 to 56"),
        ("Age.from=30&Age.to=30", "A1", "Age is 30"),
        ("Joined.from=2025-01-15&Joined.to=2026-01-01", "A2", "Joined from 15 Jan 2025 to 1 Jan 2026"),
        ("City.is=Bremen&City.is=Berlin", "A1 B1 B_2", "City is “Berlin” or “Bremen”"),
        ("Name.has=%25", "B1", "Name contains “%”"),
        ("Name.missing=yes", "B_2", "Name is missing"),
        ("Age.missing=no&City.is=Berlin", "A1", "City is “Berlin”; Age is known"),
    ],
)
def test_a_selection_finds_its_customers_and_says_who_they_are(shop, address, found, words):
    selection = read(shop, address)
    customers = selection.apply(Customer.objects.of(shop)).order_by("id")
    assert " ".join(customer.customer_id for customer in customers) == found
    assert selection.words == words
    assert selection.is_everybody == (address == "")


@pytest.mark.parametrize(
    ("address", "recorded"),
    [
        ("", "all customers"),
        ("id=A1", "Customer ID begins with “{A1}”"),
        ("text=Anna", "Any text contains “{Anna}”"),
        ("Name.has=Anna", "Name contains “{Anna}”"),
        ("City.is=Bremen&City.is=Berlin", "City is “{Berlin}” or “{Bremen}”"),
        ("Age.from=30&Age.to=30", "Age is {30}"),
        ("Joined.from=2024-05-01&Joined.to=2024-05-01", "Joined is {2024-05-01}"),
        ("Age.from=30&Age.to=40&City.missing=yes", "City is missing; Age from 30 to 40"),
    ],
)
def test_the_audit_trail_learns_what_was_selected_but_not_whom(shop, address, recorded):
    told = re.sub(r"\{(.+?)\}", lambda found: digest_of(found[1]), recorded)
    assert read(shop, address).recorded == told


def test_a_text_of_two_lines_is_found_as_a_form_sends_it(import_file, dataset):
    import_file('id,Note\n1,"one\ntwo"\n2,"one\r\ntwo"\n3,one\n')
    dataset.refresh_from_db()
    customers = read(dataset, "Note.is=one%0D%0Atwo").apply(Customer.objects.of(dataset))
    assert {customer.customer_id for customer in customers} >= {"1"}
    assert "3" not in {customer.customer_id for customer in customers}


@pytest.mark.parametrize(("address", "found"), [("text=2024", "2"), ("text=-01-", "2"), ("text=x9", "1")])
def test_dates_between_texts_are_left_out_of_the_search(import_file, dataset, address, found):
    import_file("id,A,Joined,B,Left,C\n1,x,2024-01-05,y,2024-02-01,x9\n2,x,,y,2025-01-01,call 2024-01-02\n")
    dataset.refresh_from_db()
    customers = read(dataset, address).apply(Customer.objects.of(dataset))
    assert [customer.customer_id for customer in customers] == [found]


def test_where_there_are_only_dates_no_text_contains_anything(import_file, dataset):
    import_file("id,Joined\n1,2024-01-05\n2,2025-01-05\n")
    dataset.refresh_from_db()
    assert not read(dataset, "text=2024").apply(Customer.objects.of(dataset)).exists()


def test_a_differently_written_url_is_the_same_selection(shop):
    one = read(shop, "Age.to=40.0&City.is=Berlin&Age.from=&City.is=Bremen&City.is=Berlin&text=+anna+")
    other = read(shop, "text=anna&City.is=Bremen&City.is=Berlin&Age.to=4e1")
    assert one.query_string == other.query_string
    assert Selection.read(QueryDict(one.query_string), shop).query_string == one.query_string


def test_a_single_condition_can_be_removed(shop):
    selection = read(shop, "City.is=Berlin&Age.from=20&id=A")
    assert selection.without(selection.conditions[1]).words == "Customer ID begins with “A”; Age from 20"
    assert selection.of(selection.conditions[1].attribute).words == "City is “Berlin”"


@pytest.mark.parametrize(
    "address",
    [
        "filter=owner__password__startswith",
        "version__dataset__name=Shop",
        "customer_id__startswith=A",
        "numbers__0__gte=1",
        "0.from=1",
        "999999.from=1",
        "City.from=1",
        "Age.has=3",
        "Age.is=30",
        "Age.from=x",
        "Age.from=nan",
        "Age.from=1e999",
        "Age.from=1_0",
        "Age.from=1&Age.from=2",
        "Joined.from=2026-02-30",
        "Name.missing=perhaps",
        "id=A%00",
        "City.is=%00",
        f"text={'x' * 201}",
        "text=\uffff",
        "&".join(f"City.is={number}" for number in range(51)),
    ],
)
def test_unknown_parameters_are_refused(shop, address):
    with pytest.raises(BadRequest):
        read(shop, address)


def test_the_refusal_says_in_a_sentence_what_was_wrong(shop):
    with pytest.raises(
        BadRequest, match=r"Age cannot be compared with “old”: enter a number such as 12\.5\."
    ):
        read(shop, "Age.from=old")


def test_the_pages_own_parameters_are_ignored(shop):
    assert Selection.read(QueryDict("sort=-id"), shop, also={"sort"}).is_everybody


def test_an_id_is_found_by_its_beginning_through_the_index(import_file, dataset, django_db_blocker):
    import_file("CustomerID,Age\n" + "".join(f"A{number:05},30\n" for number in range(3_000)))
    dataset.refresh_from_db()
    found = read(dataset, "id=A0012").apply(Customer.objects.of(dataset))
    assert "customer_id ~>=~ 'A0012'" in found.explain()
    assert found.count() == 10
