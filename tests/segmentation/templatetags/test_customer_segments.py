"""A customer's page: how the values compare with everybody's, and why this segment."""

import math

import pytest
from django.urls import reverse

from bench.operation.age import copy_runs
from customers.models import Customer
from segmentation.models import ClusterAssignment, SegmentationRun

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client, dataset, customer_id: int, **query):
    return client.get(reverse("customers:customer-detail", args=[dataset.slug, customer_id]), query)


@pytest.mark.parametrize("scaling", ["standard", "none", "min-max", "robust"])
def test_the_second_segment_is_the_one_whose_middle_is_next(viewer_client, shop, execute_a_run, scaling):
    run = execute_a_run(shop, k=5, scaling=scaling)
    reasons = []
    for each in ClusterAssignment.objects.filter(run=run)[::10]:
        found = page_of(viewer_client, shop, each.customer_id).context["reasons"]
        values = Customer.objects.of(shop).get(id=each.customer_id).numbers
        middles = {cluster.pk: cluster.centroid for cluster in run.clusters.exclude(label=each.label)}
        if scaling == "none":
            nearest = min(middles, key=lambda pk: math.dist(middles[pk], values))
            assert found.second.pk == nearest
            assert math.isclose(found.second_distance, math.dist(middles[nearest], values), rel_tol=1e-6)
        reasons.append(found)
    assert all(found.second and found.pulls for found in reasons)
    assert len(reasons) == 10


def test_features_pull_where_the_value_is_nearer(viewer_client, make_dataset, execute_a_run):
    shop = make_dataset({"Income": [0.0, 0, 2, 10, 10, 10], "Score": [0.0, 1, 6, 6, 6, 6]})
    execute_a_run(shop, k=2, scaling="none")
    reasons = page_of(viewer_client, shop, 3).context["reasons"]
    assert [(pull.feature, pull.is_to_own) for pull in reasons.pulls] == [("Income", True), ("Score", False)]
    assert not reasons.is_borderline


def test_a_text_with_a_colon_in_its_name_pulls_by_its_value(viewer_client, make_dataset, execute_a_run):
    shop = make_dataset({"Income": [1.0, 2, 3, 50, 51, 52]})
    shop.attributes.create(name="Plan", kind="text", position=0)
    shop.attributes.create(name="Plan: type", kind="text", position=1)
    Customer.objects.of(shop).update(texts=["none", "Gold"])
    Customer.objects.of(shop).filter(id__lte=3).update(texts=["none", "Silver: old"])
    run = execute_a_run(shop, features=["Income"], one_hot=["Plan: type"], k=2)
    assert set(run.feature_names) == {"Income", "Plan: type: Gold", "Plan: type: Silver: old"}
    pulls = {pull.feature: pull.value for pull in page_of(viewer_client, shop, 1).context["reasons"].pulls}
    assert pulls == {"Income": "1", "Plan: type: Gold": "0", "Plan: type: Silver: old": "1"}


@pytest.mark.parametrize("scaling", ["standard", "none", "min-max", "robust"])
def test_texts_and_dates_pull_as_they_weigh(viewer_client, make_dataset, give_texts, execute_a_run, scaling):
    shop = make_dataset({"Income": [1.0, 2, 3, 50, 51, 52, 50, 49]})
    give_texts(shop, "date", "Last order", [f"2026-01-{day:02}" for day in (1, 2, 1, 28, 27, 26, 28, 25)])
    give_texts(shop, "text", "Plan", ["Gold", "Gold", "Silver", "Bronze", "Bronze", "None", "None", "None"])
    execute_a_run(shop, features=["Income", "Last order"], one_hot=["Plan"], k=2, scaling=scaling, log1p=[])
    pulls = {pull.feature: pull.value for pull in page_of(viewer_client, shop, 1).context["reasons"].pulls}
    assert pulls["days since Last order"] == "27"
    assert pulls.get("Plan: Gold", "1") == "1"


def test_one_segment_has_no_second(viewer_client, shop, execute_a_run):
    execute_a_run(shop, k=1)
    page = page_of(viewer_client, shop, 1)
    assert "only one segment" in page.content.decode()


def test_values_are_compared_with_what_the_run_froze(viewer_client, make_dataset, execute_a_run):
    shop = make_dataset(
        {"Income": [float(n) for n in range(100)], "Score": [float(n % 7) for n in range(100)]}
    )
    execute_a_run(shop, k=2)
    lowest, highest = (
        page_of(viewer_client, shop, customer).context["standings"][0] for customer in (1, 100)
    )
    assert (lowest.text, lowest.words) == ("0", "lower than about 99\xa0% of all")
    assert (highest.text, highest.words) == ("99", "higher than about 99\xa0% of all")
    assert [bar.is_here for bar in lowest.bars].index(True) == 0
    assert [bar.is_here for bar in highest.bars].index(True) == len(highest.bars) - 1


def test_after_an_import_the_reasons_are_those_of_the_values_that_the_run_saw(
    viewer_client, shop, execute_a_run, publish, groups
):
    execute_a_run(shop, k=5)
    before = page_of(viewer_client, shop, 1).context["reasons"]
    publish(shop, {**groups(), "Income": [5_000.0] * 100})
    page = page_of(viewer_client, shop, 1)
    assert page.context["reasons"] == before
    assert page.context["standings"][0].words == "higher than everyone’s"


def test_every_run_is_listed_and_explained_when_asked_for(viewer_client, shop, execute_a_run):
    first, second = execute_a_run(shop, k=5), execute_a_run(shop, k=3)
    page = page_of(viewer_client, shop, 1)
    assert [cluster.run_id for cluster in page.context["clusters"]] == [second.pk, first.pk]
    assert page.context["chosen"].run_id == second.pk
    assert page_of(viewer_client, shop, 1, run=first.pk).context["chosen"].run_id == first.pk


def test_older_runs_are_on_further_pages(viewer_client, shop, execute_a_run):
    first = execute_a_run(shop, k=5)
    copy_runs(first, 5)
    runs = [run.pk for run in SegmentationRun.objects.order_by("-pk")]
    page = page_of(viewer_client, shop, 1)
    assert [cluster.run_id for cluster in page.context["clusters"]] == runs[:4]
    assert "?page=2" in page.content.decode()
    page = page_of(viewer_client, shop, 1, page=2)
    assert [cluster.run_id for cluster in page.context["clusters"]] == runs[4:]
    assert page.context["chosen"].run_id == runs[4]
    page = page_of(viewer_client, shop, 1, run=first.pk)
    assert page.context["chosen"].run_id == first.pk
    assert [cluster.run_id for cluster in page.context["clusters"]] == runs[:4]


@pytest.mark.parametrize("asked", ["0", "1x", "9" * 30])
def test_a_run_that_the_dataset_does_not_have_is_not_found(viewer_client, shop, asked):
    assert page_of(viewer_client, shop, 1, run=asked).status_code == 404


def test_a_customer_in_no_segment_has_a_page_as_well(viewer_client, shop):
    page = page_of(viewer_client, shop, 1)
    assert "Not in a segment yet" in page.content.decode()


def test_logarithms_and_medians_pull_as_they_weigh(viewer_client, make_dataset, execute_a_run):
    shop = make_dataset(
        {"Spend": [1.0, 2, 3, 4, 900, 1000, 8000, 9000], "Age": [20.0, 21, None, 22, 60, 61, 62, 63]}
    )
    execute_a_run(shop, features=["Spend", "Age"], log1p=["Spend"], missing="median", k=2)
    for customer in range(1, 9):
        reasons = page_of(viewer_client, shop, customer).context["reasons"]
        assert {pull.feature for pull in reasons.pulls} >= {"Spend"}
    assert page_of(viewer_client, shop, 1).context["reasons"].pulls[0].is_to_own


def test_a_value_that_many_have_is_not_said_to_be_lower_than_almost_all(
    viewer_client, make_dataset, execute_a_run
):
    shop = make_dataset({"Income": [1.0, 2, 3, 50, 51, 52], "Orders": [1.0, 1, 1, 2, 5, 9]})
    execute_a_run(shop, features=["Income"], k=2)
    words = {
        customer: {each.attribute.name: each.words for each in page.context["standings"]}["Orders"]
        for customer in (1, 6)
        for page in [page_of(viewer_client, shop, customer)]
    }
    assert words == {1: "the lowest value, which many have", 6: "higher than about 99\xa0% of all"}
