"""Dates as people and programs write them: they come in as the day people see, or are asked about."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.importing.columns.dates.months import MONTHS, month_numbers
from customers.importing.columns.dates.parsing import ORDERS, convert_dates, with_century
from tests.customers.importing.columns.tables import read_table

FORMS = {
    "iso": "{0:%Y-%m-%d}",
    "iso with slashes": "{0:%Y/%m/%d}",
    "iso and time": "{0:%Y-%m-%d} 10:11:12",
    "iso, T and Z": "{0:%Y-%m-%d}T06:17:02Z",
    "iso, fraction and zone": "{0:%Y-%m-%d}T23:30:00.123456+02:00",
    "iso, zone apart": "{0:%Y-%m-%d} 23:59:59.9 +0530",
    "midnight": "{0:%Y-%m-%d} 00:00:00",
    "dots": "{0:%d.%m.%Y}",
    "dots and spaces": "{0.day}. {0.month}. {0.year}",
    "slashes, day first": "{0:%d/%m/%Y}",
    "slashes, day first, with time": "{0:%d/%m/%Y} 06:17",
    "slashes, month first": "{0:%m/%d/%Y}",
    "slashes, month first, with time": "{0.month}/{0.day}/{0.year} 6:17 PM",
    "dashes, day first": "{0:%d-%m-%Y}",
    "two digits, dots": "{0:%d.%m.%y}",
    "two digits, day first": "{0:%d/%m/%y}",
    "two digits, month first": "{0.month}/{0.day}/{0:%y}",
    "month's short name": "{0:%d-%b-%Y}",
    "month's short name, two digits": "{0:%d-%b-%y}",
    "month's name in front": "{0:%B} {0.day}, {0.year}",
    "month's short name in front": "{0:%b} {0:%d}, {0.year}",
    "weekday and zone": "{0:%a}, {0:%d %b %Y} 06:17:02 +0200",
    "script": "{0:%a} {0:%b} {0:%d} {0.year} 06:17:02 GMT+0200 (CEST)",
    "compact": "{0:%Y%m%d}",
    "seconds": "{1}",
    "thousandths of seconds": "{1}000",
    "spreadsheet": "{2}",
}
NEVER = ("", "", "-", "N/A", "never", "0000-00-00", "0000-00-00 00:00:00", "\\N", "--", "TBD", "(blank)")


def written(day, form):
    moment = datetime(day.year, day.month, day.day, 12, 30, tzinfo=UTC)
    return FORMS[form].format(day, int(moment.timestamp()), (day - date(1899, 12, 30)).days)


@st.composite
def tables_of_dates(draw):
    """A form, days of which some are missing, and how those are marked."""
    latest = draw(st.sampled_from([date(2001, 12, 1), date(2024, 6, 30), date(2026, 11, 30)]))
    days = st.dates(date(2000, 1, 3), latest)
    values = draw(st.lists(st.one_of(days, days, days, days, st.none()), min_size=1, max_size=20))
    return draw(st.sampled_from(sorted(FORMS))), values, draw(st.sampled_from(NEVER))


def check(table):
    """Read a column of dates; return whether it was read, asked about, or taken as texts or numbers."""
    form, days, never = table
    cells = [never if day is None else written(day, form) for day in days]
    read = read_table({"Customer ID": [f"K{row}" for row in range(len(cells))], "Last order": cells})
    if "Last order" in read.asked:
        return {"asked": 1}
    use = read.use("Last order")
    assert not read.rejected, (form, cells, read.rejected)
    for line, found in read.values["Last order"].items():
        expected = days[line] and days[line].isoformat()
        if use != "date":  # as it stands in the file
            expected = (cells[line] or None) if use == "text" else found
        assert found == expected, (form, cells)
    return {use: 1}


@settings(max_examples=60, deadline=None)
@given(tables_of_dates())
def test_dates_come_in_as_the_day_people_see_or_are_asked_about(table):
    check(table)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_understood(form):
    days = [date(2023, month, day) for month, day in enumerate([23, 11, 5, 15, 31, 1, 27, 30, 9, 12], 1)]
    assert check((form, [*days, None, date(2024, 2, 29)], "never")) == {"date": 1}


@pytest.mark.parametrize("never", NEVER)
def test_a_mark_for_never_is_a_missing_value(never):
    days = [date(2023, 9, 23), None, date(2024, 3, 5), *[date(2024, 2, day) for day in range(1, 20)]]
    assert check(("iso", days, never)) == {"date": 1}


@pytest.mark.parametrize(
    ("cells", "readings"),
    [
        (["03/04/2026", "05/06/2026"], "“03/04/2026” could mean 2026-04-03 or 2026-03-04"),
        (["3.4.26", "5.6.26"], "“3.4.26” could mean 2026-04-03 or 2026-03-04"),
        (["13/01/2026", "01/13/2026"], "the day comes first in “13/01/2026” and the month in “01/13/2026”"),
        (["23/06/24", "22/06/23"], "“23/06/24” could begin with the year, the day or the month"),
    ],
)
def test_what_cells_leave_open_is_asked_with_examples(cells, readings):
    read = read_table({"Customer ID": ["A", "B"], "Joined": cells})
    (question,) = read.proposal.questions
    assert readings in question.sentence
    assert (question.header, '--dates "Joined=day-first' in question.option) == ("Joined", True)
    answered = read_table({"Customer ID": ["A", "B"], "Joined": cells}, orders={"joined": "day-first"})
    assert not answered.asked
    assert answered.values["Joined"][0][8:] == f"{int(cells[0][:2].strip('/.')):02}"


def test_one_date_proves_the_order_of_the_others():
    read = read_table({"Customer ID": ["A", "B"], "Joined": ["03/04/2026", "03/25/2026"]})
    assert read.values["Joined"] == {0: "2026-03-04", 1: "2026-03-25"}


def test_equal_day_and_month_leave_nothing_open():
    read = read_table({"Customer ID": ["A", "B"], "Joined": ["02/02/2024", "N/A"]})
    assert read.values["Joined"] == {0: "2024-02-02", 1: None}


@pytest.mark.parametrize(
    ("header", "cells", "use", "asked"),
    [
        ("Last purchase", ["1695449822", "0"], "date", False),
        ("created_at", ["1695449822000"], "date", False),
        ("Thing", ["1695449822"], "date", True),  # or a number?
        ("Revenue", ["1695449822"], "number", False),
        ("Phone", ["1695449822"], "text", False),
        ("Thing", ["20230923", "20240101"], "date", False),
        ("Thing", ["20230923", "20241301"], "number", False),
        ("Last purchase", ["45192", "45000.5"], "date", False),
        ("Salary", ["45192", "45000"], "number", False),
        ("Last order value", ["45192", "45000"], "number", False),
        ("Order date", ["1", "2"], "number", False),
    ],
)
def test_digits_are_dates_where_they_cannot_be_amounts(header, cells, use, asked):
    read = read_table({"Customer ID": [f"K{row}" for row in range(len(cells))], header: cells})
    assert (read.use(header), bool(read.asked)) == (use, asked)


def test_what_is_not_kept_of_a_date_is_said():
    cells = {"Customer ID": ["A", "B"], "Seen": ["31.12.24 10:15", "30.11.24 00:00"]}
    notes = read_table(cells).proposal.warnings
    assert notes[0] == "Seen: the day is kept, without the time of day."
    year = datetime.now(UTC).year
    assert notes[1] == f"Seen: years of two digits are read as {year - 98} to {year + 1}."
    assert not read_table({"Customer ID": ["A"], "Seen": ["2024-12-31 00:00:00"]}).proposal.warnings


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "cell",
    [
        "31/02/2026",
        "2026-13-01",
        "Jun 2024",
        "5 May",
        "30 Foo 2024",
        "1.2.3",
        "12:30",
        "2024-01-01 25:00",
        "x",
        "1e9",
    ],
)
def test_what_is_no_day_is_no_date(order, cell):
    assert not convert_dates(pa.array([cell]), order)[1][0]


@pytest.mark.parametrize(
    "cell",
    [
        "30 juin 2024",
        "30. Juni 2024",
        "30 de junio de 2024",
        "30 giugno 2024",
        "30 czerwca 2024",
        "30 juni 2024",
        "30. června 2024",
        "30 Haziran 2024",
        "30 iunie 2024",
        "30. kesäkuuta 2024",
        "2024. június 30.",
        "June 30th, 2024",
        "Sunday, June 30, 2024 at 5:15 pm",
        "2024年6月30日",
        "30/Jun/2024",
        "20240630T101112Z",
        "30-JUN-24",
    ],
)
def test_months_are_read_by_their_names_in_common_languages(cell):
    order = "compact" if cell.startswith("20240630") else "month-first"
    assert convert_dates(pa.array([cell]), order)[0].to_pylist() == ["2024-06-30"]


def test_no_name_means_two_months():
    names = pa.array([*MONTHS, "foo", None])
    assert month_numbers(names).tolist() == [*MONTHS.values(), 0, 0]


def test_years_of_two_digits_end_with_the_coming_year():
    latest = datetime.now(UTC).year + 1
    assert with_century(np.array([latest, latest + 1, 0]) % 100).tolist() == [latest, latest - 99, 2000]
