"""Is the answer the same when nothing has changed, or hardly anything?

Every set of one population and every labelled set is asked again with other random states, in other orders of
its rows, and without 5 % of its customers. With an argument, as in `python -m bench.truth.steadiness square`,
only the sets whose name contains it. `BENCH_STEADY_SEEDS` (default 1) is the number of sets of each kind of
population; `BENCH_PROCESSES=2` asks about two sets at once.
"""

import os
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np

from bench.truth.customer_sets import CustomerSet, judge, workers
from bench.truth.labelled import read_labelled
from bench.truth.populations.drawing import draw_populations

STEADY_SEEDS = int(os.environ.get("BENCH_STEADY_SEEDS", "1"))
STATES, ORDERS, DRAWS = 20, 5, 20
DRAWN = 0.95
LEAST_STATES, LEAST_ORDERS, LEAST_DRAWS = 0.98, 1.0, 0.90

Said = tuple[str, int | None]


@dataclass(frozen=True)
class Steadiness:
    """How many answers about one set were the same, and which others there were."""

    name: str
    states: int
    orders: int
    draws: int
    said: Counter[Said]


def main(chosen: str = "") -> int:
    """Print the sets whose answer changed, and the totals; return 1 if a bar is missed."""
    sets = [each for each in read_labelled() if chosen in each.name]
    sets += draw_populations(chosen, seeds=STEADY_SEEDS)
    if not sets:
        print(f"There is no set called {chosen}.")
        return 2
    print(f"The same answer about {len(sets)} sets: {STATES} random states, {ORDERS} orders, {DRAWS} draws")
    measured = []
    with workers() as map_in_order:
        for each in map_in_order(measure, sets):
            measured.append(each)
            if len(each.said) > 1:
                print(f"  {_shown(each)}", flush=True)
    return max(
        _judge(
            "random states: the most frequent answer",
            [each.states for each in measured],
            STATES,
            LEAST_STATES,
        ),
        _judge(
            "orders of the rows: the same answer", [each.orders for each in measured], ORDERS, LEAST_ORDERS
        ),
        _judge(
            f"draws of {DRAWN:.0%}: the same answer", [each.draws for each in measured], DRAWS, LEAST_DRAWS
        ),
    )


def measure(customers: CustomerSet) -> Steadiness:
    """Ask about one set again and again."""
    rng = np.random.default_rng(0)
    n = len(customers.values)
    states = [customers.ask(random_state=state).said for state in range(STATES)]
    orders = [customers.rows(rng.permutation(n)).ask().said for _ in range(ORDERS)]
    kept = round(DRAWN * n)
    draws = [customers.rows(np.sort(rng.permutation(n)[:kept])).ask().said for _ in range(DRAWS)]
    first = states[0]
    return Steadiness(
        customers.name,
        states=Counter(states).most_common(1)[0][1],
        orders=orders.count(first),
        draws=draws.count(first),
        said=Counter(states + orders + draws),
    )


def _shown(each: Steadiness) -> str:
    said = ", ".join(f"{verdict} {k or ''} × {count}" for (verdict, k), count in each.said.most_common())
    return f"{each.name:<26} states {each.states:>2}  orders {each.orders}  draws {each.draws:>2}   {said}"


def _judge(name: str, counts: list[int], runs: int, least: float) -> int:
    same, asked = sum(counts), runs * len(counts)
    return judge(name, same >= least * asked, f"{same} of {asked}", f"≥ {least:.0%}")


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
