from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from segmentation.analysis.preparation.columns import ColumnCounts, SampledColumns, summarise_columns
from segmentation.analysis.preparation.proposal import (
    MOST_PRESELECTED,
    AttributeProposal,
    propose_features,
    propose_logarithms,
)
from segmentation.analysis.preparation.wording import explain

N = 200
RNG = np.random.default_rng(1)


def some(low: float = 0, high: float = 1_000) -> np.ndarray:
    return RNG.uniform(low, high, N).round(2)


def whole(low: int, high: int) -> np.ndarray:
    return RNG.integers(low, high, N).astype(float)


def skewed() -> np.ndarray:
    return RNG.lognormal(3, 1.3, N).round(2)


def summarise(
    numbers: Mapping[str, np.ndarray], texts: Mapping[str, Sequence[str | None]] | None = None, kinds=None
):
    kinds = {**dict.fromkeys(numbers, "number"), **dict.fromkeys(texts or {}, "text"), **(kinds or {})}
    counts = {name: ColumnCounts(sum(map(bool, values)), 0) for name, values in (texts or {}).items()}
    for name, values in numbers.items():
        known = values[np.isfinite(values)]
        ends = (known.min(), known.max()) if known.size else (None, None)
        counts[name] = ColumnCounts(known.size, len(values) - known.size, *ends)
    return summarise_columns(kinds, counts, SampledColumns(numbers, texts or {}))


def propose(numbers, texts=None, kinds=None) -> dict[str, AttributeProposal]:
    present = {name: np.isfinite(values) for name, values in numbers.items()}
    proposals = propose_features(summarise(numbers, texts, kinds), present)
    return {each.name: each for each in proposals}


def used(proposals: Mapping[str, AttributeProposal]) -> list[str]:
    return [name for name, each in proposals.items() if each.is_used]


def code_of(name: str, values: np.ndarray) -> str:
    return propose({"Revenue": some(), name: values})[name].code


def test_income_and_spending_score_are_proposed_and_age_is_offered():
    proposals = propose(
        {"Age": whole(18, 70), "Annual Income (k$)": whole(15, 137), "Spending Score (1-100)": whole(1, 100)},
        {"Gender": ["Female", "Male"] * (N // 2)},
    )
    assert used(proposals) == ["Annual Income (k$)", "Spending Score (1-100)"]
    assert proposals["Age"].is_offered
    assert (proposals["Gender"].code, proposals["Gender"].is_offered) == ("sensitive", True)


def test_demographics_are_proposed_where_there_is_little_else():
    assert used(propose({"Age": whole(18, 70), "Spend": some()})) == ["Age", "Spend"]


def test_numbers_without_a_telling_name_are_proposed():
    names = ["Fresh", "Milk", "Grocery", "Frozen", "Detergents_Paper", "Delicassen"]
    numbers = {"Channel": whole(1, 3), "Region": whole(1, 4), **{name: skewed() for name in names}}
    proposals = propose(numbers)
    assert used(proposals) == names
    assert {proposals["Channel"].code, proposals["Region"].code} == {"code"}


def test_recency_frequency_and_money_are_proposed_before_other_dates():
    kinds = dict.fromkeys(["Signed up", "Last order"], "date")
    numbers = {
        "Signed up": whole(0, 900),
        "Last order": whole(0, 90),
        "Orders": skewed(),
        "Revenue": skewed(),
    }
    proposals = propose(numbers, kinds=kinds)
    assert used(proposals) == ["Last order", "Orders", "Revenue"]
    assert proposals["Signed up"].code == "date"


def test_no_more_are_proposed_than_people_can_read():
    proposals = propose({f"Spend {number}": skewed() for number in "abcdefghijk"})
    assert len(used(proposals)) == MOST_PRESELECTED
    assert proposals["Spend k"].code == "too-many"


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("Phone", whole(10**8, 10**9), "identity"),
        ("Postal code", whole(1, 9), "identity"),
        ("Ref", whole(10**11, 10**12), "identity"),
        ("Row", np.arange(N, dtype=float), "identity"),
        ("Shop", whole(1, 40), "code"),
        ("Country", np.full(N, 7.0), "constant"),
        ("Sex", whole(1, 3), "sensitive"),
        ("Late", np.where(np.arange(N) < 70, some(), np.nan), "mostly-missing"),
        ("Complaints", np.where(np.arange(N) < 6, np.arange(N), 0.0), "nearly-constant"),
        ("Newsletter", whole(0, 2), "yes-no"),
        ("Nothing", np.full(N, np.nan), "empty"),
        ("Huge", some() * 1e150, "too-large"),
    ],
)
def test_each_attribute_that_no_expert_would_take_is_left_out_for_its_reason(name, values, code):
    assert code_of(name, values) == code
    assert not propose({"Revenue": some(), "Orders": some(), name: values})[name].is_used


@pytest.mark.parametrize("code", ["identity", "constant", "empty"])
def test_what_separates_no_one_or_everyone_is_never_offered(code: str):
    assert not AttributeProposal("x", "number", False, code).is_offered


def test_the_second_of_two_that_tell_the_same_is_left_out():
    revenue = some()
    proposals = propose({"Revenue": revenue, "Revenue in cents": 100 * revenue, "Orders": some()})
    assert used(proposals) == ["Revenue", "Orders"]
    assert proposals["Revenue in cents"].values == {"other": "Revenue"}


def test_a_copy_of_an_attribute_that_cannot_be_used_is_judged_by_itself():
    numbers = whole(10**11, 10**12)
    assert propose({"Phone": numbers, "Revenue": numbers * 2})["Revenue"].code == "value"


def test_attributes_that_hardly_anybody_has_together_are_not_proposed_together():
    first, second = some(), some()
    first[N // 2 + 10 :], second[: N // 2 - 10] = np.nan, np.nan
    proposals = propose({"Shop spend": first, "Web spend": second, "Visits": some()})
    assert used(proposals) == ["Shop spend", "Visits"]
    assert proposals["Web spend"].code == "together-missing"
    assert proposals["Web spend"].values["customers"] == 180


def test_texts_are_offered_where_they_have_few_values():
    proposals = propose(
        {"Revenue": some()},
        {
            "Region": ["north", "south"] * (N // 2),
            "City": [f"city {number % 20}" for number in range(N)],
            "Note": [f"called on day {number}" for number in range(N)],
            "E-Mail": ["a@b.example"] * N,
        },
    )
    assert [each.code for each in proposals.values()] == [
        "value",
        "text",
        "many-values",
        "free-text",
        "constant",
    ]
    assert [each.is_offered for each in proposals.values()] == [True, True, False, False, False]


def test_nothing_is_proposed_for_a_dataset_without_attributes():
    assert propose_features([], {}) == ()


def test_yes_and_no_are_proposed_where_there_is_nothing_else():
    assert len(used(propose({name: whole(0, 2) for name in "abc"}))) == 3


def test_logarithms_are_proposed_for_the_chosen_family():
    numbers = {"Revenue": skewed(), "Orders": skewed(), "Age": some(18, 70)}
    summaries = summarise(numbers, {"Region": ["north"] * N})
    assert propose_logarithms(summaries, [*numbers, "Region"]) == ("Revenue", "Orders")
    assert propose_logarithms(summaries, ["Age"]) == ()


CODES = [
    *("value", "latest", "number", "demographic", "date", "yes-no", "empty", "identity", "constant", "code"),
    *("sensitive", "too-large", "text", "many-values", "free-text"),
]


@pytest.mark.parametrize("code", CODES)
def test_every_reason_has_words(code: str):
    assert len(explain(AttributeProposal("x", "number", False, code))) > 9


@pytest.mark.parametrize("code", ["value", "latest", "number", "demographic", "date", "yes-no"])
def test_every_rank_has_words_for_what_is_proposed(code: str):
    assert len(explain(AttributeProposal("x", "number", True, code))) > 9


@pytest.mark.parametrize(
    ("code", "values", "words"),
    [
        ("duplicate", {"other": "Revenue"}, "tells the same as “Revenue”"),
        ("nearly-constant", {"share": 0.999}, "the same for 99\N{NO-BREAK SPACE}% of customers"),
        (
            "mostly-missing",
            {"customers": 1, "share": 0.6},
            "mostly missing: 1 customer without it would be left out",
        ),
        ("mostly-missing", {"customers": 1_234, "share": 0.6}, "1,234 customers without it"),
        ("together-missing", {"customers": 20}, "20 customers would be left out"),
        ("too-many", {"limit": 8}, "more than 8 attributes blur each other"),
    ],
)
def test_reasons_name_what_they_speak_of(code: str, values: dict[str, str | float], words: str):
    assert words in explain(AttributeProposal("x", "number", False, code, values))


@pytest.mark.parametrize("name", ["Sales Rep", "payment method", "price list", "Cost center", "loan officer"])
def test_a_code_is_a_code_though_a_word_of_a_value_is_in_its_name(name):
    assert code_of(name, RNG.choice([1.0, 2, 3, 7], N)) == "code"


def test_numbers_that_count_the_rows_are_an_identity_whatever_they_are_called():
    assert code_of("order_ref", RNG.permutation(N) + 1.0) == "identity"
    assert code_of("Revenue 2", RNG.permutation(N) + 1.0) == "identity"
    assert code_of("Order number", RNG.choice(100_000, N, replace=False) + 1.0) == "identity"
    assert code_of("Number of orders", whole(1, 40)) == "value"
