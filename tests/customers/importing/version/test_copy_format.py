import numpy as np
import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.importing.columns.validation import Accepted
from customers.importing.version.ascending import AscendingIds
from customers.importing.version.copy_format import HEADER, TRAILER, encode_customers
from customers.storage import partitions

texts = st.none() | st.text(st.characters(codec="utf-8", blacklist_characters="\0"), max_size=5)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
customers = st.tuples(st.lists(numbers, min_size=3, max_size=3), st.lists(texts, min_size=2, max_size=2))


def trimmed(values):
    while values and values[-1] is None:
        values = values[:-1]
    return values


@pytest.mark.django_db
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(customers, max_size=12))
def test_postgresql_reads_what_was_encoded(rows):
    ids = [f"c{number}é" for number in range(len(rows))]
    accepted = Accepted(
        np.arange(len(rows)),
        pa.array(ids, pa.string()),
        {i: np.array([np.nan if row[0][i] is None else row[0][i] for row in rows], float) for i in range(3)},
        {i: pa.array([row[1][i] for row in rows], pa.string()) for i in range(2)},
    )
    block = encode_customers(accepted.lines, accepted, number_count=4, text_count=2)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE coded (line bigint, id text, numbers float8[], texts text[])")
        try:
            columns = ["line", "id", "numbers", "texts"]
            partitions.copy_rows("coded", columns, [HEADER, block, TRAILER], options="FORMAT binary")
            cursor.execute("SELECT * FROM coded ORDER BY line")
            found = cursor.fetchall()
        finally:
            cursor.execute("DROP TABLE coded")
    expected = [(i, ids[i], trimmed(row[0]), trimmed(row[1])) for i, row in enumerate(rows)]
    assert found == expected


@pytest.mark.parametrize(
    ("batches", "rises"),
    [
        ([["1", "2"], ["10"]], True),
        ([["a", "b"], ["c"]], True),
        ([["1", "2"], ["2"]], False),
        ([["1", "2"], [], ["1"]], False),
        ([["2", "1"]], False),
        ([["a", "1"]], False),
        ([["01", "1"]], True),  # as texts they ascend, and all that matters is that they differ
        ([], True),
    ],
)
def test_ascending_ids_have_no_duplicates(batches, rises):
    ascending = AscendingIds()
    for batch in batches:
        ascending.watch(pa.array(batch, pa.string()))
    assert bool(ascending) is rises
