"""Whole journeys, from the login to the list for a campaign."""

import csv
import io
import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse
from playwright.sync_api import expect

from customers.models import Customer, Dataset
from customers.synthetic import SAMPLE_FILE
from segmentation.models import Segment

pytestmark = pytest.mark.django_db(transaction=True)
FEATURES = ("Annual Income (k$)", "Spending Score (1-100)")


def import_sample(page):
    page.get_by_role("link", name="Create your first dataset").click()
    page.get_by_label("Name").fill("My shop")
    page.locator("main form button").click()
    page.locator("input[type=file]").set_input_files(SAMPLE_FILE)
    page.locator("main form button").first.click()
    page.get_by_role("button", name=re.compile("^Import")).click()


def find_segments(page, features=FEATURES):
    page.get_by_role("link", name="Find segments").first.click()
    for feature in features:  # as proposed
        expect(page.locator(f"input[name=features][value='{feature}']")).to_be_checked()
    page.get_by_role("button", name="Find segments").click()


def test_from_a_file_to_a_list_for_a_campaign(page, log_in, worker):
    log_in(page)
    import_sample(page)
    expect(page.get_by_role("heading", name="200 customers in My shop")).to_be_visible(timeout=60_000)
    find_segments(page)
    expect(page.get_by_role("heading", name="The segments")).to_be_visible(timeout=60_000)
    expect(page.locator("figure.scatter svg a").first).to_be_attached()  # the drawing, not only a picture

    page.locator("ol.segments a").first.click()
    page.get_by_text("Name and notes").click()
    page.get_by_label("Name, in every run").fill("Regulars")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Regulars")).to_be_visible()
    assert Segment.objects.filter(name="Regulars").exists()
    listed = page.locator("section[aria-labelledby=customers] tbody tr").count()
    page.get_by_role("link", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(rows) >= listed > 10
    assert {row["Segment"] for row in rows} == {"Regulars"}
    assert {row["Customer ID"] for row in rows} <= set(Customer.objects.values_list("customer_id", flat=True))


def test_the_page_counts_the_customers_of_a_choice_while_it_is_made(page, log_in, make_dataset, groups):
    dataset = make_dataset({**groups(), "Age": [None] * 30 + [float(20 + row) for row in range(70)]})
    log_in(page)
    page.goto(reverse("segmentation:run-create", args=[dataset.slug]))
    said = page.locator("#participants")
    expect(said).to_contain_text("All 100 customers take part.")
    page.get_by_text("1 other attribute").click()
    age = page.get_by_role("checkbox", name="Age 20 to 89")
    age.check()
    expect(said).to_contain_text("70 of 100 customers have a value")
    age.uncheck()
    expect(said).to_contain_text("All 100 customers take part.")


COUNT_CLICKS = "document.addEventListener('pointerdown', () => window.noteClick(), true)"


def test_a_new_user_gets_from_their_own_file_to_a_list_within_twelve_clicks(page, log_in, worker, tmp_path):
    own = tmp_path / "Kunden.csv"
    groups = [(year, euros) for year, euros in ((1, 20), (1, 900), (9, 20), (9, 900)) for _ in range(25)]
    lines = [
        f"K{number:03};{years + number % 3};{euros + number % 7}"
        for number, (years, euros) in enumerate(groups)
    ]
    own.write_text("\n".join(["Kundennummer;Jahre;Umsatz", *lines]), encoding="utf-8")
    clicks = []
    page.expose_function("noteClick", lambda: clicks.append(page.url))
    page.add_init_script(COUNT_CLICKS)

    log_in(page)
    page.get_by_role("link", name="Create your first dataset").click()
    page.get_by_label("Name").fill("Own shop")
    page.locator("main form button").click()
    with page.expect_file_chooser() as chooser:
        page.locator("input[type=file]").click()
    chooser.value.set_files(own)
    page.locator("main form button").first.click()
    page.get_by_role("button", name=re.compile("^Import")).click()
    expect(page.get_by_role("heading", name="100 customers in Own shop")).to_be_visible(timeout=60_000)
    find_segments(page, ("Jahre", "Umsatz"))
    expect(page.get_by_role("heading", name="The segments")).to_be_visible(timeout=60_000)
    page.locator(".segment-card").first.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert len(rows) == 25
    assert 10 <= len(clicks) <= 12, clicks


def test_it_works_without_javascript(open_context, log_in, worker):
    page = open_context(java_script_enabled=False).new_page()
    log_in(page)
    import_sample(page)
    expect(page.get_by_role("heading", name="200 customers in My shop")).to_be_visible(timeout=60_000)
    find_segments(page)
    expect(page.get_by_role("heading", name="The segments")).to_be_visible(timeout=60_000)
    picture = page.locator("figure.scatter picture.light-only img")
    assert page.request.get(picture.get_attribute("src")).headers["content-type"] == "image/svg+xml"
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def code_for(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_a_second_factor_is_set_up_and_asked_for(page, log_in):
    log_in(page)
    page.goto(reverse("mfa_activate_totp"))
    if "reauthenticate" in page.url:
        page.locator("[name=password]").fill("seven green bottles 42")
        page.locator("main form button").first.click()
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("[name=code]").fill(code_for(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Authenticator app activated")).to_be_visible()
    page.context.clear_cookies()
    log_in(page)
    page.goto("/")
    assert "/accounts/" in page.url  # the password alone opens nothing
    page.goto(reverse("mfa_authenticate"))
    page.locator("input[name=code]").fill(code_for(secret))
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_light_and_dark_are_remembered(open_context, log_in, member):
    page = open_context(color_scheme="dark").new_page()
    log_in(page)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_markup_in_anything_people_write_never_runs(page, log_in, shop, execute_a_run):
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    run = execute_a_run(shop, k=3)
    for segment in Segment.objects.all():
        Segment.objects.filter(pk=segment.pk).update(name=f"{segment.pk}{evil}")
    Dataset.objects.filter(pk=shop.pk).update(name=evil)
    shop.attributes.filter(position=0).update(name=evil)
    Customer.objects.filter(version=shop.current_version_id, customer_id="0001").update(customer_id=evil)
    shop.current_version.original_name = evil
    shop.current_version.save()
    log_in(page)
    for path in (
        "/",
        "/datasets/",
        shop.get_absolute_url(),
        reverse("customers:customer-list", args=[shop.slug]),
        run.get_absolute_url(),
        run.segmentation.get_absolute_url(),
        run.clusters.first().get_absolute_url(),
        reverse("segmentation:run-delete", args=[run.pk]),
        "/runs/",
        "/jobs/",
        "/audit/",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.locator("img[src=x]").count() == 0  # a script that ran would also have opened a dialog
