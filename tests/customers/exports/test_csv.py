import csv
import io
import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.exports.csv import stream_csv, write_csv
from customers.exports.customer_list import ListCounter, customer_list
from customers.exports.formulas import ESCAPED, escape_formula, unescape_formula
from customers.models import Customer

FORMULAS = ("=1+1", "+49", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1", "'=1", "''-1")
HARMLESS = ("a=b", "'quoted'", "5", "a+b", "''", "'", "ok")


def written(*rows):
    return b"".join(stream_csv(["Customer ID", "Age"], rows)).decode()


def test_excel_opens_it_by_itself():
    assert written(["1", 30.0]) == "\ufeffCustomer ID,Age\r\n1,30\r\n"


def test_numbers_stay_numbers_and_missing_is_empty():
    assert written(["a", -5.0], ["b", 0.1], ["c", None], ["d", 7], ["e", 1e300]).splitlines()[1:] == [
        "a,-5",
        "b,0.1",
        "c,",
        "d,7",
        "e,1e+300",
    ]


def test_texts_that_a_spreadsheet_would_run_are_escaped():
    for text in (*FORMULAS, "\0=1"):
        assert escape_formula(text) == f"'{text}"
    for text in (*HARMLESS, ""):
        assert escape_formula(text) == text


def test_headers_are_escaped_too():
    assert b"'=cmd" in b"".join(stream_csv(["=cmd"], []))


@given(st.text(st.sampled_from("'=+-@\t\ra1 ＝"), max_size=6))
def test_an_import_undoes_the_escaping_exactly(text):
    exported = escape_formula(text)
    undone = pc.match_substring_regex(pa.array([exported]), ESCAPED)[0].as_py()
    assert (exported[1:] if undone else exported) == text == unescape_formula(exported)


def test_a_long_list_is_streamed_in_pieces():
    pieces = list(stream_csv(["a"], ([str(number)] for number in range(5_000))))
    assert len(pieces) > 5
    rows = list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))
    assert len(rows) == 5_001


# ---- What PostgreSQL writes --------------------------------------------------------------------------------


@pytest.fixture
def written_list(dataset):
    """The dataset's customers as PostgreSQL writes them."""

    def write(counter=None, customers=None):
        dataset.refresh_from_db()
        customers = Customer.objects.of(dataset) if customers is None else customers
        blocks = write_csv(customer_list(dataset, customers), counter or ListCounter())
        return b"".join(blocks).decode()

    return write


def test_postgresql_writes_the_very_same_file(dataset, import_file, written_list):
    texts = [*FORMULAS, *HARMLESS, 'say "hi", twice', "two\nlines", "𝒳 é"]
    rows = [[str(index), text, index / 7, None] for index, text in enumerate(texts)]
    rows[0][2:] = -5.0, 1e300
    header = ["Customer ID", "Remark", "Share", "Rest"]
    import_file(b"".join(stream_csv(header, rows)))
    assert list(dataset.attributes.values_list("kind", flat=True)) == ["text", "number", "number"]
    assert written_list() == b"".join(stream_csv(header, rows)).decode()


def test_a_selection_with_any_text_in_it_is_written_as_asked(import_file, dataset, written_list):
    import_file('Customer ID,Name\n1,"it\'s 100%s {} ""so"""\n2,other\n')
    dataset.refresh_from_db()
    chosen = Customer.objects.of(dataset).filter(texts__0='it\'s 100%s {} "so"')
    assert [line[:1] for line in written_list(customers=chosen).splitlines()[1:]] == ["1"]


def test_an_empty_selection_gives_only_headers(import_file, dataset, written_list):
    import_file("Customer ID,Age\n1,20\n")
    assert written_list(customers=Customer.objects.none()) == "\ufeffCustomer ID,Age\r\n"


def test_rows_are_counted_as_they_leave_and_the_count_can_stop_it(import_file, written_list):
    import_file("Customer ID,Age\n" + "".join(f"{number},20\n" for number in range(2_500)))
    counted = []
    written_list(ListCounter(check=counted.append))
    assert counted == [1_000, 2_000, 2_500]
    with pytest.raises(KeyError):
        written_list(ListCounter(check=lambda rows: {}[rows]))
    assert re.match("\ufeffCustomer ID", written_list())  # the connection is still usable
