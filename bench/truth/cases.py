"""Single sets that once misled the analysis, with the right answer for each.

The files and their table, `right_answers.csv`, lie with the tests of the analysis, which hold each of them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.truth.answers import Answer, TextColumn
from bench.truth.customer_sets import CustomerSet, judge, numbers, read_columns

FOLDER = Path(__file__).parent.parent.parent / "tests" / "segmentation" / "analysis" / "cases"


@dataclass(frozen=True)
class Case:
    """A set and its right answer.

    `verdict` may also be “not clear”: useful or nothing. `k` is the right number of groups of a clear answer.
    """

    customers: CustomerSet
    verdict: str
    k: int | None
    why: str

    def is_right(self, found: Answer) -> bool:
        if self.verdict == "not clear":
            return found.verdict != "clear"
        return found.verdict == self.verdict and found.k_recommended == self.k


def read_cases() -> Iterator[Case]:
    """Read the table and its files: an id, then numbers, and texts where the table names them."""
    with (FOLDER / "right_answers.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            columns = read_columns(FOLDER / f"{row['case']}.csv")
            names = row["texts"].split()
            texts = tuple(TextColumn(name, columns.pop(name)) for name in names)
            values = np.column_stack([numbers(cells) for cells in columns.values()])
            customers = CustomerSet(values, row["case"], texts, row["missing"])
            yield Case(customers, row["verdict"], int(row["k"]) if row["k"] else None, row["why"])


def main() -> int:
    """Print the answer to each case; return 1 if one is wrong."""
    print("Single cases")
    missed = 0
    for case in read_cases():
        found = case.customers.ask()
        right = f"{case.verdict} {case.k or ''}".strip()
        told = f"{found.verdict} {found.k or ''}"
        missed |= judge(f"{case.customers.name}: {case.why}", case.is_right(found), told, right)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
