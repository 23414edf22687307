"""Finding customers: filter, sort, page, and share the URL."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import expect

from customers.models import Attribute, Customer, Dataset

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = "<img src=x onerror=alert(1)>"
TEXTS = [
    EVIL,
    "مرحبا بالعالم — שלום",
    "😀👩‍👩‍👧‍👦 " * 20,
    "long " * 60,
    "Donaudampfschifffahrt" * 15,
    "=cmd|'/c calc'!A0",
]


@pytest.fixture
def wide_shop(shop) -> Dataset:
    """A shop with twenty more attributes, with awkward names and values."""
    names = [EVIL, "name " * 38, "الاسم", *(f"Attribute {number}" for number in range(17))]
    with transaction.atomic():
        for position, name in enumerate(names):
            Attribute.objects.create(dataset=shop, name=name.strip(), kind="text", position=position)
        for customer in Customer.objects.of(shop):
            texts = [TEXTS[(customer.id + position) % len(TEXTS)] for position in range(len(names))]
            Customer.objects.filter(version=shop.current_version_id, id=customer.id).update(texts=texts)
    return shop


def listed(page) -> list[str]:
    return page.locator(".customers tbody th").all_inner_texts()


@pytest.mark.parametrize("has_javascript", [True, False])
def test_filter_sort_page_and_share_the_address(
    open_context, log_in, make_dataset, groups, execute_a_run, has_javascript
):
    run = execute_a_run(make_dataset(groups(100)), k=5)
    context = open_context(java_script_enabled=has_javascript)
    page = context.new_page()
    log_in(page)
    page.goto(run.clusters.first().get_absolute_url())
    page.get_by_label("Filter by").select_option(label="Income")
    page.get_by_role("button", name="Add a filter").click()
    page.get_by_label("From").fill("20")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("Active filters")).to_contain_text("Income from 20")
    page.get_by_role("columnheader", name="Score").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Score")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("navigation", name="Rows per page").get_by_role("link", name="25").click()
    page.get_by_role("link", name="Next →").click()
    expect(page.get_by_role("link", name="← Previous")).to_be_visible()
    seen, address = listed(page), page.url
    assert len(seen) == 25

    other = context.new_page()  # somebody who was sent the URL
    other.goto(address)
    assert listed(other) == seen
    other.get_by_role("link", name="Remove the filter: Income from 20").click()
    expect(other.get_by_label("Active filters")).to_have_count(0)
    assert "sort=" in urlsplit(other.url).query


def test_an_empty_result_says_so_and_leads_back(page, log_in, shop):
    log_in(page)
    page.goto(reverse("customers:customer-list", args=[shop.slug]))
    page.get_by_label("Customer ID begins with").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No customers match.")).to_be_visible()
    page.get_by_role("link", name="Clear all filters").click()
    expect(page.locator(".customers tbody tr")).to_have_count(50)


def test_from_the_list_to_a_customer_who_is_explained(page, log_in, shop, execute_a_run):
    run = execute_a_run(shop, k=5)
    log_in(page)
    page.goto(run.clusters.first().get_absolute_url())
    page.get_by_role("link", name=re.compile("^closest to another segment")).click()
    page.locator(".customers tbody th a").first.click()
    expect(page.get_by_role("heading", name="Why this segment")).to_be_visible()
    expect(page.get_by_text("pulls to").first).to_be_visible()
    expect(page.locator("svg.standing .here").first).to_be_attached()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_awkward_values_are_shown_as_they_are_and_break_no_page(
    open_context, log_in, wide_shop, execute_a_run, width, theme
):
    run = execute_a_run(wide_shop, k=5)
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 900}).new_page()
    log_in(page)
    evil = wide_shop.attributes.get(name=EVIL)
    segment, customers = run.clusters.first().get_absolute_url(), f"{wide_shop.get_absolute_url()}customers/"
    for address in (
        segment,
        f"{segment}?filter={evil.pk}",
        f"{customers}?{evil.pk}.has=%3Cimg&sort=-{evil.pk}",
        f"{customers}1/",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.get_by_text(EVIL).count() > 0
        assert page.locator("img[src=x]").count() == 0
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), address
        found = Axe().run(page).response["violations"]
        assert not [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found], address
