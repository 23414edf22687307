"""How a segmentation's features are prepared: decided when it is made, and kept from then on."""

import numpy as np
import pytest

from segmentation.models import Segmentation
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.recipes import list_preparation_warnings, prepared_of
from segmentation.runs.request import RunRequest, request_like, request_with_k, start_run

pytestmark = pytest.mark.django_db
RANDOM = np.random.default_rng(0)
SKEWED = RANDOM.lognormal(3, 1.5, 300).round(2).tolist()
SMALLER = RANDOM.lognormal(2, 1.5, 300).round(2).tolist()
EVEN = RANDOM.normal(500, 90, 300).round(2).tolist()


def start(dataset, **request):
    return start_run(
        RunRequest(dataset=dataset, **{"features": ["Revenue", "Orders"], **request}), foreground=True
    )


@pytest.fixture
def skewed_shop(make_dataset):
    return make_dataset({"Age": EVEN, "Revenue": SKEWED, "Orders": SMALLER})


@pytest.fixture
def even_shop(make_dataset):
    return make_dataset({"Revenue": EVEN, "Orders": EVEN[::-1]}, name="Even shop")


def logarithms(run) -> list[str]:
    return list(prepared_of(run).log1p)


def codes(run) -> list[str]:
    return [warning.code for warning in list_preparation_warnings(run)]


def test_logarithms_are_decided_when_a_segmentation_is_made(skewed_shop, even_shop):
    assert logarithms(start(skewed_shop)) == ["Revenue", "Orders"]
    assert logarithms(start(even_shop)) == []
    assert not Segmentation.objects.filter(log1p_is_asked=True).exists()


def test_raw_values_take_no_logarithm_unless_it_is_named(skewed_shop):
    raw, named = start(skewed_shop, scaling="none"), start(skewed_shop, scaling="none", log1p=["Orders"])
    assert (logarithms(raw), codes(raw)) == ([], [])
    assert logarithms(named) == ["Orders"]
    assert raw.segmentation != named.segmentation


def test_nothing_said_means_the_segmentation_there_is(skewed_shop):
    asked = start(skewed_shop, scaling="robust", missing="median", log1p=["Orders"])
    again = start(skewed_shop)
    assert again.segmentation == asked.segmentation
    assert logarithms(again) == ["Orders"]


def test_of_several_segmentations_nothing_said_means_the_usual_one(skewed_shop):
    start(skewed_shop, scaling="robust")
    usual = start(skewed_shop, scaling="standard")
    start(skewed_shop, log1p=[])
    assert start(skewed_shop).segmentation == usual.segmentation


def test_another_preparation_that_is_asked_for_is_another_segmentation(skewed_shop):
    first = start(skewed_shop)
    assert start(skewed_shop, log1p=[]).segmentation != first.segmentation
    assert start(skewed_shop, log1p=["Revenue", "Orders"]).segmentation == first.segmentation


def test_a_segmentation_keeps_its_preparation_and_says_where_today_would_need_another(even_shop, publish):
    made = start(even_shop)
    publish(even_shop, {"Revenue": SKEWED, "Orders": EVEN}, first_id=1000)
    later = start(even_shop)
    assert later.segmentation == made.segmentation
    assert (codes(made), logarithms(later), codes(later)) == ([], [], ["prepared-otherwise"])
    assert prepared_of(later).log1p_today == ("Revenue",)
    assert "logarithm of “Revenue” would be taken" in list_preparation_warnings(later)[0].text


def test_a_logarithm_that_is_no_longer_needed_is_said_too(skewed_shop, publish):
    start(skewed_shop)
    publish(skewed_shop, {"Age": EVEN, "Revenue": EVEN, "Orders": EVEN[::-1]}, first_id=1000)
    (warning,) = list_preparation_warnings(start(skewed_shop))
    assert "need no logarithm" in warning.text


def test_who_asked_for_a_preparation_is_not_warned(even_shop, publish):
    start(even_shop, log1p=[])
    publish(even_shop, {"Revenue": SKEWED, "Orders": EVEN}, first_id=1000)
    assert codes(start(even_shop)) == []


def test_running_again_keeps_the_preparation(even_shop, publish):
    made = start(even_shop)
    publish(even_shop, {"Revenue": SKEWED, "Orders": EVEN}, first_id=1000)
    again = start_run(request_like(made), foreground=True)
    assert again.segmentation == made.segmentation
    assert codes(again) == ["prepared-otherwise"]


def test_running_again_keeps_what_was_asked(skewed_shop):
    made = start(skewed_shop, log1p=["Orders"], name="Mine")
    assert request_like(made).log1p == ["Orders"]
    assert start_run(request_like(made), foreground=True).segmentation == made.segmentation


def test_a_name_stands_for_what_was_said(skewed_shop):
    made = start(skewed_shop, name="Mine")
    assert start(skewed_shop, name="Mine").segmentation == made.segmentation
    with pytest.raises(RunRefusedError, match="other features or scaling"):
        start(skewed_shop, name="Mine", log1p=[])


def test_texts_of_an_earlier_release_weigh_as_before_and_the_run_says_so(even_shop, give_texts):
    give_texts(even_shop, "text", "Region", ["north", "south"] * 150)
    made = start(even_shop, one_hot=["Region"])
    Segmentation.objects.update(texts_weigh_as_one=False)
    assert codes(made) == []
    assert codes(start(even_shop, one_hot=["Region"])) == ["prepared-otherwise"]


def test_without_features_those_proposed_are_used(skewed_shop, give_texts):
    give_texts(skewed_shop, "text", "Region", ["north", "south"] * 150)
    prepared = prepared_of(start(skewed_shop, features=None))
    assert prepared.features == ("Revenue", "Orders")
    assert [(each.name, each.code) for each in prepared.left_out] == [
        ("Age", "demographic"),
        ("Region", "text"),
    ]


def test_a_dataset_with_nothing_to_propose_is_refused_in_words(make_dataset):
    with pytest.raises(RunRefusedError, match="no attribute that could be proposed"):
        start(make_dataset({"Country": [1.0, 1.0, 1.0]}), features=None)


def test_a_date_may_take_a_logarithm(skewed_shop, give_texts):
    days = np.datetime64("2026-03-01") - np.array(SKEWED).astype("timedelta64[D]")
    give_texts(skewed_shop, "date", "Last order", [str(day) for day in days])
    run = start(skewed_shop, features=["Last order", "Age"])
    assert logarithms(run) == ["Last order"]
    assert prepared_of(run).reference_dates == (("Last order", str(max(days))),)


def test_the_end_of_the_sweep_is_known_to_be_asked_for(skewed_shop):
    automatic, asked = start(skewed_shop), start(skewed_shop, k_max=10)
    assert [(run.k_max, run.k_max_is_asked) for run in (automatic, asked)] == [(10, False), (10, True)]
    assert request_like(automatic).k_max is None
    assert request_like(asked).k_max == 10


def test_another_number_of_segments_leaves_the_sweep_automatic(skewed_shop):
    automatic = start(skewed_shop)
    assert request_with_k(automatic, 4).k_max is None
    asked = start(skewed_shop, k_max=6)
    assert request_with_k(asked, 4).k_max == 6


def test_what_an_earlier_release_froze_says_nothing(skewed_shop):
    run = start(skewed_shop)
    run.prepared = {}
    assert prepared_of(run).features == ()
    assert list_preparation_warnings(run) == []
