"""Importing a file in the browser, from upload to undo."""

import csv
import io
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from customers.importing.pipeline import create_dataset
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)
FILE = "Client;Code;Annual spend\n0001;7;10,5\n0002;8;7\n0003;9;x\n"


@pytest.fixture
def dataset(transactional_db):
    return create_dataset("My shop")


def upload(page, dataset, content, name):
    page.goto(reverse("customers:import-create", args=[dataset.slug]))
    send(page, content, name)
    page.wait_for_url("**/imports/*/")


def send(page, content, name):
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview the file").click()


def begin(page):
    page.get_by_role("button", name=re.compile("^Import")).click()


def values(dataset):
    dataset.refresh_from_db()
    attributes = list(dataset.attributes.all())
    return {found.customer_id: found.values(attributes) for found in Customer.objects.of(dataset)}


def outcome(page, text):
    expect(page.get_by_role("heading", name=text)).to_be_visible(timeout=60_000)


def test_a_refused_file_says_why_and_another_can_be_sent(page, log_in, dataset):
    log_in(page)
    page.goto(reverse("customers:import-create", args=[dataset.slug]))
    send(page, "%PDF-1.7 of a brochure", "brochure.csv")
    expect(page.get_by_text("PDF")).to_be_visible()
    send(page, FILE, "may.csv")
    expect(page.get_by_role("heading", name="Column types")).to_be_visible()


def test_the_preview_follows_what_is_chosen(page, log_in, dataset):
    log_in(page)
    upload(page, dataset, "CustomerID,Age\n1,30\n2,x\n", "may.csv")
    expect(page.get_by_text("1 row will be left out")).to_be_visible()
    page.get_by_label("Take the row, leave the cell empty").check()
    expect(page.get_by_text("1 cell will be left empty")).to_be_visible()


def test_from_the_upload_to_the_undo(page, log_in, dataset, worker):
    log_in(page)
    upload(page, dataset, FILE, "may.csv")
    expect(page.get_by_text("3 columns: the customer id and 2 numbers")).to_be_visible()
    page.get_by_label("Use of Code").select_option("text")
    expect(page.get_by_label("Attribute of Client")).to_be_hidden()
    page.get_by_label("Attribute of Annual spend").fill("Spend")
    assert not dataset.attributes.exists()  # nothing is written before somebody confirms
    begin(page)

    outcome(page, "2 customers in My shop")
    expect(page.get_by_role("row", name="4 Annual spend x This is not a number.")).to_be_visible()
    assert values(dataset) == {"0001": ["7", 10.5], "0002": ["8", 7.0]}
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these rows").click()
    rejected = download.value.path().read_text("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(rejected))
    assert (row["Line in the file"], row["Client"], row["Annual spend"]) == ("4", "0003", "x")

    upload(page, dataset, rejected.replace(",x", ',"12,25"'), "corrected.csv")
    expect(page.get_by_text("the customer id, 1 number, 1 text and 2 left out")).to_be_visible()
    begin(page)
    outcome(page, "3 customers in My shop")
    assert values(dataset)["0003"] == ["9", 12.25]

    page.get_by_role("link", name="Undo this import …").click()
    page.get_by_role("button", name="Undo this import").click()
    outcome(page, "This import was undone.")
    assert set(values(dataset)) == {"0001", "0002"}


def test_an_ambiguous_number_must_be_settled_before_the_import(page, log_in, dataset, worker):
    log_in(page)
    upload(page, dataset, 'CustomerID,Spend\n1,"1,234"\n2,5\n', "two.csv")
    expect(page.get_by_text("“1,234” could mean 1.234 or 1234")).to_be_visible()
    begin(page)
    expect(page.get_by_text("Choose how these numbers are written.")).to_be_visible()
    assert dataset.imports.get().job is None
    page.get_by_label("Format").first.select_option("1,234.5")
    begin(page)
    outcome(page, "2 customers in My shop")
    assert values(dataset) == {"1": [1234.0], "2": [5.0]}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_wide_file_has_no_barrier(open_context, log_in, dataset, width, scheme):
    page = open_context(color_scheme=scheme, viewport={"width": width, "height": 844}).new_page()
    log_in(page)
    header = ["Customer number", *(f"A rather long name of measure {n}" for n in range(28))]
    rows = [[str(row), *(str(row * n) for n in range(28))] for row in range(9)]
    upload(page, dataset, "\n".join(";".join(row) for row in [header, *rows]), "wide.csv")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    found = Axe().run(page).response["violations"]
    assert [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found] == []
