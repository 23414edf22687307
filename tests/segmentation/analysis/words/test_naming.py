import csv
from pathlib import Path

import numpy as np
import pytest

from segmentation.analysis.profiles import profile_number, profile_text
from segmentation.analysis.words.naming import describe, propose_names
from segmentation.analysis.words.wording import short_attribute_name, short_attribute_names

SAMPLE = Path(__file__).parents[4] / "customers" / "sample" / "customers.csv"


def profiles_of(columns, labels, log1p=(), others=()):
    labels = np.asarray(labels, dtype=np.int32)
    n_clusters = int(labels.max()) + 1
    return [
        profile_number(
            name,
            np.asarray(values, dtype=np.float64),
            labels,
            n_clusters,
            is_feature=name not in others,
            is_log1p=name in log1p,
        )
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
        ("PURCHASES LAST 12M", "purchases last 12m"),
        ("REVENUE", "revenue"),
        ("Number of orders", "orders"),
        ("Year of birth", "year of birth"),
        ("How satisfied are you with your last delivery? (1-10)", "“How satisfied are you …”"),
        ("Score", "score"),
        ("(k$)", "k"),
        ("Bestellungen", "Bestellungen"),
        ("Ø Warenkorb", "Ø Warenkorb"),
        ("Umsatz gesamt (EUR)", "Umsatz gesamt"),
        ("ANZAHL BESTELLUNGEN", "Anzahl Bestellungen"),
        ("UMSATZ", "Umsatz"),
        ("BonusPoints", "Bonus points"),
        ("avg_basket_value_eur", "basket value"),
        ("Monetary", "spending"),
        ("Q3: I read reviews", "“I read reviews”"),
        ("Q5: Likelihood to recommend us to a friend", "“Likelihood to recommend us …”"),
        ("Q1: satisfaction", "Q1 satisfaction"),
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
    assert propose_names(profiles, 2) == ("Region: North, younger", "Region: not North, older")


@pytest.mark.parametrize(
    ("shares", "name"),
    [
        ([1.0, 0.0, 0.0, 0.0], "Region: North"),
        ([0.9, 0.1, 0.0, 0.0], "Region: mostly North"),
        ([0.5, 0.5, 0.0, 0.0], "Region: North or South"),
        ([0.4, 0.2, 0.2, 0.2], "Close to average 1"),
    ],
)
def test_the_values_of_a_text_feature_make_one_part_of_the_name(shares, name):
    others = np.repeat(np.eye(4), 10, axis=0)
    ours = np.repeat(np.eye(4), [round(10 * share) for share in shares], axis=0)
    names = [f"Region: {region}" for region in ("North", "South", "East", "West")]
    columns = dict(zip(names, np.vstack((ours, others)).T, strict=True))
    assert propose_names(profiles_of(columns, [0] * 10 + [1] * 40), 2)[0] == name


def test_a_yes_or_no_column_is_named_and_described_by_its_answer():
    profiles = profiles_of({"Has app": [1, 1, 0, 0], "Newsletter": [1, 0, 1, 0]}, [0, 0, 1, 1])
    assert propose_names(profiles, 2) == ("Has app: yes", "Has app: no")
    assert describe(profiles, 0) == "Has app: yes for 100\xa0%, against 50\xa0% of everyone."


def test_a_number_with_a_colon_in_its_name_stays_a_number():
    profiles = profiles_of({"Q1: satisfaction": [9, 9, 1, 1]}, [0, 0, 1, 1])
    assert propose_names(profiles, 2) == ("High Q1 satisfaction", "Low Q1 satisfaction")


def test_days_since_something_are_counted_and_years_of_birth_turned_into_ages():
    profiles = profiles_of(
        {"Days since last order": [9, 9, 300, 300], "Year of birth": [1999, 2001, 1950, 1960]}, [0, 0, 1, 1]
    )
    assert propose_names(profiles, 2)[0] == "Recent order, younger"
    assert "higher Year of birth: 2000 on average, against 1978 for everyone" in describe(profiles, 0)


def test_means_that_look_equal_get_enough_decimals_to_differ():
    profiles = profiles_of({"Latitude": [48.851, 48.851, 48.853, 48.853]}, [0, 0, 1, 1])
    assert describe(profiles, 1) == "Higher Latitude: 48.853 on average, against 48.852 for everyone."


def test_names_are_unique_also_for_clusters_alike():
    profiles = profiles_of({"Income": [1, 2, 3, 4, 100, 101]}, [0, 0, 1, 1, 2, 2])
    assert propose_names(profiles, 3) == ("Low income 1", "Low income 2", "High income")
    equal = profiles_of({"Income": [1, 9, 1, 9, 1, 9]}, [0, 0, 1, 1, 2, 2])
    assert propose_names(equal, 3) == ("Average income 1", "Average income 2", "Average income 3")


def test_german_nouns_keep_their_capitals():
    profiles = profiles_of({"Bestellungen": [9, 9, 1, 1], "Ø Warenkorb": [5, 5, 80, 80]}, [0, 0, 1, 1])
    assert propose_names(profiles, 2) == (
        "High Bestellungen, low Ø Warenkorb",
        "Low Bestellungen, high Ø Warenkorb",
    )


def test_a_name_has_the_two_strongest_traits_in_the_order_of_the_features():
    columns = {"Age": [20, 24, 60, 64], "Income": [1, 9, 5, 13], "Orders": [9, 9, 1, 1]}
    assert propose_names(profiles_of(columns, [0, 0, 1, 1]), 2) == (
        "Younger, many orders",
        "Older, few orders",
    )


def test_if_two_traits_are_the_same_the_next_one_distinguishes():
    columns = {
        "Age": [30, 50, 20, 60, 40, 40],
        "Income": [90, 90, 10, 10, 10, 10],
        "Score": [90, 90, 10, 10, 10, 10],
    }
    assert propose_names(profiles_of(columns, [0, 1, 2, 2, 2, 2]), 3) == (
        "Younger, high income",
        "Older, high income",
        "Low income, low score",
    )


def test_a_long_name_leaves_room_for_a_number():
    columns = {f"{letter * 60} {letter * 60}": [9, 9, 1, 1] for letter in "ab"}
    names = propose_names(profiles_of(columns, [0, 0, 1, 1]), 2)
    assert all(len(name) <= 90 and name.endswith("…") for name in names)


def test_the_segments_of_the_sample_have_names_that_people_know():
    with SAMPLE.open() as file:
        rows = list(csv.DictReader(file))
    columns = {
        name: [float(row[name]) for row in rows] for name in ("Annual Income (k$)", "Spending Score (1-100)")
    }
    # Boundaries between the five groups, chosen by hand.
    labels = [
        0 if 40 < income < 70 else 1 + 2 * (income > 55) + (score > 50)
        for income, score in zip(*columns.values(), strict=True)
    ]
    assert propose_names(profiles_of(columns, labels), 5) == (
        "Average income, average spending",
        "Low income, low spending",
        "Low income, high spending",
        "High income, low spending",
        "High income, high spending",
    )


def test_description_gives_the_largest_difference_first_in_original_units():
    profiles = profiles_of({"Age": [30, 34, 40, 44], "Income": [20, 20, 80, 80]}, [0, 0, 1, 1])
    assert describe(profiles, 1) == (
        "Higher Income: 80.0 on average, against 50.0 for everyone; "
        "higher Age: 42.0 on average, against 37.0 for everyone."
    )


def test_a_slight_difference_is_called_slight():
    profiles = profiles_of({"Income": [0, 4, 4, 8], "Age": [30, 40, 30, 40]}, [0, 0, 0, 1])
    assert describe(profiles, 0) == (
        "Lower Income: 2.7 on average, against 4.0 for everyone; "
        "slightly lower Age: 33.3 on average, against 35.0 for everyone."
    )


def test_description_of_an_average_cluster():
    profiles = profiles_of({"Age": [30, 40, 30, 40]}, [0, 0, 1, 1])
    assert describe(profiles, 0) == "Close to the average of everyone: Age 35.0 (everyone: 35.0)."


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("days since Last order", ("Recent order", "Order long ago")),
        ("Months since last purchase", ("Recent purchase", "Purchase long ago")),
        ("days since Birthday", ("Recent Birthday", "Birthday long ago")),
    ],
)
def test_time_that_passed_is_recent_or_long_ago(name, names):
    assert propose_names(profiles_of({name: [1, 3, 300, 310]}, [0, 0, 1, 1]), 2) == names


def test_a_text_of_yes_and_no_names_its_attribute():
    columns = {"Phone service: Yes": [1, 1, 0, 0], "Phone service: No": [0, 0, 1, 1]}
    columns |= {"Paperless: TRUE": [1, 1, 0, 1], "Paperless: FALSE": [0, 0, 1, 0]}
    assert propose_names(profiles_of(columns, [0, 0, 1, 1]), 2) == (
        "Phone service: Yes, Paperless: TRUE",
        "Phone service: No, Paperless: often FALSE",
    )


def test_a_name_that_is_part_of_another_keeps_its_fillers():
    names = ["MonthlyCharges", "TotalCharges", "Income", "Annual income tax"]
    assert short_attribute_names(names) == ["monthly charges", "total charges", "income", "income tax"]


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("MonthlyCharges", "High monthly charges"),
        ("Purchases (EUR)", "High purchases"),
        ("purchases", "Many purchases"),
        ("interest rates", "High interest rates"),
        ("children", "Many children"),
        ("sales_usd", "High sales"),
        ("Q2: I compare prices", "High “I compare prices”"),
    ],
)
def test_money_is_high_or_low_and_counts_are_many_or_few(attribute, name):
    assert propose_names(profiles_of({attribute: [9, 9, 1, 1]}, [0, 0, 1, 1]), 2)[0] == name


@pytest.mark.parametrize(
    ("attribute", "values", "names"),
    [
        ("Recency", [5, 9, 300, 310], ("Recent purchase", "Purchase long ago")),
        ("Recency score", [5, 5, 1, 1], ("High recency", "Low recency")),
        ("Months since last gift", [20, 24, 80, 84], ("More recent gift", "Gift long ago")),
        ("days since last visit", [1, 1, 9, 9], ("Recent visit", "Visit longer ago")),
        ("years since last move", [1, 1, 9, 9], ("More recent move", "Move long ago")),
    ],
)
def test_recent_and_long_ago_are_so_by_the_calendar_too(attribute, values, names):
    assert propose_names(profiles_of({attribute: values}, [0, 0, 1, 1]), 2) == names


def test_after_a_logarithm_the_ratio_counts():
    revenue = [1, 2, 4, 8, 200, 400, 800, 90_000]
    labels = [0, 0, 0, 0, 1, 1, 1, 1]
    columns = {"Revenue": revenue, "Age": [30, 40] * 4, "Visits": [1, 2] * 4}
    # By standard deviations one customer hides what a hundredfold revenue is.
    assert propose_names(profiles_of(columns, labels), 2)[0] == "Rather low revenue"
    profiles = profiles_of(columns, labels, log1p=["Revenue"])
    assert propose_names(profiles, 2) == ("Low revenue", "High revenue")


def test_where_means_say_the_opposite_of_the_logarithms_medians_are_told():
    revenue = [30, 30, 30, 30, 1, 1, 1, 1, 1, 5_000]
    profiles = profiles_of({"Revenue": revenue}, [0] * 4 + [1] * 6, log1p=["Revenue"])
    assert profiles[0].strength(0) > 0
    assert describe(profiles, 0) == "Higher Revenue: half of them have 30.0 or more, of everyone 15.5."


def test_nothing_is_average_whose_mean_differs_by_a_quarter():
    # Three in ten of a standard deviation, and two thirds of the mean.
    columns = {"Spend": [4, 4, 4, 0, 4, 4, 0, 0, 40, 4], "Visits": [5, 5, 5, 5, 5, 5, 5, 5, 5, 6]}
    names = propose_names(profiles_of(columns, [0] * 5 + [1] * 5), 2)
    assert "average Spend" not in names[0]
    assert "rather low spend" in names[0].casefold()


def test_all_zero_is_none():
    columns = {"Support tickets": [0, 0, 1, 3], "Donations ($)": [0, 0, 50, 90]}
    assert propose_names(profiles_of(columns, [0, 0, 1, 1]), 2)[0] == "No support tickets, no Donations"


def test_the_most_telling_attribute_is_in_the_name_though_it_has_no_majority():
    others = np.repeat(np.eye(4), 50, axis=0)
    for counts, name in (([14, 4, 4, 3], "Region: often N"), ([0, 9, 8, 8], "Region: not N")):
        rows = np.vstack((np.repeat(np.eye(4), counts, axis=0), others))
        columns = {f"Region: {region}": column for region, column in zip("NSEW", rows.T, strict=True)}
        assert propose_names(profiles_of(columns, [0] * 25 + [1] * 200), 2)[0] == name


@pytest.mark.parametrize(
    ("yes", "name"),
    [(20, "App: yes"), (15, "App: mostly yes"), (10, "App: often yes"), (0, "App: no")],
)
def test_an_answer_of_all_is_not_mostly_and_one_of_most_is_not_all(yes, name):
    labels = [0] * 20 + [1] * 100
    everyone = [1] * 15 + [0] * 85 if yes else [1] * 75 + [0] * 25
    columns = {"App": [1] * yes + [0] * (20 - yes) + everyone}
    assert propose_names(profiles_of(columns, labels), 2)[0] == name


def test_one_that_is_close_to_average_is_told_so_with_the_numbers():
    columns = {name: [4, 6, 5, 5, 0, 10, 0, 10] for name in "ABC"}
    profiles = profiles_of(columns, [0] * 4 + [1] * 4)
    assert propose_names(profiles, 2)[0] == "Close to average 1"
    numbers = "; ".join(f"{name} 5.0 (everyone: 5.0)" for name in "ABC")
    assert describe(profiles, 0) == f"Close to the average of everyone: {numbers}."


def test_another_attribute_is_named_only_if_it_tells_more_than_every_feature_and_may_be_said():
    labels = [0, 0, 0, 0, 1, 1, 1, 1]
    feature, other = [6, 9, 6, 9, 4, 7, 4, 7], [90, 90, 91, 91, 10, 10, 11, 11]
    for attribute, name in (
        ("Revenue", "Many visits, high revenue"),
        ("Customer number", "Many visits"),
        ("Store code", "Many visits"),
    ):
        profiles = profiles_of({"Visits": feature, attribute: other}, labels, others=[attribute])
        assert propose_names(profiles, 2)[0] == name
    profiles = profiles_of({"Visits": feature}, labels)
    gender = profile_text("Gender", ["f"] * 4 + ["m"] * 4, np.array(labels, dtype=np.int32), 2)
    assert propose_names(profiles, 2, [gender])[0] == "Many visits"
    channel = profile_text("Channel", ["web"] * 4 + ["shop"] * 4, np.array(labels, dtype=np.int32), 2)
    assert propose_names(profiles, 2, [channel])[0] == "Many visits, Channel: web"
    assert "Channel is web for 100\xa0%, against 50\xa0% of everyone" in describe(profiles, 0, [channel])
