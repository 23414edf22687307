"""Exporting customers: a selection at once, and many in the background."""

import csv
import io

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from segmentation.models import CustomerExport

pytestmark = pytest.mark.django_db(transaction=True)


def rows(download) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"), newline="")))


@pytest.mark.parametrize("javascript", [True, False])
def test_a_selection_is_exported_with_the_columns_one_chooses(open_context, log_in, shop, javascript):
    income = shop.attributes.get(name="Income")
    page = open_context(java_script_enabled=javascript).new_page()
    log_in(page)
    address = reverse("customers:customer-list", args=[shop.slug])
    page.goto(f"{address}?{income.pk}.from=20&{income.pk}.to=40&sort=customer")
    page.get_by_role("link", name="Export this selection").click()
    expect(page.get_by_text("Only these: Income from 20 to 40")).to_be_visible()
    page.get_by_label("Score").uncheck()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    found = rows(download)
    assert download.value.suggested_filename == "Shop customers selection.csv"
    assert list(found[0]) == ["Customer ID", "Income"]
    assert all(20 <= float(row["Income"]) <= 40 for row in found)


@pytest.fixture
def short_lists(settings):
    settings.EXPORT_BACKGROUND_ROWS = 50


def test_many_customers_are_prepared_in_the_background(page, log_in, shop, short_lists, worker):
    log_in(page)
    page.goto(reverse("segmentation:customers-export", args=[shop.slug]))
    page.get_by_role("button", name="Prepare the file").click()
    expect(page.get_by_role("heading", name="The file is ready")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert len(rows(download)) == 100
    assert download.value.suggested_filename == "Shop customers.csv"
    page.goto(reverse("segmentation:customers-export", args=[shop.slug]))
    expect(page.get_by_role("link", name="Shop customers.csv")).to_be_visible()


def test_a_waiting_export_can_be_cancelled(page, log_in, shop, short_lists):
    log_in(page)
    page.goto(reverse("segmentation:customers-export", args=[shop.slug]))
    page.get_by_role("button", name="Prepare the file").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    assert CustomerExport.objects.get().job.state == "cancelled"
