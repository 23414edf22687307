"""A run's page: what it says about the segments, and where it leads."""

import csv
import io
import re

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from customers.models import Customer, CustomerImport
from jobs.models import Job
from jobs.worker.execution import execute
from segmentation.chart_data.on_demand import count_picture
from segmentation.comparison.flows import compare_runs
from segmentation.comparison.timeline import read_history
from segmentation.deletion import delete_run
from segmentation.models import Cluster, RunComparison, RunPicture, Segment, SegmentationRun
from segmentation.views import charts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(make_dataset, groups, execute_a_run):
    """Five segments by income and score; the customers also have an age."""
    columns = groups()
    return execute_a_run(make_dataset({**columns, "Age": [20 + 5 * (row // 20) for row in range(100)]}), k=5)


def attribute(run, name):
    return run.segmentation.dataset.attributes.get(name=name).pk


def page_of(client, run, **query):
    return client.get(run.get_absolute_url(), query)


# ---- Cards -------------------------------------------------------------------------------------------------


def test_cards_say_what_sets_a_segment_apart_even_in_other_attributes(viewer_client, run):
    cards = page_of(viewer_client, run).context["cards"]
    first = next(card for card in cards if card.cluster.centroid[0] > 70 and card.cluster.centroid[1] < 30)
    told = {each.name: each for each in first.differences}
    assert told["Income"].is_higher
    assert not told["Score"].is_higher
    assert (told["Age"].value, told["Age"].everyone, told["Age"].is_feature) == ("25", "30", False)
    assert first.description == "More than others: Income. Less: Score and Age."


def test_tiny_doubtful_and_huge_segments_get_a_warning(viewer_client, run):
    Cluster.objects.filter(run=run, number=1).update(size=70)
    Cluster.objects.filter(run=run, number=2).update(size=9)
    Cluster.objects.filter(run=run, number=3).update(stability=0.59)
    Cluster.objects.filter(run=run, number=4).update(stability=0.74)
    cards = page_of(viewer_client, run).context["cards"]
    titles = [[caution.title for caution in card.warnings] for card in cards]
    assert titles == [["very large"], ["tiny"], ["doubtful"], ["unstable"], []]


def news_of(client, run):
    """What became of each segment, and the sentence that says so."""
    return [(card.news.fate, card.news.sentence) for card in page_of(client, run).context["cards"]]


def test_a_first_run_has_no_news_and_a_later_one_tells_kept_changed_and_new(
    viewer_client, run, execute_a_run
):
    assert [card.news for card in page_of(viewer_client, run).context["cards"]] == [None] * 5
    same = execute_a_run(run.segmentation.dataset, k=5, random_state=3)
    assert news_of(viewer_client, same) == [("kept", "As many customers as in the previous run.")] * 5
    fewer = execute_a_run(run.segmentation.dataset, k=2)
    assert {fate for fate, _sentence in news_of(viewer_client, fewer)} <= {"changed", "new"}
    assert len(page_of(viewer_client, fewer).context["gone"]) >= 3


def test_who_stayed_and_joined_is_shown_if_it_was_counted(viewer_client, run, execute_a_run):
    same = execute_a_run(run.segmentation.dataset, k=5, random_state=3)
    label, size = same.clusters.values_list("label", "size").get(number=1)
    assert size == 20
    page_of(viewer_client, same)
    assert not RunComparison.objects.exists()  # a page counts nothing
    compare_runs(run, same)
    assert news_of(viewer_client, same)[0] == ("kept", "All of its 20 customers stayed.")
    [kept] = RunComparison.objects.all()
    kept.flows = [flow for flow in kept.flows if flow[1] != label]
    kept.flows += [[0, label, 290], [0, None, 23], [None, label, 75]]
    before = run.clusters.get(segment=same.clusters.get(number=1).segment_id)
    kept.flows = [[before.label if flow[0] == 0 else flow[0], *flow[1:]] for flow in kept.flows]
    kept.save()
    assert news_of(viewer_client, same)[0][1] == "290 of its 313 customers stayed, 75 joined."


def test_only_sizes_are_shown_if_flows_were_not_counted(viewer_client, run, execute_a_run):
    same = execute_a_run(run.segmentation.dataset, k=5, random_state=3)
    for number, size in ((1, 23), (2, 17), (3, 22)):
        Cluster.objects.filter(run=same, number=number).update(size=size)
    assert news_of(viewer_client, same)[:3] == [
        ("grown", "3 customers more than in the previous run."),
        ("shrunk", "3 customers fewer than in the previous run."),
        ("kept", "2 customers more than in the previous run."),
    ]
    assert "are allowed to treat" not in page_of(viewer_client, same).content.decode()


def test_after_a_run_is_deleted_news_are_told_against_the_one_before_it(viewer_client, shop, execute_a_run):
    execute_a_run(shop, k=2)
    middle, last = (execute_a_run(shop, k=5, random_state=state) for state in (1, 2))
    assert {fate for fate, _sentence in news_of(viewer_client, last)} == {"kept"}
    new = middle.clusters.filter(confidence=None).count()
    assert new
    delete_run(middle)
    news = news_of(viewer_client, last)
    assert news.count(("new", "The previous run had no such segment.")) == new
    history = read_history(last.segmentation).living
    cards = page_of(viewer_client, last).context["cards"]
    assert {card.cluster.segment: card.news.fate for card in cards} == {
        row.segment: row.latest.fate for row in history
    }


def test_a_segment_that_only_an_earlier_run_knew_is_found_again(viewer_client, run, execute_a_run):
    last = execute_a_run(run.segmentation.dataset, k=5, random_state=3)
    segment = last.clusters.get(number=1).segment
    run.clusters.filter(segment=segment).delete()
    assert news_of(viewer_client, last)[0] == (
        "found again",
        "The previous run had no such segment, but an earlier one did.",
    )


def test_news_are_told_against_the_run_that_was_done_before(viewer_client, run, execute_a_run):
    other = execute_a_run(run.segmentation.dataset, k=5, random_state=3)
    Job.objects.filter(pk=run.job_id).update(finished_at=Now())  # requested first, finished last
    assert page_of(viewer_client, run).context["earlier"] == other
    assert page_of(viewer_client, other).context["earlier"] is None


def test_a_viewer_sees_no_forms_to_change_anything(viewer_client, run):
    page = page_of(viewer_client, run).content.decode()
    for name, args in [("segment-rename", [run.pk, 1]), ("run-again", [run.pk]), ("run-k", [run.pk, 3])]:
        assert reverse(f"segmentation:{name}", args=args) not in page


# ---- How sure ----------------------------------------------------------------------------------------------


def test_clear_groups_are_described_as_clear(viewer_client, run):
    assert page_of(viewer_client, run).context["verdict"].level == "good"


def test_a_number_other_than_recommended_is_pointed_out(viewer_client, run, execute_a_run):
    verdict = page_of(viewer_client, execute_a_run(run.segmentation.dataset, k=4)).context["verdict"]
    assert verdict.title == "4 segments as requested; 5 fit these customers better"


def test_no_clear_grouping_is_said_first(viewer_client, run):
    verdict = {**run.advice["verdict"], "kind": "nothing", "k_recommended": None}
    advice = {**run.advice, "k_recommended": None, "verdict": verdict}
    SegmentationRun.objects.filter(pk=run.pk).update(advice=advice)
    page = page_of(viewer_client, run)
    assert page.context["verdict"].level == "poor"
    assert "Nothing to go by" in page.content.decode()


def test_stability_stands_apart_from_the_criteria_that_name_a_k(viewer_client, run):
    page = page_of(viewer_client, run)
    assert [sentence.split()[0] for _k, sentence in page.context["answers"]] == [
        "WCSS",
        "Silhouette",
        "Davies-Bouldin",
        "Calinski-Harabasz",
    ]
    text = page.content.decode()
    listed = text.partition('<ul class="plain answers">')[2].partition("</ul>")[0]
    assert listed.count("<li>") == 4
    assert "come back when other customers are drawn" in text.replace(listed, "")
    assert "come back" not in listed


def test_what_an_older_run_froze_of_stability_stands_apart_too(viewer_client, run):
    frozen = "Every cluster comes back when customers are redrawn at k = 2, 3; best at 3."
    answers = [*run.advice["answers"][:4], {"criterion": "stability", "k": 3, "sentence": frozen}]
    older = {**run.advice, "answers": answers, "verdict": None, "sentences": ["Use 5 segments."]}
    SegmentationRun.objects.filter(pk=run.pk).update(advice=older)
    text = page_of(viewer_client, run).content.decode()
    assert "<p>Use 5 segments.</p>" in text
    assert f"<p>{frozen}</p>" in text


def test_every_k_shows_its_scores_and_sampled_silhouettes_their_error(viewer_client, run):
    rows = run.scores["rows"]
    for row in rows[1:]:
        row |= {"silhouette_exact": False, "silhouette_sample": 50, "silhouette_error": 0.0123}
    SegmentationRun.objects.filter(pk=run.pk).update(scores={**run.scores, "rows": rows})
    page = page_of(viewer_client, run)
    assert [each.k for each in page.context["candidates"]] == list(range(1, 11))
    assert [each.k for each in page.context["candidates"] if "silhouette" in each.best] == [5]
    assert "random sample of 50 customers" in page.content.decode()


def test_another_k_is_confirmed_and_started_with_the_sweep(analyst_client, analyst, run):
    address = reverse("segmentation:run-k", args=[run.pk, 3])
    assert "Find 3 segments in the same customers?" in analyst_client.get(address).content.decode()
    assert SegmentationRun.objects.count() == 1
    answer = analyst_client.post(address)
    started = SegmentationRun.objects.latest("pk")
    assert answer.url == started.get_absolute_url()
    assert (started.k_requested, started.sweep_of_id, started.job.created_by) == (3, run.pk, analyst)


def test_a_k_that_was_not_tried_is_not_found(analyst_client, run):
    assert analyst_client.post(reverse("segmentation:run-k", args=[run.pk, 11])).status_code == 404


def test_with_newer_customers_it_says_which_ones_it_uses(analyst_client, run, publish, groups):
    newer = publish(run.segmentation.dataset, {**groups(30), "Age": [1.0] * 150})
    CustomerImport.objects.filter(pk=newer.pk).update(original_name="spring.csv")
    page = analyst_client.get(reverse("segmentation:run-k", args=[run.pk, 3])).content.decode()
    assert "from spring.csv" in page
    assert "They are not included here" in page
    analyst_client.post(reverse("segmentation:run-again", args=[run.pk]))
    assert SegmentationRun.objects.latest("pk").version == newer


def test_the_page_says_if_customers_are_no_longer_kept(analyst_client, run):
    CustomerImport.objects.filter(pk=run.version_id).update(dropped_at=Now())
    page = analyst_client.post(reverse("segmentation:run-k", args=[run.pk, 3]), follow=True)
    assert "no longer kept" in page.content.decode()
    assert SegmentationRun.objects.count() == 1


def test_logarithms_it_proposes_are_offered_ready_to_run(analyst_client, run):
    SegmentationRun.objects.filter(pk=run.pk).update(log1p_proposed=["Income"])
    page = page_of(analyst_client, run).content.decode()
    address = reverse("segmentation:run-create", args=[run.segmentation.dataset.slug])
    assert f"{address}?like={run.pk}&amp;log1p=proposed" in page
    form = analyst_client.get(address, {"like": run.pk, "log1p": "proposed", "k": "4"}).context["form"]
    assert (form.initial["log1p"], form.initial["k"]) == (["Income"], 4)


# ---- The scatter plot's axes -------------------------------------------------------------------------------


def test_a_pair_the_run_froze_is_there_at_once_in_either_order(viewer_client, run):
    x, y = attribute(run, "Score"), attribute(run, "Income")
    page = page_of(viewer_client, run, x=x, y=y)
    assert page.context["choice"].is_exchanged
    svg = viewer_client.get(reverse("segmentation:chart", args=[run.pk, "scatter", "svg"]), {"x": x, "y": y})
    assert "by Score (X axis) and Income (Y axis)" in svg.content.decode()


def test_another_pair_is_drawn_once_when_asked_for(viewer_client, run):
    query = {"x": attribute(run, "Age"), "y": attribute(run, "Income")}
    assert "Draw this pair" in page_of(viewer_client, run, **query).content.decode()
    answer = viewer_client.post(reverse("segmentation:run-picture", args=[run.pk]), query)
    asked = RunPicture.objects.get()
    page = viewer_client.get(answer.url)
    assert (asked.job.state, page.context["picture_job"]) == (Job.State.QUEUED, asked.job)
    execute(asked.job_id, count_picture)
    svg = viewer_client.get(reverse("segmentation:chart", args=[run.pk, "scatter", "svg"]), query)
    assert "by Age (X axis) and Income (Y axis)" in svg.content.decode()
    assert "Draw this pair" not in viewer_client.get(answer.url).content.decode()


def test_a_pair_cannot_be_drawn_when_the_customers_are_gone(viewer_client, run):
    CustomerImport.objects.filter(pk=run.version_id).update(dropped_at=Now())
    query = {"x": attribute(run, "Age"), "y": attribute(run, "Income")}
    page = page_of(viewer_client, run, **query).content.decode()
    assert "no more pairs can be drawn" in page
    assert "Draw this pair" not in page


@pytest.mark.parametrize("x", ["-1", "0", "column99", "components", "<b>", "9" * 400])
def test_unknown_axes_are_no_error(viewer_client, run, x):
    page = page_of(viewer_client, run, x=x, y=x)
    assert (page.status_code, page.context["choice"].frozen is not None) == (200, True)
    refused = viewer_client.post(reverse("segmentation:run-picture", args=[run.pk]), {"x": x, "y": x})
    assert refused.status_code == 302
    assert not RunPicture.objects.exists()


def test_the_same_attribute_twice_is_asked_again(viewer_client, run):
    income = attribute(run, "Income")
    page = page_of(viewer_client, run, x=income, y=income).content.decode()
    assert "Choose two different attributes." in page


def test_components_say_what_they_explain(viewer_client, run, execute_a_run):
    three = execute_a_run(run.segmentation.dataset, features=["Income", "Score", "Age"], k=3)
    address = reverse("segmentation:chart", args=[three.pk, "scatter", "svg"])
    svg = viewer_client.get(address, {"x": "components", "y": "components"}).content.decode()
    shares = three.pictures[-1]["explained"]
    assert f"{100 * sum(shares):.0f}\xa0% of the spread" in svg


# ---- Downloading numbers -----------------------------------------------------------------------------------


def rows_of(answer):
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("name", "count"), [("elbow", 10), ("scatter", 100), ("sizes", 5), ("profile", 15), ("distributions", 18)]
)
def test_the_numbers_of_every_chart_are_a_file(viewer_client, run, name, count):
    rows = rows_of(viewer_client.get(reverse("segmentation:chart", args=[run.pk, name, "csv"])))
    assert len(rows) == count


def test_formulas_in_names_are_escaped(viewer_client, run):
    Segment.objects.filter(pk=run.clusters.get(number=1).segment_id).update(name="=cmd|' /C calc'!A0")
    rows = rows_of(viewer_client.get(reverse("segmentation:chart", args=[run.pk, "sizes", "csv"])))
    assert rows[0]["Segment"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["Customers"] == "20"


def test_a_downloaded_drawing_has_no_links(viewer_client, run):
    address = reverse("segmentation:chart", args=[run.pk, "scatter", "svg"])
    assert b"<a " in viewer_client.get(address).content
    assert b"<a " not in viewer_client.get(address, {"download": "1"}).content


def test_only_people_who_may_run_get_links_from_a_k(viewer_client, analyst_client, run):
    address = reverse("segmentation:chart", args=[run.pk, "elbow", "svg"])
    wanted = reverse("segmentation:run-k", args=[run.pk, 3]).encode()
    assert wanted in analyst_client.get(address).content
    assert wanted not in viewer_client.get(address).content


@pytest.mark.parametrize("name", ["sizes", "scatter"])
def test_a_chart_that_the_browser_has_is_not_drawn_again(viewer_client, run, monkeypatch, name):
    address = reverse("segmentation:chart", args=[run.pk, name, "svg"])
    etag = viewer_client.get(address)["ETag"]
    with monkeypatch.context() as patch:
        patch.setattr(charts, "_drawn", None)
        again = viewer_client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["Cache-Control"]) == (304, b"", "private, no-cache")
    assert viewer_client.get(address, {"theme": "dark"}, headers={"If-None-Match": etag}).status_code == 200


def test_a_chart_is_drawn_again_for_a_new_name_and_other_permissions(viewer_client, analyst_client, run):
    address = reverse("segmentation:chart", args=[run.pk, "elbow", "svg"])
    etag = viewer_client.get(address)["ETag"]
    assert analyst_client.get(address, headers={"If-None-Match": etag}).status_code == 200
    Segment.objects.filter(pk=run.clusters.get(number=1).segment_id).update(name="Renamed")
    assert viewer_client.get(address, headers={"If-None-Match": etag}).status_code == 200


# ---- How it was done ---------------------------------------------------------------------------------------


def test_customers_left_out_are_counted_by_reason(viewer_client, make_dataset, groups, execute_a_run):
    columns = groups()
    columns["Income"][0] = None
    page = page_of(viewer_client, execute_a_run(make_dataset(columns))).content.decode()
    assert "1 customer: 1 no value in “Income”" in " ".join(page.split())


def test_a_sensitive_feature_gets_a_warning(viewer_client, run, execute_a_run):
    shop = run.segmentation.dataset
    shop.attributes.create(name="Gender", kind="text", position=0)
    Customer.objects.of(shop).update(texts=["Male"])
    Customer.objects.of(shop).filter(id__lte=50).update(texts=["Female"])
    page = page_of(viewer_client, execute_a_run(shop, one_hot=["Gender"], k=2))
    assert sorted(each.name for each in page.context["drivers"] if each.is_sensitive) == [
        "Gender: Female",
        "Gender: Male",
    ]
    assert "Sensitive attributes were used" in page.content.decode()


def test_a_chart_is_drawn_again_in_another_language(viewer_client, run, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    address = reverse("segmentation:chart", args=[run.pk, "sizes", "svg"])
    english = viewer_client.get(address)
    headers = {"If-None-Match": english["ETag"], "Accept-Language": "de"}
    german = viewer_client.get(address, headers=headers)
    assert german.status_code == 200
    shares = [re.findall(r"\d+([.,])\d\xa0%", each.content.decode()) for each in (english, german)]
    assert [set(signs) for signs in shares] == [{"."}, {","}]
