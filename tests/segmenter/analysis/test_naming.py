import numpy as np
import pytest

from segmenter.analysis.naming import describe, format_number, propose_names, short_attribute_name
from segmenter.analysis.profiles import profile_number


def profiles_of(columns, labels):
    labels = np.asarray(labels, dtype=np.int32)
    n_clusters = int(labels.max()) + 1
    return [
        profile_number(name, np.asarray(values, dtype=np.float64), labels, n_clusters, is_feature=True)
        for name, values in columns.items()
    ]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Annual Income (k$)", "income"),
        ("Spending Score (1-100)", "spending"),
        ("Age", "age"),
        ("total_orders", "orders"),
        ("avgBasketValue [EUR]", "basket value"),
        ("CLV", "CLV"),
        ("Score", "score"),
        ("(k$)", "k"),
    ],
)
def test_attribute_names_lose_units_and_fillers(name, short):
    assert short_attribute_name(name) == short


def test_names_say_what_is_high_and_low():
    profiles = profiles_of(
        {"Annual Income (k$)": [90, 90, 20, 20], "Spending Score (1-100)": [10, 10, 80, 80]}, [0, 0, 1, 1]
    )
    assert propose_names(profiles, 2) == ("High income, low spending", "Low income, high spending")


def test_ages_counts_and_averages_have_words_of_their_own():
    profiles = profiles_of(
        {"Age": [20, 20, 60, 60], "Orders": [9, 9, 1, 1], "Income": [5, 6, 5, 6]}, [0, 0, 1, 1]
    )
    assert propose_names(profiles, 2) == ("Younger, many orders", "Older, few orders")


def test_a_text_feature_is_named_by_its_value():
    profiles = profiles_of({"Region: North": [1, 1, 0, 0], "Age": [20, 20, 60, 60]}, [0, 0, 1, 1])
    assert propose_names(profiles, 2) == ("Mostly North, younger", "Older")


def test_names_are_unique_also_for_clusters_alike():
    profiles = profiles_of({"Income": [1, 2, 3, 4, 100, 101]}, [0, 0, 1, 1, 2, 2])
    names = propose_names(profiles, 3)
    assert len(set(names)) == 3
    equal = profiles_of({"Income": [1, 9, 1, 9, 1, 9]}, [0, 0, 1, 1, 2, 2])
    assert propose_names(equal, 3) == ("Average income", "Average income (2)", "Average income (3)")


def test_description_gives_the_largest_difference_first_in_original_units():
    profiles = profiles_of({"Age": [30, 34, 40, 44], "Income": [20, 20, 80, 80]}, [0, 0, 1, 1])
    assert describe(profiles, 1) == (
        "Higher Income: 80.0 on average, against 50.0 for everyone; "
        "higher Age: 42.0 on average, against 37.0 for everyone."
    )


def test_description_of_an_average_cluster():
    profiles = profiles_of({"Age": [30, 40, 30, 40]}, [0, 0, 1, 1])
    assert describe(profiles, 0) == "Close to the average of everyone in every feature."


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (82.13, "82.1"), (1234.5, "1,234"), (0.0456, "0.046"), (-2.5, "-2.5"), (1e15, "1e+15")],
)
def test_numbers_are_written_as_people_do(value, text):
    assert format_number(value) == text
