"""Exports can be imported again: every customer of every file is unchanged."""

import io
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.exports.csv import stream_csv, write_csv
from customers.exports.customer_list import ListCounter, customer_list
from customers.exports.xlsx import write_xlsx
from customers.importing.columns.mapping import ColumnMapping
from customers.importing.options import ImportOptions
from customers.importing.pipeline import create_dataset, import_now
from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = {"csv": write_csv, "xlsx": write_xlsx}

# No surrogates (not valid in text), no NUL (not allowed in the database) and no unassigned characters.
SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff")
PIECES = st.sampled_from(
    [*"'=+-@\t\r\n＝＋－＠\",;|#<&", "\r\n", "_x0041_", "_x005F_", "]]>", "1e5", "NA", "\\N", "\\.", "\u202e"]
)
TEXTS = st.lists(st.one_of(PIECES, SIGNS, st.text(SIGNS)), max_size=5).map("".join)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
ROWS = st.lists(st.tuples(TEXTS, NUMBERS, TEXTS, st.floats(-1e3, 1e3)), min_size=1, max_size=150)
HEADERS = st.sampled_from(["Remark", "=cmd", "'=x", "+Plus", 'a "b", c', "Segment", "Customer no", "名前"])


def export(dataset, ending) -> bytes:
    dataset.refresh_from_db()
    rows = customer_list(dataset, Customer.objects.of(dataset))
    return b"".join(WRITERS[ending](rows, ListCounter()))


def import_file(dataset, content, ending="csv"):
    done = import_now(dataset, io.BytesIO(content), f"customers.{ending}")
    assert done.job.state == "succeeded", done.job.error
    return done


def make_customers(rows, header):
    dataset = create_dataset(f"Shop {uuid4()}")
    names = ["Customer ID", header, "Amount", "Other", "Share"]
    numbered = [[f"{number:05}", *row] for number, row in enumerate(rows)]
    # Enough plain ones for every column to keep its kind.
    usual = [[f"x{number}", "text", 1.5, "text", 0.25] for number in range(20 * len(rows))]
    return dataset, import_file(dataset, b"".join(stream_csv(names, [*usual, *numbered])))


@pytest.mark.parametrize("ending", WRITERS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, header=HEADERS)
def test_an_export_comes_back_unchanged(ending, rows, header):
    dataset, first = make_customers(rows, header)
    count = first.created_count
    again = import_file(dataset, export(dataset, ending), ending)
    rejected = list(again.rejected_rows.values_list("column", "value", "reason"))
    assert (again.unchanged_count, again.read_count, rejected) == (count, count, [])
    assert again.published_at is None  # so there is nothing to undo


@pytest.mark.parametrize("ending", WRITERS)
def test_attributes_whose_names_are_alike_or_taken_come_back_to_their_own(ending, dataset):
    header = ["Kundennummer", "Income (k$)", "Income (k€)", "Customer ID", "Client", "'=Sum", "Age"]
    rows = [
        [f"0{number}", number, number / 3, "same", f"c{number}", "=1", 30 + number] for number in range(9)
    ]
    options = ImportOptions(columns=(ColumnMapping("Kundennummer", "id"),))
    import_now(dataset, io.BytesIO(b"".join(stream_csv(header, rows))), "customers.csv", options=options)
    again = import_file(dataset, export(dataset, ending), ending)
    assert (again.unchanged_count, again.read_count) == (9, 9)
    assert dataset.attributes.count() == 6


def test_decimals_that_look_like_thousands_come_back_as_decimals(dataset):
    import_file(dataset, b"Customer ID;Weight\n1;1,234\n2;2,345\n3;1,5\n")
    import_file(dataset, b"Customer ID;Weight\n3;7,125\n")
    again = import_file(dataset, export(dataset, "csv"))
    assert (again.unchanged_count, again.read_count) == (3, 3)


def test_one_column_of_two_that_are_alike_comes_back_to_its_own(dataset):
    import_file(dataset, b"Customer ID,Income (a),Income (b)\n1,10,20\n2,30,40\n")
    dataset.refresh_from_db()
    rows = customer_list(dataset, Customer.objects.of(dataset))
    alone = rows.only([column.key for column in rows.columns[:2]])
    assert import_file(dataset, b"".join(write_csv(alone, ListCounter()))).unchanged_count == 2


def test_a_new_column_called_segment_is_imported_with_other_new_ones(dataset):
    import_file(dataset, b"Customer ID,Age\n1,20\n2,30\n")
    import_file(dataset, b"Customer ID,Age,Segment,City\n1,20,gold,Oslo\n2,30,silver,Bergen\n")
    assert list(dataset.attributes.values_list("name", flat=True)) == ["Age", "Segment", "City"]
