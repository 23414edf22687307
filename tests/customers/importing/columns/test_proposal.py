import numpy as np
import pyarrow as pa
import pytest

from customers.importing.columns.mapping import ColumnMapping, check_mapping
from customers.importing.columns.profiling import profile_columns
from customers.importing.columns.proposal import Answers, propose_mapping
from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.files.rows import Batch
from customers.models import Attribute


def propose(columns, attributes=(), *, declared=None, earlier=(), **said):
    """Propose a mapping for columns given as header → cells."""
    rows = len(next(iter(columns.values())))
    batch = Batch(tuple(pa.array(cells, pa.string()) for cells in columns.values()), np.arange(rows))
    headers = list(columns)
    return propose_mapping(
        headers,
        profile_columns([batch], headers, rows=rows),
        attributes,
        declared=declared,
        earlier=earlier,
        answers=Answers(**said),
    )


def uses(proposal):
    return {column.header: column.use for column in proposal.settled()}


def of(proposal, header):
    return next(column for column in proposal.columns if column.header == header)


TEN = [str(number) for number in range(10)]


@pytest.mark.parametrize(
    "header",
    [
        "CustomerID",
        "customer id",
        "CUSTOMER_ID",
        "Kunden-Nr.",
        "Client ID",
        "id",
        "Nº cliente",
        "MEMBER NUMBER",
        "Numéro client",
        "LoyaltyCard Id",
        "e-mail",
    ],
)
def test_the_id_is_found_by_its_common_names(header):
    assert uses(propose({"Age": TEN, header: TEN}))[header] == "id"


def test_the_clearer_name_for_an_id_wins():
    assert uses(propose({"ID": TEN, "Customer ID": TEN, "Age": TEN})) == {
        "ID": "text",
        "Customer ID": "id",
        "Age": "number",
    }


def test_of_two_possible_ids_the_unique_column_is_chosen():
    assert uses(propose({"account": ["1", "1", "2"], "user id": ["1", "2", "3"]}))["user id"] == "id"


def test_two_possible_ids_are_asked_about():
    with pytest.raises(AmbiguousFileError, match=r"“Customer ID” and “Client No”.*--map"):
        propose({"Customer ID": TEN, "Client No": TEN}).settled()


def test_no_id_is_asked_about_and_names_the_columns():
    with pytest.raises(AmbiguousFileError, match=r"“Age” and “City”.*--map"):
        propose({"Age": TEN, "City": TEN}).settled()


def test_a_first_row_without_headers_is_recognised():
    with pytest.raises(ImportRefusedError, match="header row"):
        propose({"1": TEN, "Male": TEN, "19": TEN, "15": TEN})


def test_duplicate_headers_are_refused():
    batch = Batch((pa.array(TEN), pa.array(TEN)), np.arange(10))
    with pytest.raises(ImportRefusedError, match="“Age”"):
        propose_mapping(["Age", "age"], profile_columns([batch], ["Age", "age"], rows=10))


@pytest.mark.parametrize(
    ("cells", "use"),
    [
        (TEN, "number"),
        ([*TEN, "x"], "number"),  # one mistake
        ([*TEN, "x", "y", "z"], "text"),
        (["1", "2", "x", "y"], "text"),
        (["01067", "10115", "20095"], "text"),  # postal codes
        (["90071992547409930", "1"], "text"),  # more digits than a number can hold
        (["1.5", "-2", "+3e2", ".5"], "number"),
        (["n/a", "?", *TEN], "number"),
        (["", "", ""], "text"),
        (["2026-01-31", "2026-02-28"], "date"),
        (["31/01/2026", "28/02/2026"], "date"),
    ],
)
def test_kinds_follow_the_cells(cells, use):
    ids = [str(number) for number in range(len(cells))]
    assert (
        uses(propose({"id": ids, "Visits" if use == "number" else "Thing": cells}))[
            "Visits" if use == "number" else "Thing"
        ]
        == use
    )


def test_a_mistake_among_the_last_of_many_rows_does_not_change_the_kind():
    cells = [str(number) for number in range(5_000)]
    cells[4_990] = "abc"
    assert uses(propose({"id": [str(n) for n in range(5_000)], "Things": cells}))["Things"] == "number"


def test_markers_of_missing_values_are_proposed_for_numbers_alone():
    proposal = propose({"id": TEN, "Spend": ["n/a", "-", *TEN[2:]], "Surname": ["Null", "NA", *"abcdefgh"]})
    assert of(proposal, "Spend").missing == ("-", "n/a")
    assert of(proposal, "Surname").missing == ()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,5", "2", "3"], (",", "", "")),
        (["1.234,56", "7,5"], (",", ".", "")),
        (["1,234.56", "7.5"], (".", ",", "")),
        (["1 234", "12"], (".", " ", "")),
        (["$5", "$7.50"], (".", "", "$")),
        (["5 €", "7,50 €"], (",", "", "€")),
        (["10%", "12.5%"], (".", "", "%")),
    ],
)
def test_number_formats_are_proposed_from_the_cells(cells, expected):
    column = of(propose({"id": TEN[: len(cells)], "Spend": cells}), "Spend")
    assert (column.decimal, column.thousands, column.symbol) == expected


def test_a_number_that_can_be_read_in_two_ways_is_asked_about():
    columns = {"id": TEN[:2], "Spend": ["1,234", "5"]}
    with pytest.raises(AmbiguousFileError, match=r"“1,234” could mean 1.234 or 1234.*--decimal"):
        propose(columns).settled()
    assert of(propose(columns, decimal=","), "Spend").thousands == ""
    assert of(propose(columns, decimal="."), "Spend").thousands == ","


def test_an_occasional_currency_sign_is_a_mistake_not_a_format():
    assert of(propose({"id": TEN, "Spend": ["$5", *TEN[1:]]}), "Spend").symbol == ""


def test_ranges_are_proposed_for_headers_that_are_known():
    proposal = propose({"id": TEN, "Alter": TEN, "Income": TEN, "Score (1-5)": TEN})
    ranges = [(column.minimum, column.maximum, column.is_whole) for column in proposal.columns[1:]]
    assert ranges == [(1, 120, True), (0, None, False), (1, 5, False)]


def test_a_range_that_most_cells_contradict_is_not_proposed():
    years = [str(1950 + number) for number in range(30)]
    assert of(propose({"id": years, "Age": years}), "Age").maximum is None


def attribute(name, kind="number", **values):
    return Attribute(name=name, kind=kind, position=0, **values)


def test_a_known_attribute_keeps_its_kind_and_range():
    known = [attribute("Code", "text"), attribute("Points", maximum=10)]
    proposal = propose({"id": TEN, "code": TEN, "Points": TEN}, known)
    assert (of(proposal, "code").use, of(proposal, "code").name) == ("text", "Code")
    assert of(proposal, "Points").maximum == 10


def test_another_word_for_the_same_thing_finds_the_attribute():
    proposal = propose({"id": TEN, "Genre": ["m"] * 10}, [attribute("Gender", "text")])
    assert of(proposal, "Genre").name == "Gender"


def test_the_latest_file_settles_what_is_unclear_in_the_next():
    earlier = [
        ColumnMapping("Client", "id"),
        ColumnMapping("Shop", "skip"),
        ColumnMapping("Spend", "number", "Spend", ",", has_thousandths=True),
        ColumnMapping("A", "text", "Letters"),
    ]
    columns = {
        "Client": ["1", "2"],
        "ID": ["1", "2"],
        "Shop": ["x", "y"],
        "Spend": ["1,234", "5"],
        "A": ["p", "q"],
    }
    known = [attribute("Letters", "text"), attribute("Spend")]
    proposal = propose(columns, known, earlier=earlier)
    assert uses(proposal) == {"Client": "id", "ID": "text", "Shop": "skip", "Spend": "number", "A": "text"}
    assert (of(proposal, "Spend").decimal, of(proposal, "A").name) == (",", "Letters")


@pytest.mark.parametrize(
    ("before", "cells", "expected"),
    [
        ((".", ","), ["1,500", "2,500"], (".", ",")),  # thousands, as in the file before
        ((".", ","), ["1.500", "500"], None),  # another program wrote this file
        ((".", ""), ["1.500", "500"], None),
        ((",", "."), ["1.500", "500"], (",", ".")),
        ((",", "."), ["1,500", "500"], None),
    ],
)
def test_the_latest_file_answers_only_for_cells_like_its_own(before, cells, expected):
    earlier = [ColumnMapping("id", "id"), ColumnMapping("Spend", "number", "Spend", *before)]
    proposal = propose({"id": ["1", "2"], "Spend": cells}, [attribute("Spend")], earlier=earlier)
    column = of(proposal, "Spend")
    assert (None if proposal.questions else (column.decimal, column.thousands)) == expected


def test_a_declared_column_is_taken_as_declared():
    said = {"Age": ColumnMapping("Age", "text", "Age group"), "Rest": ColumnMapping("Rest", "skip")}
    proposal = propose({"id": TEN, "Age": TEN, "Rest": TEN}, declared=said)
    assert uses(proposal) == {"id": "id", "Age": "text", "Rest": "skip"}
    assert of(proposal, "Age").name == "Age group"


def test_a_column_without_a_header_is_left_out_with_a_note():
    proposal = propose({"id": TEN, "": TEN})
    assert uses(proposal)[""] == "skip"
    assert "Column 2" in proposal.warnings[0]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ([ColumnMapping("a", "text", "A")], "No column is marked as the customer id"),
        ([ColumnMapping("a", "id"), ColumnMapping("b", "id")], "Only one column"),
        (
            [ColumnMapping("a", "id"), ColumnMapping("b", "text", "X"), ColumnMapping("c", "text", "x")],
            "Two columns",
        ),
        ([ColumnMapping("a", "id"), ColumnMapping("b", "text", " ")], "needs a name"),
    ],
)
def test_an_impossible_mapping_is_refused(columns, sentence):
    with pytest.raises(ImportRefusedError, match=sentence):
        check_mapping(columns)


def test_a_mapping_survives_its_storage():
    column = ColumnMapping("a", "number", "A", ",", ".", "€", "iso", ("?",), True, 0.0, 9.5)
    assert ColumnMapping.from_json(column.to_json()) == column
