"""What would move a customer on the border: each feature by itself, where it leads to the next segment."""

import math

import numpy as np
import pytest

from segmentation.analysis.profiles import profile_number
from segmentation.analysis.results import ClusterProfiles
from segmentation.analysis.rules.model import FrozenModel, ModelColumn
from segmentation.segments.shifts import Shift, find_shifts


def profiles_of(**columns):
    labels = np.zeros(len(next(iter(columns.values()))), dtype=np.int32)
    numbers = [
        profile_number(name, np.asarray(values, dtype=float), labels, 1) for name, values in columns.items()
    ]
    return ClusterProfiles(tuple(numbers), (), ())


def test_the_border_is_where_both_are_as_near():
    model = FrozenModel((ModelColumn("A"), ModelColumn("B")), ((0.0, 0.0), (4.0, 2.0)))
    profiles = profiles_of(A=[0.0, 4.5], B=[0.0, 2.5])
    # Two thirds of the way along A would do with B at 1; B would have to be 3, beyond what was seen.
    assert find_shifts(model, ("A", "B"), [1.0, 1.0], 1, profiles) == [Shift("A", "1", "2.0 or more")]
    assert find_shifts(model, ("A", "B"), [3.0, 1.0], 0, profiles) == [Shift("A", "3", "2.0 or less")]


def test_nothing_moves_one_past_the_next_into_a_third():
    model = FrozenModel((ModelColumn("A"), ModelColumn("B")), ((0.0, 0.0), (4.0, 3.0), (2.0, 0.0)))
    profiles = profiles_of(A=[0.0, 9.5], B=[0.0, 9.5])
    assert find_shifts(model, ("A",), [0.5, 0.0], 1, profiles) == []


def test_a_logarithm_is_taken_back_and_whole_numbers_stay_whole():
    model = FrozenModel((ModelColumn("Orders", is_log1p=True),), ((0.0,), (math.log(10.0),)))
    (shift,) = find_shifts(model, ("Orders",), [1.0], 1, profiles_of(Orders=[0.0, 1, 9]))
    assert shift == Shift("Orders", "1", "3 or more")  # the middle is at 1 + 2.16


def test_answers_and_texts_are_changed_for_others():
    columns = (ModelColumn("App"), *(ModelColumn("Town", value=town) for town in ("Ulm", "Bonn", "Kiel")))
    model = FrozenModel(columns, ((0.0, 1.0, 0.0, 0.0), (0.5, 0.0, 0.5, 0.5)))
    profiles = profiles_of(App=[0.0, 1.0])
    names = ("App", "Town: Ulm", "Town: Bonn", "Town: Kiel")
    shifts = find_shifts(model, names, [0.0, 1.0, 0.0, 0.0], 1, profiles)
    assert shifts == [Shift("Town", "Ulm", "Bonn or Kiel")]
    assert find_shifts(model, names, [1.0, 0.0, 0.0, 0.0], 0, profiles) == [Shift("Town", "–", "Ulm")]
    alone = FrozenModel(columns[:1], ((0.0,), (1.0,)))
    assert find_shifts(alone, names[:1], [1.0], 0, profiles) == [Shift("App", "yes", "no")]


@pytest.mark.django_db(transaction=True)
def test_the_customers_page_says_what_would_move_them(viewer_client, make_dataset, execute_a_run):
    incomes = [2.0] * 20 + [5.9] + [10.0] * 20
    shop = make_dataset({"Income": incomes, "Score": [float(number % 2) for number in range(41)]})
    execute_a_run(shop, k=2, scaling="none")
    page = viewer_client.get(f"/datasets/{shop.slug}/customers/21/").content.decode()
    assert "What would move them to" in page
    assert "6.1 or more instead of 5.9" in page
    page = viewer_client.get(f"/datasets/{shop.slug}/customers/1/").content.decode()
    assert "What would move them to" not in page
