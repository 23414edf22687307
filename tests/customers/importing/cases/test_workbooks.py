"""Workbooks as other programs write them."""

import pytest

FIRST = ["Person 0", 38, 2606.25]


@pytest.mark.parametrize(
    "name",
    [
        "capital_SharedStrings.xlsx",
        "sharedstrings_at_root.xlsx",
        "worksheet_in_other_folder.xlsx",
        "backslash_names.xlsx",
    ],
)
def test_parts_are_found_whatever_they_are_called(import_case, counts, customers, name):
    assert counts(import_case(name)) == (40, 40, 0, 0, 0)
    first = next(iter(customers().items()))
    assert first[0] in ("C0", "C1000")
    assert first[1] == FIRST


def test_hidden_and_filtered_rows_are_imported_and_counted(import_case, counts, customers):
    done = import_case("hidden_filtered_rows.xlsx")
    assert counts(done) == (40, 40, 0, 0, 0)
    assert customers()["C1000"] == FIRST
    assert any(warning.startswith("20 rows are hidden or filtered") for warning in done.warnings)
