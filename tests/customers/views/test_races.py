"""Two people who do something to one import, or make one dataset, at the same moment."""

from functools import partial

import pytest
from django.urls import reverse

from audit.models import AuditEvent
from customers.models import CustomerImport, Dataset
from jobs.models import Job
from tests.customers.views.test_imports import begin, upload
from tests.fixtures.people import log_in

FILE = "CustomerID,Name,Spend\n1,Ann,10\n2,Bob,20\n"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(analyst_client, dataset):
    """The page of a file that waits for its mapping."""
    return upload(analyst_client, dataset, FILE)


@pytest.fixture
def clients(analyst):
    return [log_in(analyst) for _ in range(6)]


def address(name, page):
    return reverse(f"customers:import-{name}", args=[page.context["customer_import"].pk])


def said(answer) -> str:
    # Not the context: the test client collects that from every thread.
    return answer.content.decode()


def test_six_datasets_of_one_name_at_once_make_one_and_five_explanations(clients, together):
    create = reverse("customers:dataset-create")
    answers = together(*[partial(client.post, create, {"name": "Shop"}) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [302]
    refused = [answer.content.decode() for answer in answers if answer.status_code == 200]
    assert all("already a dataset called “Shop”" in page or "already exists" in page for page in refused)
    assert all('value="Shop"' in page for page in refused)


def test_six_datasets_whose_addresses_would_be_alike_are_all_made(clients, together):
    create = reverse("customers:dataset-create")
    answers = together(
        *[partial(client.post, create, {"name": f"Shop{'!' * n}"}) for n, client in enumerate(clients)]
    )
    assert [answer.status_code for answer in answers] == [302] * 6
    assert Dataset.objects.count() == 6


def test_beginning_against_discarding_an_import_does_one_and_says_so_to_the_other(page, clients, together):
    began, discarded = together(
        partial(begin, clients[0], page), partial(clients[1].post, address("discard", page), follow=True)
    )
    assert (began.status_code, discarded.status_code) == (200, 200)
    if CustomerImport.objects.exists():
        assert Job.objects.count() == 1
        assert "Nothing was discarded" in said(discarded)
    else:
        assert not Job.objects.exists()
        assert "Somebody else has discarded this file" in said(began)


def test_an_import_is_discarded_once(page, clients, together):
    answers = together(
        *[partial(client.post, address("discard", page), follow=True) for client in clients[:2]]
    )
    assert sorted("Nothing was discarded" in said(answer) for answer in answers) == [False, True]


def test_of_two_who_begin_an_import_the_first_decides_the_mapping(page, clients, together):
    answers = together(
        *[partial(begin, client, page, **{"c1-name": f"Name {n}"}) for n, client in enumerate(clients)]
    )
    assert sum("Somebody else has just begun this import" in said(answer) for answer in answers) == 5
    assert AuditEvent.objects.filter(action="began an import").count() == 1
    mine = [number for number, answer in enumerate(answers) if "Somebody else" not in said(answer)]
    assert CustomerImport.objects.get().mapping[1]["name"] == f"Name {mine[0]}"


def test_an_answer_to_a_page_that_somebody_else_has_changed_begins_nothing(page, clients):
    clients[0].post(address("begin", page), {"action": "reread", "delimiter": ";"}, follow=True)
    answer = begin(clients[1], page, seen=page.context["seen"])
    assert "Somebody else has changed how this file is read" in said(answer)
    assert not Job.objects.exists()


def test_of_two_who_undo_an_import_one_is_told_that_it_was_undone(
    import_file, administrator, together, dataset
):
    done = import_file(FILE)
    undo = reverse("customers:import-undo", args=[done.pk])
    answers = together(*[partial(log_in(administrator).post, undo, follow=True) for _ in range(2)])
    assert sorted("already been undone" in said(answer) for answer in answers) == [False, True]
    assert AuditEvent.objects.filter(action="undid an import").count() == 1
