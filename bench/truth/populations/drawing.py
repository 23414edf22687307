"""Sets of every kind of customers without groups.

`BENCH_TRUTH_SEEDS` (default 3) is the number of sets of each kind.
"""

import os
from collections.abc import Iterator

from bench.truth.customer_sets import CustomerSet
from bench.truth.populations import coarse, dependent, smooth  # noqa: F401  they enter their kinds into the list
from bench.truth.populations.kinds import KINDS

SEEDS = int(os.environ.get("BENCH_TRUTH_SEEDS", "3"))


def draw_populations(chosen: str = "", *, seeds: int = SEEDS) -> Iterator[CustomerSet]:
    """Give the sets of every kind whose name contains the chosen words, all sets of a kind together."""
    for kind in KINDS:
        if chosen in kind.name:
            yield from (kind.draw(seed) for seed in range(seeds))
