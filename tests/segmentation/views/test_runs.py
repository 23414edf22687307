"""Pages of runs: requesting one, watching it and reading its result."""

import pytest
from django.urls import reverse

from jobs import lifecycle
from jobs.models import Job
from segmentation.models import Segment, SegmentationRun
from segmentation.runs.request import RunRequest, start_run

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def test_an_empty_home_page_explains_what_to_do(analyst_client):
    page = analyst_client.get(reverse("home"))
    assert "Create your first dataset" in page.content.decode()


def test_home_shows_the_latest_segmentation(viewer_client, shop, execute_a_run):
    run = execute_a_run(shop)
    page = viewer_client.get(reverse("home")).content.decode()
    assert "100 customers of Shop fall into 5 segments" in page
    assert reverse("segmentation:chart", args=[run.pk, "scatter", "svg"]) in page


def test_a_run_is_asked_for_and_queued(analyst_client, analyst, shop):
    address = reverse("segmentation:run-create", args=[shop.slug])
    answer = analyst_client.post(
        address,
        {
            "features": ["Income", "Score"],
            "scaling": "standard",
            "missing": "leave-out",
            "outliers": "keep",
            "k_max": 10,
        },
    )
    run = SegmentationRun.objects.get()
    assert answer.url == run.get_absolute_url()
    assert (run.job.state, run.job.created_by) == (Job.State.QUEUED, analyst)


def test_a_run_without_features_is_asked_again_with_a_sentence(analyst_client, shop):
    page = analyst_client.post(reverse("segmentation:run-create", args=[shop.slug]), {"scaling": "standard"})
    assert "Choose at least one attribute." in page.content.decode()
    assert not SegmentationRun.objects.exists()


def test_a_run_that_cannot_work_is_asked_again_with_the_reason(analyst_client, make_dataset):
    dataset = make_dataset({"Income": [1.0, 2.0], "Score": [3.0, 4.0]})
    page = analyst_client.post(
        reverse("segmentation:run-create", args=[dataset.slug]),
        {
            "features": ["Income"],
            "scaling": "standard",
            "missing": "leave-out",
            "outliers": "keep",
            "k": 5,
            "k_max": 10,
        },
    )
    assert "5 segments need at least 5 customers" in page.content.decode()


def test_a_viewer_may_look_but_not_run(viewer_client, shop):
    assert viewer_client.get(reverse("segmentation:run-create", args=[shop.slug])).status_code == 403
    assert viewer_client.get(reverse("segmentation:run-list")).status_code == 200


def test_a_stranger_is_sent_to_the_login(client, shop):
    for name, args in [("home", []), ("segmentation:run-list", []), ("segmentation:run-create", [shop.slug])]:
        assert reverse("account_login") in client.get(reverse(name, args=args)).url


def test_a_queued_run_renews_its_page_and_can_be_cancelled(analyst_client, shop):
    run = start_run(RunRequest(dataset=shop, features=["Income"]), foreground=True)
    page = analyst_client.get(run.get_absolute_url()).content.decode()
    assert "Waiting for a worker" in page
    assert 'http-equiv="refresh"' in page
    analyst_client.post(reverse("jobs:job-cancel", args=[run.job_id]))
    assert "This run was cancelled" in analyst_client.get(run.get_absolute_url()).content.decode()


def test_a_running_run_shows_its_progress(viewer_client, shop):
    run = start_run(RunRequest(dataset=shop, features=["Income"]), foreground=True)
    lifecycle.claim(run.job_id)
    Job.objects.filter(pk=run.job_id).update(stage="Elbow sweep", done=3, total=10)
    page = viewer_client.get(run.get_absolute_url()).content.decode()
    assert "Elbow sweep" in page
    assert 'value="30"' in page


def test_a_refused_run_says_why(viewer_client, make_dataset, execute_a_run):
    run = execute_a_run(make_dataset({"Income": [1.0, 2.0, 3.0], "Score": [5.0, 5.0, 5.0]}))
    page = viewer_client.get(run.get_absolute_url()).content.decode()
    assert "could not be finished" in page
    assert "Score" in page


def test_a_finished_run_shows_charts_segments_and_how_it_was_done(viewer_client, shop, execute_a_run):
    run = execute_a_run(shop)
    page = viewer_client.get(run.get_absolute_url()).content.decode()
    for name in ("scatter", "elbow", "sizes"):
        assert reverse("segmentation:chart", args=[run.pk, name, "svg"]) in page
    for segment in Segment.objects.all():
        assert segment.name in page
    assert "scikit-learn" in page


@pytest.mark.parametrize("name", ["elbow", "scatter", "sizes", "profile", "distributions"])
def test_every_chart_is_drawn_as_svg_and_png(viewer_client, shop, execute_a_run, name):
    run = execute_a_run(shop)
    svg = viewer_client.get(reverse("segmentation:chart", args=[run.pk, name, "svg"]), {"theme": "dark"})
    png = viewer_client.get(reverse("segmentation:chart", args=[run.pk, name, "png"]))
    assert svg["Content-Type"] == "image/svg+xml"
    assert b"<svg" in svg.content[:500]
    assert png.content.startswith(b"\x89PNG")


def test_a_run_without_results_has_no_charts(viewer_client, shop):
    run = start_run(RunRequest(dataset=shop, features=["Income"]), foreground=True)
    address = reverse("segmentation:chart", args=[run.pk, "elbow", "svg"])
    assert viewer_client.get(address).status_code == 404


def test_a_missing_picture_gives_404(viewer_client, shop, execute_a_run):
    other = shop.attributes.create(name="Age", kind="number", position=2)
    address = reverse("segmentation:chart", args=[execute_a_run(shop).pk, "scatter", "svg"])
    income = shop.attributes.get(name="Income")
    assert viewer_client.get(address, {"x": income.pk, "y": other.pk}).status_code == 404


def test_names_with_markup_are_shown_and_not_run(viewer_client, shop, execute_a_run):
    run = execute_a_run(shop)
    Segment.objects.filter(pk=run.clusters.first().segment_id).update(name="<script>alert(1)</script>")
    pages = [run.get_absolute_url(), reverse("segmentation:chart", args=[run.pk, "scatter", "svg"])]
    for page in pages:
        content = viewer_client.get(page).content
        assert b"<script>alert" not in content
        assert b"&lt;script&gt;" in content


def test_lists_cost_the_same_few_queries_however_long(
    viewer_client, shop, execute_a_run, django_assert_max_num_queries
):
    run = execute_a_run(shop)
    for _ in range(5):
        start_run(RunRequest(dataset=shop, features=["Income"]), foreground=True)
    pages = [reverse("home"), reverse("segmentation:run-list"), reverse("jobs:job-list")]
    for page in [*pages, run.get_absolute_url(), run.segmentation.get_absolute_url()]:
        with django_assert_max_num_queries(15):
            assert viewer_client.get(page).status_code == 200


CHOICES = {
    "features": ["Income", "Score"],
    "scaling": "robust",
    "log1p": ["Income"],
    "missing": "median",
    "outliers": "set-aside",
    "k_max": 8,
    "max_segments": 4,
    "min_share": 5,
    "name": "Spring campaign",
}


def test_every_choice_of_the_form_reaches_the_run(analyst_client, shop):
    analyst_client.post(reverse("segmentation:run-create", args=[shop.slug]), CHOICES)
    run = SegmentationRun.objects.select_related("segmentation").get()
    recipe = run.segmentation
    assert (recipe.name, recipe.scaling, recipe.missing, recipe.outliers) == (
        "Spring campaign",
        "robust",
        "median",
        "set-aside",
    )
    assert recipe.log1p == [shop.attributes.get(name="Income").pk]
    assert run.limits == {"k_min": None, "k_max": 4, "min_share": 0.05}


def test_run_again_offers_the_same_choices(analyst_client, shop):
    analyst_client.post(reverse("segmentation:run-create", args=[shop.slug]), CHOICES)
    run = SegmentationRun.objects.get()
    page = analyst_client.get(reverse("segmentation:run-create", args=[shop.slug]), {"like": run.pk})
    initial = page.context["form"].initial
    assert {name: initial[name] for name in CHOICES if name != "name"} == {
        name: value for name, value in CHOICES.items() if name != "name"
    }


def test_limits_that_exclude_each_other_are_asked_again(analyst_client, shop):
    wrong = {**CHOICES, "min_segments": 5}
    page = analyst_client.post(reverse("segmentation:run-create", args=[shop.slug]), wrong)
    assert "This is less than 5" in page.content.decode()
    assert not SegmentationRun.objects.exists()
