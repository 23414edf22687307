"""Exports of other programs, remade by hand in their layouts: at most two questions, and no wrong value."""

from pathlib import Path

import pytest

from customers.importing.columns.mapping import ColumnMapping
from customers.importing.columns.profiling import profile_columns
from customers.importing.columns.proposal import propose_mapping
from customers.importing.columns.validation import Validator
from customers.importing.files.sniffing import look_at

LAYOUTS = Path(__file__).with_name("layouts")


@pytest.mark.parametrize(
    ("name", "said", "header", "amount", "rejected"),
    [
        ("shopify", "", "Customer ID", ("Total Spent", 10.5), 0),
        ("stripe", "id", "id", ("Total Spend", 13.5), 0),
        ("hubspot", "", "Record ID", ("Total Revenue", 10.5), 0),
        ("salesforce", "", "Account ID", ("Annual Revenue", 1000.5), 4),
        ("magento", "", "ID", ("Lifetime Sales", 1010.5), 0),
        ("datev", "", "Konto", ("Saldo", 1001.5), 0),
        ("sap", "", "Kundennummer", ("Saldo", -1001.5), 0),
    ],
)
def test_a_layout_comes_in_whole(name, said, header, amount, rejected):
    file = look_at(LAYOUTS / f"{name}.csv", f"{name}.csv")
    profiles = profile_columns(file.read(), file.headers, rows=file.line_count)
    declared = {said: ColumnMapping(said, "id")} if said else {}
    columns = propose_mapping(file.headers, profiles, declared=declared).settled()
    assert [column.header for column in columns if column.use == "id"] == [header]
    positions = {column.name: index for index, column in enumerate(columns) if column.is_attribute}
    validator = Validator.for_file(file, columns, positions)
    done = [validator.validate(batch) for batch in file.read()]
    assert sum(len(each.accepted.lines) for each in done) == 12
    assert sum(each.rejected_rows for each in done) == rejected
    assert done[0].accepted.numbers[positions[amount[0]]][1] == amount[1]
