import csv
import dataclasses
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.importing.errors import ImportRefusedError
from customers.importing.files import blocks
from customers.importing.files.detection import TableFormat, scan
from customers.importing.files.reading import MAX_CELL_CHARACTERS, read_batches


def read(path, width, *, delimiter=",", slow=False):
    """Rows and rejects with their lines, and blank lines; `slow` makes `csv` read the whole file."""
    found = scan(path, max_bytes=2**30)
    found = dataclasses.replace(found, has_lone_returns=found.has_lone_returns or slow)
    table = TableFormat(found, found.find_encoding(), delimiter)
    rows, rejects, blank = [], [], 0
    for batch in read_batches(path, table, width, header_line=1):
        read = [(int(line), *batch.cells(row)) for row, line in enumerate(batch.lines)]
        rows += [row for row in read if any(row[1:])]
        rejects += [(reject.line, reject.reason) for reject in batch.rejects]
        blank += batch.blank + sum(not any(row[1:]) for row in read)
    return sorted(rows), sorted(rejects), blank


def test_rows_have_the_line_on_which_they_begin(write):
    rows, rejects, blank = read(write('a,b\n1,"two\nlines"\n\n2,x\n'), 2)
    assert rows == [(2, "1", "two\nlines"), (5, "2", "x")]
    assert (rejects, blank) == ([], 1)


@pytest.mark.parametrize("slow", [False, True])
def test_short_and_long_rows_are_rejected_and_never_shifted(write, slow):
    rows, rejects, _ = read(write("a,b\n1\n2,x\n3,y,z\n4,v,\n"), 2, slow=slow)
    assert rows == [(3, "2", "x"), (5, "4", "v")]
    assert rejects == [
        (2, "The row has 1 cell, but the header has 2."),
        (4, "The row has 3 cells, but the header has 2."),
    ]


def test_a_stray_quotation_mark_costs_its_row_alone(write):
    rows, rejects, _ = read(write('a,b\n1,"x"y\n2,"ok"\n3,"a \\"b\\" c"\n4,5" pipe\n'), 2)
    assert rows == [(3, "2", "ok"), (5, "4", '5" pipe')]
    assert [line for line, _ in rejects] == [2, 4]


def test_a_quotation_mark_that_is_never_closed_refuses_the_file_and_names_its_line(write):
    with pytest.raises(ImportRefusedError, match="Line 10:"):
        read(write("a,b\n" + "1,x\n" * 8 + '2,"open\n' + "3,y\n" * 1000), 2)


def test_a_quotation_mark_closed_far_below_refuses_the_file_too(write):
    with pytest.raises(ImportRefusedError, match="Line 3:"):
        read(write('a,b\n1,x\n2,"open\n3,y\n4,"z"\n'), 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(write, end):
    rows, _, _ = read(write(end.join(["a,b", "1,x", "2,y"])), 2)
    assert rows == [(2, "1", "x"), (3, "2", "y")]


def test_a_damaged_byte_costs_its_row_alone(write):
    rows, rejects, _ = read(write("a,b\n1,é\n2,".encode() + b"\xff" + "x\n3,ü\n4,".encode() + b"\xc3"), 2)
    assert rows == [(2, "1", "é"), (4, "3", "ü")]
    assert [line for line, _ in rejects] == [3, 5]


def test_nul_is_kept_for_the_validation_to_reject(write):
    rows, _, _ = read(write("a,b\n1,x\0y\n2,z\n"), 2)
    assert rows == [(2, "1", "x\0y"), (3, "2", "z")]


@pytest.mark.parametrize("slow", [False, True])
def test_a_huge_cell_costs_its_row_alone(write, slow):
    rows, rejects, _ = read(write(f"a,b\n1,{'x' * (MAX_CELL_CHARACTERS + 1)}\n2,y\n"), 2, slow=slow)
    assert rows == [(3, "2", "y")]
    assert "more than 131072 characters" in rejects[0][1]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found(write, encoding):
    rows, _, _ = read(write("id,name\n1,José\n2,Zoë\n".encode(encoding)), 2)
    assert rows == [(2, "1", "José"), (3, "2", "Zoë")]


def test_a_file_larger_than_a_block_is_read_the_same_both_ways(write):
    path = write("id,name\n" + "".join(f"{number},name {number}\n" for number in range(150_000)))
    assert path.stat().st_size > 2 * 1024**2
    assert read(path, 2) == read(path, 2, slow=True)


cells = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
plain_cells = st.text(st.characters(codec="utf-8", blacklist_characters='\0\r\n"'), max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cells, min_size=3, max_size=3), max_size=6), delimiter=st.sampled_from(",;\t|"))
def test_whatever_csv_writes_is_read_back_exactly(write, rows, delimiter):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([["a", "b", "c"], *rows])
    found, rejects, _blank = read(write(stream.getvalue().encode()), 3, delimiter=delimiter)
    filled = [row for row in found if any(cell.strip() for cell in row[1:])]
    assert [list(row[1:]) for row in filled] == [row for row in rows if any(cell.strip() for cell in row)]
    assert rejects == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.lists(plain_cells, min_size=1, max_size=4), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    is_ended=st.booleans(),
)
def test_the_fast_reader_reads_what_the_reference_reads(write, lines, end, is_ended):
    text = end.join(["a,b,c", *(",".join(line) for line in lines)]) + (end if is_ended else "")
    path = write(text.encode())

    def filled(slow):
        rows, rejects, _ = read(path, 3, slow=slow)
        return [row for row in rows if any(cell.strip() for cell in row[1:])], rejects

    assert filled(slow=False) == filled(slow=True)


pieces = st.sampled_from(
    ['"', '""', ",", "\n", "\r\n", "a", " ", "é", "b\\", '"x"', "1,2,3\n", '"p\nq",2,3\n']
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(pieces, max_size=24), size=st.integers(1, 40))
def test_quotation_marks_wherever_they_stand_are_read_as_the_reference_reads_them(write, found, size):
    path = write(("a,b,c\n1,2,3\n" + "".join(found)).encode())

    def outcome(slow):
        try:
            rows, rejects, _ = read(path, 3, slow=slow)
        except ImportRefusedError as error:
            return str(error)
        return [row for row in rows if any(cell.strip() for cell in row[1:])], rejects

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BATCH_BYTES", size)  # cells continue from block to block
        fast = outcome(slow=False)
    assert fast == outcome(slow=True)


def test_a_file_in_quotation_marks_takes_the_fast_way(write, monkeypatch):
    monkeypatch.setattr(blocks, "parse", None)
    rows, _, _ = read(write('a,b\n"1","x, ""y"""\n"2","two\nlines"\n"3",""\n'), 2)
    assert rows == [(2, "1", 'x, "y"'), (3, "2", "two\nlines"), (5, "3", "")]
