"""What people do with segments over time: name them, colour them, look back, compare."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from segmentation.models import Segment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def runs(shop, groups, publish, execute_a_run):
    """Two runs, the second with half as many customers again."""
    first, more = execute_a_run(shop, k=5), groups(10, random_state=1)
    publish(shop, {name: values + more[name] for name, values in groups().items()})
    return first, execute_a_run(shop, k=5)


@pytest.fixture
def moved(shop, groups, publish, execute_a_run):
    """The second of two runs, between which three customers changed their spending to that of others."""
    execute_a_run(shop, k=5)
    columns = groups()
    columns["Income"][20:23], columns["Score"][20:23] = [88.0] * 3, [82.0] * 3
    publish(shop, columns)
    return execute_a_run(shop, k=5)


def change_a_segment(page, run):
    """Give the first segment in the list a new name, another look, and notes."""
    page.goto(run.segmentation.get_absolute_url())
    page.get_by_role("link", name="Edit name and colour, add notes").first.click()
    page.get_by_label("Name").fill("Young savers")
    other = page.locator(".palette label.taken input").first
    look = int(other.get_attribute("value"))
    other.check(force=True)
    page.get_by_label("Notes").fill("Mail on Thursdays.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“Young savers” is saved")).to_be_visible()
    expect(page.get_by_text("Mail on Thursdays.")).to_be_visible()
    return look


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_a_segment_gets_a_name_a_look_and_notes(open_context, log_in, runs, has_script):
    page = open_context(java_script_enabled=has_script).new_page()
    log_in(page)
    look = change_a_segment(page, runs[1])
    assert Segment.objects.get(name="Young savers").colour == look
    assert Segment.objects.values("colour").distinct().count() == 5


def test_the_keyboard_alone_changes_a_look(page, log_in, runs):
    segment = runs[1].clusters.first().segment
    log_in(page)
    page.goto(reverse("segmentation:segment-edit", args=[segment.segmentation_id, segment.pk]))
    page.get_by_label("Name").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is saved")).to_be_visible()
    assert Segment.objects.get(pk=segment.pk).colour == segment.colour + 1


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_two_runs_are_found_and_compared(open_context, log_in, runs, has_script):
    page = open_context(java_script_enabled=has_script).new_page()
    log_in(page)
    page.goto(reverse("segmentation:run-list"))
    page.get_by_label("State").select_option("succeeded")
    page.get_by_label("Requested by").select_option("command")
    page.get_by_role("button", name="Show", exact=True).click()
    assert "person=command" in page.url
    for run in runs:
        page.get_by_label(f"Compare run {run.pk}").check()
    page.get_by_role("button", name="Compare the two selected").click()
    first, second = runs
    expect(page.get_by_role("heading", name=f"Run {first.pk} and run {second.pk}")).to_be_visible()
    expect(page.get_by_text("50 customers are in the later run only.")).to_be_visible()
    assert page.locator("table.flows td.same").count() == 5


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_customers_who_moved_are_found_understood_and_exported(open_context, log_in, moved, has_script):
    page = open_context(java_script_enabled=has_script).new_page()
    log_in(page)
    page.goto(moved.get_absolute_url())
    page.get_by_role("link", name="Who moved since the previous run").click()
    row = page.locator("table.moves tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Score rose from")
    row.get_by_role("link", name="3 customers").click()
    expect(page.locator(".chips")).to_contain_text("of run")
    expect(page.locator(".customers tbody tr")).to_have_count(3)
    expect(page.locator(".customers .was")).to_have_count(6)
    page.get_by_role("link", name="Export this selection").click()
    expect(page.get_by_text("The file will have 3 rows")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["Customer ID", "0021", "0022", "0023"]


def test_a_word_leads_to_its_meaning(page, log_in, runs):
    log_in(page)
    page.goto(f"{reverse('segmentation:run-compare')}?run={runs[0].pk}&run={runs[1].pk}")
    page.get_by_role("link", name="Silhouette").click()
    expect(page.locator("#silhouette")).to_be_in_viewport()
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Glossary").click()
    expect(page.get_by_role("heading", name="Glossary")).to_be_visible()


def test_sizes_through_the_runs_lead_to_the_segments(page, log_in, runs):
    log_in(page)
    page.goto(runs[1].segmentation.get_absolute_url())
    links = page.locator("figure.history svg a")
    expect(links).to_have_count(5)
    links.first.press("Enter")
    page.wait_for_url("**/segments/*/")
