"""Single sets that once misled the analysis get the right answer, with everything proposed accepted.

`cases/right_answers.csv` says which: clear groups and how many, segments that are useful, or nothing.
"""

import pytest
from sklearn.metrics import adjusted_rand_score

from bench.truth.answers import answer
from bench.truth.cases import FOLDER, Case, read_cases

CASES = {case.customers.name: case for case in read_cases()}


@pytest.mark.parametrize("name", CASES)
def test_a_case_gets_the_right_answer(name):
    case: Case = CASES[name]
    found = case.customers.ask()
    if case.verdict == "not clear":
        assert found.verdict in ("useful", "nothing")
    else:
        assert (found.verdict, found.k_recommended) == (case.verdict, case.k)


def test_every_file_has_a_right_answer():
    assert len(CASES) > 20
    assert set(CASES) == {file.stem for file in FOLDER.glob("*.csv")} - {"right_answers"}


def test_a_text_of_noise_changes_nobodys_group():
    customers = CASES["mixed0"].customers
    with_text = customers.ask(k=3).labels
    alone = answer(customers.values, k=3).labels
    assert adjusted_rand_score(with_text, alone) >= 0.99


@pytest.mark.parametrize("name", ["whale_three_groups", "total_row_whale", "four_groups_and_whale"])
def test_one_far_customer_takes_nobody_else_along(name):
    """Whoever is left out of the groups stands alone: everyone else has one."""
    customers = CASES[name].customers
    assert (customers.ask().labels < 0).sum() <= 1
