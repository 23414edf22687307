import csv
import io

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from customers.exporting import DEFUSED, defuse, stream_csv


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


def test_texts_that_a_spreadsheet_would_run_are_defused():
    for text in ("=1+1", "+49", "-5", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1", "＋1", "－1", "＠1", "'=1"):
        assert defuse(text) == f"'{text}"
    for text in ("a=b", "'quoted'", "", "5", "a+b", "''"):
        assert defuse(text) == text


def test_headers_are_defused_too():
    assert b"'=cmd" in b"".join(stream_csv(["=cmd"], []))


@given(st.text(st.sampled_from("'=+-@\t\ra1 ＝"), max_size=6))
def test_an_import_undoes_the_defusing_exactly(text):
    exported = defuse(text)
    undone = pc.match_substring_regex(pa.array([exported]), DEFUSED)[0].as_py()
    assert (exported[1:] if undone else exported) == text


def test_a_long_list_is_streamed_in_pieces():
    pieces = list(stream_csv(["a"], ([str(number)] for number in range(5_000))))
    assert len(pieces) > 5
    rows = list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))
    assert len(rows) == 5_001
