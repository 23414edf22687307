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
    "leading_apostrophe_numbers.csv": ("00000", {"Spend": 2606.25}),
    "equals_quoted_ids.csv": ("00001", {"Zip": "00001", "Spend": 549.07}),
    "formula_ids.csv": ("C1000", {"Age": 20}),
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


DATES = {
    "date_timestamp_sql.csv": "2023-09-23",
    "date_iso_z.csv": "2023-09-23",
    "date_dmy_hm.csv": "2023-09-23",
    "date_two_digit_year.csv": "2023-09-23",
    "date_us_two_digit.csv": "2023-09-23",
    "date_dd_mmm_yy.csv": "2023-09-23",
    "date_mmm_d_yyyy.csv": "2023-09-23",
    "date_yyyy_slash.csv": "2023-09-23",
    "date_dash_space_dots.csv": "2023-09-23",
    "date_compact.csv": "2023-09-23",
    "date_unix_epoch.csv": "2023-09-23",
    "date_excel_serial.csv": "2023-09-23",
    "datetime_cells.xlsx": "2023-03-05",
    "last_order_dash.csv": None,
    "dates_with_na.csv": None,
    "date_never.csv": None,
    "date_zero_dates.csv": None,
}


@pytest.mark.parametrize("name", DATES)
def test_dates_come_in_as_days(import_case, counts, values_of, dataset, name):
    read, created, _updated, _unchanged, rejected = counts(import_case(name))
    assert (created, rejected) == (read, 0)
    (attribute,) = dataset.attributes.filter(kind="date")
    assert values_of("C1000")[attribute.name] == DATES[name]
    assert dataset.attributes.exclude(kind="number").count() == 1


def test_the_next_file_with_times_updates_dates(import_case, counts, values_of):
    import_case("date_first.csv")
    assert counts(import_case("date_second_ts.csv")) == (20, 0, 20, 0, 0)
    assert values_of("C0") == {"Last order": "2024-02-01"}


def test_days_and_months_below_13_are_asked_about(import_case, values_of):
    done = import_case("date_ambiguous_all_low.csv")
    assert "could mean" in done.job.error
    assert '--dates "Last purchase=day-first' in done.job.error
    import_case("date_ambiguous_all_low.csv", order="month-first")
    first = (CASES / "date_ambiguous_all_low.csv").read_text().splitlines()[1].split(",")[-1]
    month, day, year = first.split("/")
    assert values_of("C1000")["Last purchase"] == f"{year}-{int(month):02}-{int(day):02}"


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


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("float_ids_first.csv", "float_ids_second.csv"),
        ("float_ids_second.csv", "float_ids_first.csv"),
        ("plain_ids.csv", "zw_ids.csv"),
        ("shop_plain.csv", "shop_apos.csv"),
        ("ids_padded.csv", "zero_padded_format_ids.xlsx"),
    ],
)
def test_the_same_people_stay_the_same_people(import_case, counts, first, second):
    import_case(first)
    _read, created, _updated, _unchanged, rejected = counts(import_case(second))
    assert (created, rejected) == (0, 0)


def test_people_are_known_by_their_addresses_however_they_are_written(import_case, customers):
    import_case("email_ids_case.csv")
    import_case("email_ids_next_month_caps.csv")
    assert len(customers()) == 40
    assert all(customer_id == customer_id.lower() for customer_id in customers())


def test_what_was_done_to_ids_is_said(import_case):
    import_case("email_ids_case.csv")
    (note,) = import_case("email_ids_next_month_caps.csv").warnings
    assert "small letters" in note
    assert any("“17850.0” is 17850" in note for note in import_case("float_ids_second.csv").warnings)


def test_a_mark_of_byte_order_within_a_file_makes_nobody_twice(import_case, counts, customers):
    read, created, *_, rejected = counts(import_case("mid_bom_ids.csv"))
    assert read == created + rejected
    assert not [customer_id for customer_id in customers() if not customer_id.isascii()]


def test_rounded_ids_are_rejected_whatever_the_decimal_sign(import_case, reasons):
    done = import_case("ids_rounded_comma.csv")
    assert (done.created_count, done.rejected_count) == (10, 4)
    assert {reason for *_, reason in reasons(done)} == {
        "A spreadsheet has rounded this id: format the column as text there and export the file again."
    }
