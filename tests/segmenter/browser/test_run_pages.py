"""Using a run's page: naming in place, another k, other axes, downloads."""

import csv
import io

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from segmentation.models import Segment, SegmentationRun
from segmentation.views import charts

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script></text></title></svg>"
AWKWARD = [
    EVIL,
    "\u202eevil\u202c العملاء الشباب",
    "Long " * 20,
    "😀 👩‍👩‍👧‍👦 客户",
    "=cmd|' /C calc'!A0 {{7*7}} \"'&",
]


@pytest.fixture
def run(make_dataset, groups, execute_a_run):
    """Five segments by income and score; the customers also have an age."""
    return execute_a_run(make_dataset({**groups(), "Age": list(range(100))}), k=5)


def test_a_segment_is_named_and_noted_down_in_place(page, log_in, run):
    log_in(page)
    page.goto(run.get_absolute_url())
    card = page.locator("#segment-2")
    card.locator("summary").click()
    card.get_by_label("Name, in every run").fill("Regulars")
    card.get_by_label("Notes").fill("Invite them in May.")
    card.get_by_role("button", name="Save").click()
    expect(page.locator("#segment-2 h3 a")).to_have_text("Regulars")
    expect(page.locator("#segment-2 .notes")).to_have_text("Invite them in May.")
    expect(page.locator("ol.segments")).to_contain_text("Regulars")
    assert run.clusters.get(number=2).segment.notes == "Invite them in May."


def test_a_click_on_a_k_of_the_elbow_graph_leads_to_a_run_with_it(page, log_in, run, worker):
    log_in(page)
    page.goto(run.get_absolute_url())
    strip = page.locator(f"figure.elbow svg a[href='{reverse('segmentation:run-k', args=[run.pk, 3])}']")
    strip.scroll_into_view_if_needed()
    strip.click()
    page.get_by_role("button", name="Find 3 segments").click()
    expect(page.get_by_text("fall into 3 segments")).to_be_visible(timeout=60_000)
    started = SegmentationRun.objects.latest("pk")
    assert (started.k, started.sweep_of_id) == (3, run.pk)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_another_pair_is_chosen_and_drawn(open_context, log_in, run, worker, script):
    page = open_context(java_script_enabled=script).new_page()
    log_in(page)
    page.goto(run.get_absolute_url())
    page.get_by_label("X axis").select_option("Age (not a feature)")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Draw this pair").click()
    expect(page.locator("figure.scatter")).to_be_visible(timeout=60_000)
    assert "x=" in page.url
    pictures = page.locator("figure.scatter img").first if not script else page.locator("figure.scatter svg")
    expect(pictures).to_be_attached()
    page.get_by_label("Y axis").select_option("Income")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("button", name="Draw this pair")).to_be_visible()


def taken(page, figure, name) -> bytes:
    with page.expect_download() as download:
        page.locator(f"figure.{figure} figcaption").get_by_role("link", name=name).click()
    return download.value.path().read_bytes()


def test_a_chart_is_downloaded_as_picture_drawing_and_numbers(page, log_in, run):
    log_in(page)
    page.goto(run.get_absolute_url())
    assert taken(page, "scatter", "PNG").startswith(b"\x89PNG")
    assert taken(page, "scatter", "SVG").startswith(b"<svg")
    rows = list(csv.DictReader(io.StringIO(taken(page, "scatter", "Numbers").decode("utf-8-sig"))))
    assert (len(rows), list(rows[0])) == (100, ["Income", "Score", "Segment"])


def test_a_mark_of_the_drawing_leads_to_its_segment(page, log_in, run):
    log_in(page)
    page.goto(run.get_absolute_url())
    wanted = run.clusters.get(number=3).get_absolute_url()
    page.locator(f"figure.scatter svg a[href='{wanted}'][aria-label]").first.click()
    expect(page).to_have_url(f"{page.url.partition('/runs')[0]}{wanted}")


LOOKS = [{}, {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}]


@pytest.mark.parametrize("look", LOOKS)
def test_a_chart_is_drawn_once_for_the_picture_and_for_the_drawing(
    open_context, log_in, run, look, monkeypatch
):
    drawn, draw = [], charts._drawn

    def noted(request, name, *args):
        drawn.append((request.path, request.GET.get("x")))
        return draw(request, name, *args)

    monkeypatch.setattr(charts, "_drawn", noted)
    page = open_context(**look).new_page()
    log_in(page)
    page.goto(run.get_absolute_url())
    expect(page.locator("figure.scatter svg")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert drawn
    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize("look", LOOKS)
def test_awkward_names_are_shown_unchanged_and_never_run(open_context, log_in, run, look):
    for segment, name in zip(Segment.objects.order_by("pk"), AWKWARD, strict=True):
        Segment.objects.filter(pk=segment.pk).update(name=name[:100].strip(), notes=name)
    run.segmentation.dataset.attributes.filter(name="Age").update(name="x" * 200)
    SegmentationRun.objects.filter(pk=run.pk).update(feature_names=[EVIL, "Score"])
    page = open_context(**look).new_page()
    log_in(page)
    page.goto(run.get_absolute_url())
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    for figure in ("scatter", "elbow", "profile", "sizes", "distributions"):
        page.locator(f"figure.{figure}").scroll_into_view_if_needed()
        expect(page.locator(f"figure.{figure} svg").first).to_be_attached()
    for name in AWKWARD:
        expect(page.locator(".segment-card h3").filter(has_text=name[:100].strip())).to_have_count(1)
    titles = page.locator("figure.sizes svg a").evaluate_all(
        "all => all.map(a => a.getAttribute('aria-label'))"
    )
    assert any(title.startswith(AWKWARD[4]) for title in titles)
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("main script").count() == 0
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")


@pytest.mark.parametrize("query", ["", "?download=1"])
def test_a_drawing_opened_by_itself_is_a_file_and_runs_nothing(page, log_in, run, query):
    Segment.objects.filter(pk=run.clusters.get(number=1).segment_id).update(name=EVIL)
    log_in(page)
    address = reverse("segmentation:chart", args=[run.pk, "scatter", "svg"])
    answer = page.request.get(address + query)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    # Even if it were served as a page, it would only be a drawing.
    page.route("**/served.svg", lambda route: route.fulfill(body=answer.body(), content_type="image/svg+xml"))
    page.goto("/served.svg")
    assert page.evaluate("document.documentElement.nodeName") == "svg"
    assert page.evaluate("document.querySelectorAll('script, img, foreignObject').length") == 0
