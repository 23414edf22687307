"""Any table that Python's `csv` writes, in a declared dialect and encoding, is read back exactly."""

import csv
import gzip
import io
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.importing.files import blocks
from customers.importing.files.encodings import ENCODINGS
from customers.importing.files.reading import read_batches
from customers.importing.files.sniffing import look_at

MARKED = {
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
}  # with a byte-order mark, and the encoding detected
DELIMITERS = ",;\t|:^~ \x1f!#$%&'()*+-./<=>?@[\\]_`{}x7"
LINE_ENDS = ["\n", "\r\n", "\r"]
QUOTING = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
PLANES = [*range(1, 0xD800), *range(0xE000, 0xFFFE), *range(0x1F300, 0x1F700)]


def survives(character, encoding):
    """Whether an encoding can represent the character: some encode two characters as the same one."""
    try:
        return character.encode(encoding).decode(encoding) == character
    except UnicodeError:
        return False


@cache  # building a strategy of so many letters takes hypothesis longer than drawing from it
def tables(encoding, loose):
    """Tables of an encoding's characters; half of them are ones that break readers."""
    odd = " \",;\t\r\n\\'|=0a\x1f\x85\u2028\u00a0é€"
    alphabet = [*odd] * 40 + [chr(number) for number in PLANES[::23]]
    letters = [letter for letter in alphabet if survives(letter, encoding) and letter not in loose]
    row = st.lists(st.text(st.sampled_from(letters), max_size=8), min_size=3, max_size=3)
    return st.lists(row, max_size=6)


def read_back(path, name, *, encoding, delimiter):
    look = look_at(path, name, encoding=encoding, delimiter=delimiter)
    rows, rejects = [], []
    for batch in read_batches(look.path, look.table, look.width, header_line=look.header_line):
        rows += [(int(line), list(batch.cells(row))) for row, line in enumerate(batch.lines)]
        rejects += batch.rejects
    return [cells for _, cells in sorted(rows) if any(cell.strip() for cell in cells)], rejects


@settings(max_examples=150, deadline=None, suppress_health_check=CHECKS)
@given(data=st.data())
def test_every_dialect_in_every_encoding_is_read_back_exactly(write, data):
    encoding = data.draw(st.sampled_from([*ENCODINGS, *MARKED]))
    end, quoting = data.draw(st.sampled_from(LINE_ENDS)), data.draw(st.sampled_from(QUOTING))
    delimiter, packed = data.draw(st.sampled_from(DELIMITERS)), data.draw(st.booleans())
    # `csv` does not quote another kind of line end inside a cell, so a reader sees two rows.
    loose = frozenset("\r\n") - set(end) if quoting == csv.QUOTE_MINIMAL else frozenset()
    rows = data.draw(tables(encoding, loose))

    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["A", "B", "C"], *rows])
    content, name = stream.getvalue().encode(encoding), "table.csv"
    if packed:
        content, name = gzip.compress(content, 1), "table.csv.gz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BATCH_BYTES", data.draw(st.sampled_from([7, 64, 1024**2])))
        found, rejects = read_back(
            write(content, name), name, encoding=MARKED.get(encoding, encoding), delimiter=delimiter
        )
    assert rejects == []
    assert found == [cells for cells in rows if any(cell.strip() for cell in cells)]
