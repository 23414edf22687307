"""Why a run is refused before any customer is read, and which segmentation it belongs to."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection

from jobs.models import Job
from segmentation.analysis.results import KLimits
from segmentation.models import Segmentation, SegmentationRun
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.request import RunRequest, start_run

pytestmark = pytest.mark.django_db


def start(dataset, **request):
    request.setdefault("features", ["Income", "Score"])
    return start_run(RunRequest(dataset=dataset, **request), foreground=True)


def test_a_run_begins_queued_and_keeps_the_version_it_was_asked_on(shop):
    run = start(shop)
    assert run.job.state == Job.State.QUEUED
    assert run.version == shop.current_version
    assert run.feature_names == ["Income", "Score"]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"features": ["Height"]}, "no attribute “Height”"),
        ({"features": []}, "between 1 and 50"),
        ({"features": ["Income", "Income"]}, "named twice"),
        ({"k": 101}, "at most|between 1 and 50"),
        ({"k": 0}, "between 1 and 50"),
        ({"k_max": 0}, "between 1 and 50"),
        ({"log1p": ["Height"]}, "logarithm, not “Height”"),
        ({"one_hot": ["Income"]}, "named twice"),
        ({"features": [], "one_hot": ["Income"]}, "not texts"),
        ({"limits": KLimits(k_min=6, k_max=3)}, "contradict each other"),
    ],
)
def test_a_request_that_cannot_work_is_refused_in_words(shop, request_, sentence):
    with pytest.raises(RunRefusedError, match=sentence):
        start(shop, **request_)
    assert not SegmentationRun.objects.exists()
    assert not Job.objects.filter(kind="run").exists()


def test_more_segments_than_customers_are_refused(make_dataset):
    dataset = make_dataset({"Income": [1.0, 2.0], "Score": [3.0, 4.0]})
    with pytest.raises(RunRefusedError, match="3 segments need at least 3 customers; there are 2"):
        start(dataset, k=3)


def test_a_text_cannot_be_a_feature(shop):
    shop.attributes.create(name="City", kind="text", position=0)
    with pytest.raises(RunRefusedError, match="“City” holds a text"):
        start(shop, features=["City"])


def test_a_dataset_without_customers_is_refused(make_dataset):
    with pytest.raises(RunRefusedError, match="no customers yet"):
        start(make_dataset())


def test_the_same_recipe_is_the_same_segmentation(shop):
    first, again, other = start(shop), start(shop), start(shop, scaling="none")
    assert first.segmentation == again.segmentation != other.segmentation


def test_another_name_makes_another_segmentation(shop):
    start(shop)
    named = start(shop, name="Spring campaign")
    assert named.segmentation.name == "Spring campaign"
    assert start(shop, name="Spring campaign").segmentation == named.segmentation
    assert Segmentation.objects.count() == 2


def test_a_name_stands_for_one_recipe(shop):
    start(shop, name="Spring campaign")
    with pytest.raises(RunRefusedError, match="other features or scaling"):
        start(shop, name="Spring campaign", features=["Income"])


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_make_one_run(shop, analyst):
    def click(_: int) -> int:
        try:
            return start_run(RunRequest(dataset=shop, features=["Income", "Score"]), analyst).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        runs = set(pool.map(click, range(10)))
    assert len(runs) == 1
    assert SegmentationRun.objects.count() == Segmentation.objects.count() == 1


def test_another_number_of_segments_is_another_run(shop, analyst):
    request = RunRequest(dataset=shop, features=["Income", "Score"])
    assert start_run(request, analyst) != start_run(replace(request, k=4), analyst)


def test_another_preparation_is_another_segmentation(shop):
    plain = start(shop).segmentation
    others = [start(shop, log1p=["Income"]), start(shop, missing="median"), start(shop, outliers="keep")]
    names = {run.segmentation.name for run in others}
    assert len({plain.name} | names) == 4
    assert start(shop, log1p=["Income"]).segmentation == others[0].segmentation
