"""The form “Find segments”: what it proposes, why, and how many customers a choice uses."""

import numpy as np
import pytest
from django.urls import reverse

from customers.overview import count_missing_overviews
from segmentation.models import Segmentation, SegmentationRun
from segmentation.runs import proposals

pytestmark = pytest.mark.django_db(transaction=True)
REVENUE = np.random.default_rng(0).lognormal(3, 1.5, 100).round(2).tolist()
USUAL = {"scaling": "standard", "missing": "leave-out", "outliers": "keep"}


@pytest.fixture
def shop_of_all_kinds(make_dataset, groups, give_texts):
    """Two behaviours, an age with gaps, a code, an id, and texts."""
    ages = [None if row < 10 else float(20 + row % 50) for row in range(100)]
    codes = {"Store": [float(row % 3) for row in range(100)], "Phone": [1e9 + row for row in range(100)]}
    dataset = make_dataset({"Age": ages, **groups(), **codes})
    give_texts(dataset, "text", "Region", ["north", "south"] * 50)
    give_texts(dataset, "text", "Note", [f"note {row}" for row in range(100)])
    return dataset


def address(dataset, name="run-create"):
    return reverse(f"segmentation:{name}", args=[dataset.slug])


def words_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_what_an_expert_would_take_is_ticked_with_its_reason(analyst_client, shop_of_all_kinds):
    answer = analyst_client.get(address(shop_of_all_kinds))
    form, words = answer.context["form"], words_of(answer)
    assert form.chosen_features == ["Income", "Score"]
    assert [each.name for each in form.groups.others] == ["Age", "Store"]
    assert words.count('name="features"') == 4
    assert words.count("checked") == 2
    assert "how much, how often or how well" in words
    assert "3 attributes cannot" not in words
    assert "2 attributes cannot separate customers" in words
    assert "tells customers or places apart by digits" in words


def test_accepting_everything_finds_the_segments(analyst_client, shop_of_all_kinds):
    form = analyst_client.get(address(shop_of_all_kinds)).context["form"]
    analyst_client.post(address(shop_of_all_kinds), {**USUAL, "features": form.chosen_features})
    run = SegmentationRun.objects.get()
    assert run.feature_names == ["Income", "Score"]
    assert (run.k_max, run.k_max_is_asked, run.segmentation.log1p_is_asked) == (10, False, False)


def test_each_attribute_is_offered_with_a_summary_of_its_values(analyst_client, make_dataset, groups):
    columns = {**groups(), "Same": [5.0] * 100, "<b>": [1.0, 2.0] * 50}
    words = words_of(analyst_client.get(address(make_dataset(columns))))
    income = columns["Income"]
    assert f'Income <span class="muted">{min(income):.1f} to {max(income):.1f}</span>' in words
    assert '<span class="muted">the same for everyone, so it separates no one</span>' in words
    assert '&lt;b&gt; <span class="muted">1 to 2</span>' in words


def test_a_large_dataset_that_is_not_counted_yet_is_not_waited_for(analyst_client, shop, monkeypatch):
    monkeypatch.setattr(proposals, "COUNTED_AT_ONCE", 99)
    answer = analyst_client.get(address(shop))
    assert "still being counted" in words_of(answer)
    assert answer.context["form"].chosen_features == []
    count_missing_overviews()
    assert analyst_client.get(address(shop)).context["form"].chosen_features == ["Income", "Score"]


def test_a_logarithm_is_shown_before_and_after(analyst_client, make_dataset):
    answer = analyst_client.get(
        address(make_dataset({"Revenue": REVENUE, "Visits": [float(row % 50) for row in range(100)]}))
    )
    words = words_of(answer)
    assert words.count('<svg class="histogram"') == 2
    assert "by logarithm: the few no longer decide" in words
    assert "so that a few very large values do not decide: Revenue." in words


def test_a_dataset_with_nothing_to_choose_says_so(analyst_client, make_dataset):
    words = words_of(analyst_client.get(address(make_dataset({"Country": [1.0, 1.0]}))))
    assert "no numbers or dates in which customers differ" in words


def test_a_date_can_be_chosen(analyst_client, shop, give_texts):
    give_texts(shop, "date", "Signed up", [f"2026-01-{1 + row % 28:02}" for row in range(100)])
    words = words_of(analyst_client.get(address(shop)))
    assert 'Signed up <span class="muted">1 Jan 2026 to 28 Jan 2026</span>' in words
    analyst_client.post(address(shop), {**USUAL, "features": ["Income", "Signed up"]})
    assert SegmentationRun.objects.get().feature_names == ["Income", "days since Signed up"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"features": ["Income", "Score"]}, "All 100 customers take part."),
        (
            {"features": ["Age"]},
            "90 of 100 customers have a value for everything chosen and take part; 10 would be",
        ),
        ({"features": ["Income"], "one_hot": ["Region"]}, "All 100 customers take part."),
        (
            {"features": ["Age"], "missing": "median"},
            "All 100 customers take part; missing values are filled in",
        ),
        ({}, "Choose at least one attribute."),
        ({"features": ["Height"]}, "Choose at least one attribute."),
    ],
)
def test_the_page_says_how_many_customers_a_choice_uses(analyst_client, shop_of_all_kinds, asked, sentence):
    answer = analyst_client.get(address(shop_of_all_kinds, "run-participants"), asked)
    assert sentence in words_of(answer)
    assert "<html" not in answer.content.decode()


def test_the_same_is_said_without_a_script(analyst_client, shop_of_all_kinds):
    again = analyst_client.post(address(shop_of_all_kinds), {**USUAL, "features": ["Age"], "k": "99"})
    assert "90 of 100 customers have a value" in words_of(again)


def test_a_choice_that_leaves_out_most_customers_is_said_aloud(analyst_client, make_dataset):
    dataset = make_dataset({"Early": [1.0, 2.0, 3.0, None, None], "Late": [None, None, 1.0, 2.0, 3.0]})
    answer = analyst_client.get(address(dataset, "run-participants"), {"features": ["Early", "Late"]})
    assert "1 of 5 customers has a value" in words_of(answer)
    assert "more than half" in words_of(answer)


@pytest.mark.parametrize(
    ("asked", "is_taken"),
    [
        ({}, True),
        ({"logarithms": "auto", "log1p": ["Visits"]}, True),
        ({"logarithms": "none"}, False),
        ({"logarithms": "chosen", "log1p": ["Visits"]}, False),
        ({"scaling": "none"}, False),
    ],
)
def test_the_page_says_which_logarithms_a_choice_takes(analyst_client, make_dataset, asked, is_taken):
    dataset = make_dataset({"Revenue": REVENUE, "Visits": [float(row % 50) for row in range(100)]})
    answer = analyst_client.get(
        address(dataset, "run-participants"), {"features": ["Revenue", "Visits"], **asked}
    )
    assert ("do not decide: Revenue." in words_of(answer)) == is_taken


@pytest.mark.parametrize(("choice", "taken"), [("auto", ["Revenue"]), ("none", []), ("chosen", ["Visits"])])
def test_logarithms_are_taken_as_chosen(analyst_client, make_dataset, choice, taken):
    dataset = make_dataset({"Revenue": REVENUE, "Visits": [float(row % 50) for row in range(100)]})
    wanted = {**USUAL, "features": ["Revenue", "Visits"], "logarithms": choice, "log1p": ["Visits"]}
    analyst_client.post(address(dataset), wanted)
    assert SegmentationRun.objects.get().prepared["log1p"] == taken


def test_an_attribute_that_an_earlier_run_used_can_be_chosen_again(
    analyst_client, shop_of_all_kinds, execute_a_run
):
    run = execute_a_run(shop_of_all_kinds, features=["Phone"], k=2)
    answer = analyst_client.get(address(shop_of_all_kinds), {"like": run.pk})
    assert answer.context["form"].chosen_features == ["Phone"]
    analyst_client.post(address(shop_of_all_kinds) + f"?like={run.pk}", {**USUAL, "features": ["Phone"]})
    assert SegmentationRun.objects.count() == 2


def test_a_run_says_how_it_was_prepared(viewer_client, make_dataset, give_texts, execute_a_run):
    dataset = make_dataset({"Revenue": REVENUE, "Age": [20.0 + row % 50 for row in range(100)]})
    give_texts(dataset, "date", "Last order", [f"2026-01-{1 + row % 28:02}" for row in range(100)])
    run = execute_a_run(dataset, features=None, k=2)
    words = words_of(viewer_client.get(run.get_absolute_url()))
    assert "Last order in days before 28 Jan 2026, the newest" in words
    assert "<dt>Compared by logarithm</dt> <dd> Revenue </dd>" in words
    assert 'Age</span>: <span class="muted">says who customers are, not what they do</span>' in words


def test_a_run_prepared_as_before_offers_a_new_segmentation(analyst_client, make_dataset, execute_a_run):
    dataset = make_dataset({"Revenue": REVENUE})
    execute_a_run(dataset, features=["Revenue"], k=2)
    Segmentation.objects.update(log1p=[])
    run = execute_a_run(dataset, features=["Revenue"], k=2)
    assert "Prepared as when this segmentation was made" in words_of(
        analyst_client.get(run.get_absolute_url())
    )
    form = analyst_client.get(address(dataset), {"like": run.pk, "log1p": "proposed"}).context["form"]
    assert (form.initial["logarithms"], form.initial["log1p"]) == ("chosen", ["Revenue"])
    analyst_client.post(
        address(dataset), {**USUAL, "features": ["Revenue"], "logarithms": "chosen", "log1p": ["Revenue"]}
    )
    assert Segmentation.objects.count() == 2


def test_texts_of_an_earlier_release_are_offered_anew_under_another_name(
    analyst_client, shop_of_all_kinds, execute_a_run
):
    execute_a_run(shop_of_all_kinds, one_hot=["Region"], k=2)
    Segmentation.objects.update(texts_weigh_as_one=False)
    run = execute_a_run(shop_of_all_kinds, one_hot=["Region"], k=2)
    form = analyst_client.get(address(shop_of_all_kinds), {"like": run.pk, "log1p": "proposed"}).context[
        "form"
    ]
    assert form.initial["name"] == "Income × Score × Region 2"
