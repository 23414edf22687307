"""Groups that are there: labelled sets that k-means can solve, planted groups, and customers everyone knows.

`BENCH_LABELLED` names a folder with a README.md, whose table has one row for each file (name, rows, columns,
right k, and last “(10)”, how far to sweep), and the files: a CSV file, gzipped, with an id, numbers and a
label. Where the labels tell another number of groups than the table, both are right. `BENCH_MALL` may name a
copy of the public Mall_Customers.csv. `BENCH_ANSWERS` (default 100) is the number of planted sets.
"""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from bench.analysis_answers import ANSWERS, MALL_FEATURES, MALL_SIZES, noise, plant
from bench.truth.answers import Answer
from bench.truth.customer_sets import CustomerSet, judge, numbers, read_columns, workers

FOLDER = os.environ.get("BENCH_LABELLED")
MALL = os.environ.get("BENCH_MALL")
ROW = re.compile(
    r"^\| (?P<file>\S+\.csv\.gz) \| \d+ \| \d+ \| (?P<k>\d+) \| .*\((?P<k_max>\d+)\) \|$", re.MULTILINE
)
MOST_WRONG, MOST_UNSOLVED = 2, 1
SOLVED = 0.8
MOST_FALSE = 0.03


def main() -> int:
    """Print how often the right number of groups was found; return 1 if a bar is missed."""
    print("Groups that are there: the right number called clear")
    return max(
        _labelled("auto"), _labelled("none"), _planted(), _noise("uniform"), _noise("Gaussian"), _mall()
    )


def read_labelled() -> Iterator[CustomerSet]:
    """Read the labelled sets; none where no folder is named."""
    if FOLDER is None:
        return
    table = (Path(FOLDER) / "README.md").read_text()
    for row in ROW.finditer(table):
        columns = read_columns(Path(FOLDER) / row["file"])
        labels = numbers(columns.pop("label")).astype(np.int64)
        values = np.column_stack([numbers(cells) for cells in columns.values()])
        name = row["file"].removesuffix(".csv.gz")
        yield CustomerSet(values, name, groups=labels, k=int(row["k"]), k_max=int(row["k_max"]))


def _labelled(log1p: str) -> int:
    sets = list(read_labelled())
    if not sets:
        print("  labelled sets: not measured; BENCH_LABELLED names the folder")
        return 0
    with workers() as map_in_order:
        answers = list(map_in_order(partial(CustomerSet.ask, log1p=log1p), sets))
    pairs = list(zip(sets, answers, strict=True))
    wrong = [(each, answer) for each, answer in pairs if not each.is_right(answer.k_recommended)]
    if wrong:
        print(f"  not as labelled: {', '.join(_wrong(each, answer) for each, answer in wrong)}")
    solvable = sum(_is_solvable(each) for each in sets)
    unsolved = sum(_is_solvable(each) for each, _answer in wrong)
    return max(
        _count(f"labelled sets, logarithms {log1p}", len(sets) - len(wrong), len(sets), MOST_WRONG),
        _count(
            "… those that k-means solves at the right number", solvable - unsolved, solvable, MOST_UNSOLVED
        ),
    )


def _count(name: str, right: int, asked: int, most_wrong: int) -> int:
    least = asked - most_wrong
    return judge(name, right >= least, f"{right} of {asked}", f"≥ {least}")


def _is_solvable(customers: CustomerSet) -> bool:
    """Return whether k-means at a right number of groups agrees with the labels."""
    assert customers.groups is not None
    X = StandardScaler().fit_transform(customers.values)
    fits = (KMeans(k, n_init=10, random_state=0).fit(X).labels_ for k in customers.right_ks)
    return any(adjusted_rand_score(customers.groups, labels) >= SOLVED for labels in fits)


def _wrong(customers: CustomerSet, answer: Answer) -> str:
    return f"{customers.name} {answer.k_recommended or answer.verdict} for {customers.k}"


def _planted() -> int:
    with workers() as map_in_order:
        right = sum(map_in_order(_finds_planted, range(ANSWERS)))
    return judge("planted groups", right == ANSWERS, f"{right} of {ANSWERS}", "all")


def _finds_planted(number: int) -> bool:
    planted = plant(np.random.default_rng(number))
    return CustomerSet(planted.values).ask().k_recommended == planted.k


def _noise(kind: str) -> int:
    with workers() as map_in_order:
        clear = sum(map_in_order(partial(_is_fooled_by, kind), range(ANSWERS)))
    return judge(
        f"{kind} noise called clear", clear <= MOST_FALSE * ANSWERS, f"{clear} of {ANSWERS}", "≤ 3 %"
    )


def _is_fooled_by(kind: str, number: int) -> bool:
    values = noise(np.random.default_rng((number, 1)), kind)
    return CustomerSet(values).ask().verdict == "clear"


def _mall() -> int:
    if MALL is None:
        print("  Mall customers: not measured; BENCH_MALL names the file")
        return 0
    columns = read_columns(Path(MALL))
    customers = CustomerSet(np.column_stack([numbers(columns[name]) for name in MALL_FEATURES]))
    missed = 0
    for scaling, log1p in (("standard", "auto"), ("none", "none")):
        k = customers.ask(scaling=scaling, log1p=log1p).k_recommended
        missed |= judge(
            f"Mall customers, scaling {scaling}", k == len(MALL_SIZES), f"{k}", f"{len(MALL_SIZES)}"
        )
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
