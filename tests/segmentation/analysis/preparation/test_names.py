import pytest

from segmentation.analysis.preparation.names import (
    is_code,
    is_demographic,
    is_identity,
    is_latest,
    is_sensitive,
    is_value,
    words_of,
)


def test_words_lose_case_accents_digits_and_units():
    assert words_of("Häufigkeit_2 (pro Jahr)") == ["haufigkeit"]
    assert words_of("annualIncome [k$]") == ["annual", "income"]
    assert words_of("Kundennummer") == ["kunden", "nummer"]


@pytest.mark.parametrize(
    "name",
    [
        *("Customer ID", "CLIENTNUM", "Kundennummer", "Account no", "LEID", "EUID", "Unnamed: 0", "id_hash"),
        *("Phone 1", "Mobile Phone", "Cell", "Contact Number", "Telefonnummer", "E-Mail", "Email Address"),
        *("Postal / Zip Code", "PLZ", "Postcode", "zip_code", "Latitude", "Store ID", "GMTOFF"),
    ],
)
def test_what_identifies_is_recognised(name: str):
    assert is_identity(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Email opens", "Mobile visits", "Number of orders", "Customer age", "Account balance", "Spend"),
        *("Customer lifetime value", "Phone calls", "First order", "Contacts", "Card payments", ""),
    ],
)
def test_what_customers_do_identifies_nobody(name: str):
    assert not is_identity(name)


@pytest.mark.parametrize(
    "name",
    ["Store Number", "Filialnummer", "Branch", "House No", "Region", "Channel", "Customer type", "Code"],
)
def test_codes_are_recognised(name: str):
    assert is_code(name)


@pytest.mark.parametrize("name", ["Store visits", "Group size", "Category spend", "Orders", ""])
def test_numbers_about_kinds_and_places_are_no_codes(name: str):
    assert not is_code(name)


@pytest.mark.parametrize("name", ["Age", "Year of birth", "Alter", "Geburtsjahr", "Number of children"])
def test_what_customers_are_is_demographic(name: str):
    assert is_demographic(name)


@pytest.mark.parametrize(
    "name", ["Annual Income (k$)", "Spending Score (1-100)", "Umsätze", "Gesamtumsatz €", "total_orders"]
)
def test_amounts_counts_and_scores_say_what_customers_are_worth(name: str):
    assert is_value(name)
    assert not is_demographic(name)


def test_the_date_of_the_last_order_is_told_from_that_of_the_last_change():
    assert is_latest("Last order")
    assert is_latest("Letzte Bestellung")
    assert not is_latest("LAST_CHANGED")
    assert not is_latest("Sign up")


@pytest.mark.parametrize(
    "name", ["Gender", "gender_code", "Customer Sex", "RACE", "MaritalStatus", "Religion"]
)
def test_protected_traits_are_sensitive(name: str):
    assert is_sensitive(name)


@pytest.mark.parametrize("name", ["Annual Income (k$)", "Essex branch", "Racecourse visits", "Generation"])
def test_other_names_are_not_sensitive(name: str):
    assert not is_sensitive(name)
