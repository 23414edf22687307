"""Files of `cases/`, files that misled importers: the value people see comes in, or is asked about."""

from pathlib import Path

import pytest

CASES = Path(__file__).with_name("cases")


@pytest.fixture
def import_case(import_file):
    def import_one(name, **said):
        return import_file((CASES / name).read_bytes(), name, **said)

    return import_one


@pytest.fixture
def values_of(customers, dataset):
    """One customer's values by the attribute's name."""

    def read_values(customer_id):
        names = dataset.attributes.values_list("name", flat=True)
        return dict(zip(names, customers()[customer_id], strict=True))

    return read_values


READ = {
    "german_thousand_dots_millions.csv": ("C1001", {"Jahresumsatz": 2_556_811}),
    "percent_text.csv": ("C1001", {"Discount rate": 2.5}),
    "percent_cells.xlsx": ("C1001", {"Discount rate": 2.5}),
    "whole_percent.csv": ("C1", {"Discount": 5}),
    "whole_dollars.csv": ("C0", {"Gift card": 142}),
    "whole_euros_after.csv": ("C0", {"Gutschein": 826}),
    "paren_negative.csv": ("C1004", {"Balance": -1603.13}),
    "paren_dollar_few.csv": ("C1017", {"Balance": -2803.54}),
    "sap_trailing_minus.csv": ("0000000004", {"Saldo": -296.16}),
    "unicode_minus.csv": ("C1004", {"Net spend": -1603.13}),
    "indian_lakh.csv": ("C1000", {"Annual Income": 781_875}),
    "brazil_real.csv": ("C1000", {"Gasto": 2606.25}),
    "iso_currency_after.csv": ("C1000", {"Revenue": 2606.25}),
    "french_thin.csv": ("C1000", {"Chiffre d'affaires": 2606.25}),
    "mysql_export_N.csv": ("5", {"age": None, "spend": 7.5}),
    "numeric_with_text_na_variants.csv": ("C1010", {"Spend": None}),
    "zip_special_format.xlsx": ("C1001", {"Zip": "01037", "Age": 78}),
}


@pytest.mark.parametrize("name", READ)
def test_the_value_that_people_see_comes_in(import_case, counts, values_of, name):
    read, created, _updated, _unchanged, rejected = counts(import_case(name))
    assert (created, rejected) == (read, 0)
    customer_id, expected = READ[name]
    found = values_of(customer_id)
    assert found == {**found, **expected}


OPEN = {
    "german_thousand_dots_only.csv": ({"decimal": ","}, "C1001", "Jahresumsatz", 69_103),
    "german_decimal_elsewhere.csv": ({"decimal": ","}, "C1000", "Umsatz", 18_243),
    "wide_120_ambiguous.csv": ({"decimals": {"Annual spend": "."}}, "C1000", "Annual spend", 18_243),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_two_readers_would_read_differently_is_asked(import_case, values_of, name):
    said, customer_id, attribute, value = OPEN[name]
    done = import_case(name)
    assert done.job.state == "failed"
    assert f"In {attribute}, “" in done.job.error
    assert f'--decimal "{attribute}=,"' in done.job.error
    import_case(name, **said)
    assert values_of(customer_id)[attribute] == value


def test_the_next_file_written_otherwise_is_asked_about(import_case, counts, values_of):
    import_case("spend_us.csv")
    assert "“1.500” could mean 1.5 or 1500" in import_case("spend_de.csv").job.error
    read, *_created_and_updated, rejected = counts(import_case("spend_de.csv", decimal=","))
    assert (read, rejected) == (20, 0)
    assert values_of("C1")["Spend"] == 1500


def test_per_cent_has_one_scale_in_texts_and_in_workbooks(import_case, counts):
    import_case("percent_text.csv")
    read, _created, _updated, unchanged, _rejected = counts(import_case("percent_cells.xlsx"))
    assert unchanged == read == 40
