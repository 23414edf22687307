"""One population asked for its groups: how often the product sees clear ones that are not there.

`BENCH_TRUTH_SEEDS` (default 3) is the number of sets of each kind. With an argument, as in
`python -m bench.truth.false_groups "yes no"`, only the kinds whose name contains it.
"""

import sys
from collections import defaultdict

from bench.truth.answers import Answer
from bench.truth.customer_sets import CustomerSet, judge, workers
from bench.truth.populations.drawing import SEEDS, draw_populations

MOST_CLEAR = 0.03
LOGARITHMS = ("none", "auto")


def main(chosen: str = "") -> int:
    """Print for each kind how often the answer was “clear”; return 1 if that is too often."""
    print(f"One population, {SEEDS} sets of each kind: the k called clear, raw and with automatic logarithms")
    found: dict[str, list[list[Answer]]] = defaultdict(list)
    sets = list(draw_populations(chosen))
    if not sets:
        print(f"There is no kind called {chosen}.")
        return 2
    with workers() as map_in_order:
        for each, answers in zip(sets, map_in_order(ask_both, sets), strict=True):
            found[each.name].append(answers)
            if len(found[each.name]) == SEEDS:
                print(
                    f"  {each.name:<26}" + "".join(map(_shown, zip(*found[each.name], strict=True))),
                    flush=True,
                )
    missed = 0
    for column, log1p in enumerate(LOGARITHMS):
        answers = [each[column] for kind in found.values() for each in kind]
        clear = sum(answer.verdict == "clear" for answer in answers)
        useful = sum(answer.verdict == "useful" for answer in answers)
        told = f"{clear} of {len(answers)}"
        missed |= judge(
            f"false groups, logarithms {log1p}", clear <= MOST_CLEAR * len(answers), told, "≤ 3 %"
        )
        print(f"  useful {useful}, nothing {len(answers) - clear - useful}")
    return missed


def ask_both(customers: CustomerSet) -> list[Answer]:
    return [customers.ask(log1p=log1p) for log1p in LOGARITHMS]


def _shown(answers: tuple[Answer, ...]) -> str:
    """Write the k called clear, or dots."""
    ks = " ".join(f"{answer.k_recommended or '.':>3}" for answer in answers)
    clear = sum(answer.verdict == "clear" for answer in answers)
    return f"  {ks}  {clear} of {len(answers)}"


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
