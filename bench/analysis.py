"""The elbow sweep against scikit-learn's KMeans, side by side, one thread, in processor seconds.

Where tails are heavy a single start may end far above the best: there each k is compared with the best that
is known, from all starts of scikit-learn and our own sweeps of other random states, finished on all rows.

`BENCH_DATA_SETS` (default 5) is the number of data sets of each kind. With arguments, as in
`python -m bench.analysis "4 continuous"`, only the kinds whose name contains one of them are measured.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.kmeans.sweep import sweep_k
from segmentation.analysis.results import FeatureMatrix

FloatArray = npt.NDArray[np.float64]

DATA_SETS = int(os.environ.get("BENCH_DATA_SETS", "5"))
TAIL_SETS = min(DATA_SETS, 3)
PEER_STATES = (0, 1, 2)
OTHER_STATES = (1, 2, 3)
KS = range(1, 11)
MALL_CENTERS = np.array([[55, 50], [87, 82], [88, 17], [26, 21], [26, 79]])
MALL_SPREADS = np.array([[12, 8], [14, 9], [15, 9], [9, 9], [8, 9]])
MALL_SHARES = np.array([0.40, 0.20, 0.18, 0.12, 0.10])


@dataclass(frozen=True)
class Goal:
    """The goal for one kind of data; inertia ratios are ours to scikit-learn's mean."""

    kind: str
    n_samples: int
    make: Callable[[np.random.Generator, int], FloatArray]
    faster: float | None
    mean_ratio: float
    worst_ratio: float
    n_init: int = 10


@dataclass(frozen=True)
class TailsGoal:
    """The goal for one kind of heavy tails: the ratio is that to the best inertia known."""

    kind: str
    make: Callable[[np.random.Generator, int], FloatArray]
    k_max: int
    n_samples: int = 1_000_000
    faster_than_one: float = 3
    faster_than_ten: float = 15
    worst_ratio: float = 1.002


@dataclass(frozen=True)
class Outcome:
    """One data set: processor seconds and the ratio of inertias for each k."""

    ours: float
    peer: float
    ratios: FloatArray


def mall(rng: np.random.Generator, n_samples: int) -> FloatArray:
    """Whole-number incomes and spending scores in five groups."""
    groups = rng.choice(5, n_samples, p=MALL_SHARES)
    values = rng.normal(MALL_CENTERS[groups], MALL_SPREADS[groups]).round()
    return values.clip([15, 1], [150, 99])


def mall_with_age(rng: np.random.Generator, n_samples: int) -> FloatArray:
    ages = rng.normal(39, 14, n_samples).round().clip(18, 75)
    return np.column_stack((mall(rng, n_samples), ages))


def groups(n_features: int) -> Callable[[np.random.Generator, int], FloatArray]:
    """Five continuous Gaussian groups with 5 % uniform noise."""

    def make(rng: np.random.Generator, n_samples: int) -> FloatArray:
        centers = rng.uniform(-6, 6, (5, n_features))
        values = rng.normal(centers[rng.integers(0, 5, n_samples)], 1.0)
        noise = rng.random(n_samples) < 0.05
        values[noise] = rng.uniform(-8, 8, (np.count_nonzero(noise), n_features))
        return values

    return make


def heavy_tailed(rng: np.random.Generator, n_samples: int) -> FloatArray:
    return np.exp(1.5 * rng.normal(size=(n_samples, 2)))


def raw_rfm(rng: np.random.Generator, n_samples: int) -> FloatArray:
    """Recency in days, orders and revenue of customers who buy at rates of their own (gamma-Poisson)."""
    orders = 1.0 + rng.poisson(rng.gamma(0.6, 4.0, n_samples))
    recency = np.floor(365 * (1 - rng.random(n_samples) ** (1 / orders)))
    per_order = 60 * rng.gamma(2.0, 1.0, n_samples) / rng.gamma(3.5, 1 / 3.5, n_samples)
    return np.column_stack((recency, orders, np.round(orders * per_order, 2)))


def log_normal(rng: np.random.Generator, n_samples: int) -> FloatArray:
    return np.exp(rng.normal(size=(n_samples, 4)))


def zero_inflated(rng: np.random.Generator, n_samples: int) -> FloatArray:
    """Log-normal columns of which 30 % are zero."""
    values = log_normal(rng, n_samples)
    values[rng.random(values.shape) < 0.3] = 0.0
    return values


def duplicated(rng: np.random.Generator, n_samples: int) -> FloatArray:
    return groups(3)(rng, 2_000)[rng.integers(0, 2_000, n_samples)]


def tiny_variance(rng: np.random.Generator, n_samples: int) -> FloatArray:
    return 1e-9 * groups(2)(rng, n_samples)


def far_from_zero(rng: np.random.Generator, n_samples: int) -> FloatArray:
    return 1e9 + groups(2)(rng, n_samples)


SPEED = (
    Goal("200 customers", 200, mall, 1, 1 + 1e-9, 1 + 1e-9),
    Goal("2 integer features", 1_000_000, mall, 60, 1.0005, 1.001),
    Goal("2 continuous features", 1_000_000, groups(2), 50, 1.0005, 1.001),
    Goal("4 continuous features", 1_000_000, groups(4), 15, 1.0005, 1.002),
    Goal("8 continuous features", 1_000_000, groups(8), 15, 1.0005, 1.002),
    Goal("10 M × 2, n_init=1", 10_000_000, groups(2), 25, 1.0005, 1.001, n_init=1),
)
CORRECTNESS = (
    Goal("3 integer features", 200_000, mall_with_age, None, 1.002, 1.002),
    Goal("heavy tails", 200_000, heavy_tailed, None, 1.002, 1.002),
    Goal("duplicated rows", 200_000, duplicated, None, 1.002, 1.002),
    Goal("tiny variance", 200_000, tiny_variance, None, 1.002, 1.002),
    Goal("offset 1e9", 200_000, far_from_zero, None, 1.002, 1.002),
)
TAILS = tuple(
    TailsGoal(f"{kind}, k to {k_max}", make, k_max)
    for k_max in (10, 20)
    for kind, make in (("raw RFM", raw_rfm), ("30 % zeros", zero_inflated), ("log-normal", log_normal))
)


def main(chosen: list[str]) -> int:
    """Print a table of the chosen kinds of data, or all; return 1 if one misses its goal."""
    goals = [
        goal for goal in (*SPEED, *CORRECTNESS) if not chosen or any(word in goal.kind for word in chosen)
    ]
    tails = [goal for goal in TAILS if not chosen or any(word in goal.kind for word in chosen)]
    if not goals and not tails:
        print(f"There is no kind of data called {', '.join(chosen)}.")
        return 2
    with threadpool_limits(limits=1):
        met = [*_table(goals), *_table_of_tails(tails)]
    return 0 if all(met) else 1


def _table(goals: Sequence[Goal]) -> list[bool]:
    if goals:
        print(f"Elbow sweep k = {KS[0]} to {KS[-1]}, {DATA_SETS} data sets of each kind; worst shown")
        print(f"{'data':24} {'ours, s':>8} {'peer, s':>8} {'faster':>8} {'mean':>9} {'worst k':>9}  goal")
    return [_report(goal) for goal in goals]


def _report(goal: Goal) -> bool:
    outcomes = [_measure(goal, number) for number in range(DATA_SETS)]
    slowest = min(outcomes, key=lambda outcome: outcome.peer / outcome.ours)
    faster = slowest.peer / slowest.ours
    mean = max(float(outcome.ratios.mean()) for outcome in outcomes)
    worst = max(float(outcome.ratios.max()) for outcome in outcomes)
    met = mean <= goal.mean_ratio and worst <= goal.worst_ratio and faster >= (goal.faster or 0)
    asked = f"{'≥ ' + format(goal.faster, 'g') + ' ×, ' if goal.faster else ''}≤ {goal.worst_ratio:.10g}"
    print(
        f"{goal.kind:24} {slowest.ours:8.3f} {slowest.peer:8.2f} {faster:7.1f}× {mean:9.5f} {worst:9.5f}  "
        f"{asked} {'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


def _measure(goal: Goal, number: int) -> Outcome:
    values = goal.make(np.random.default_rng(number), goal.n_samples)
    features = prepare_features(values, [str(column) for column in range(values.shape[1])])
    del values
    timed = [_timed(lambda: sweep_k(compress(features)).inertias) for _ in range(3)]
    peers = [_timed(lambda state=state: _peer(features.X, goal.n_init, state)) for state in PEER_STATES]
    expected = np.mean([inertias for _, inertias in peers], axis=0)
    return Outcome(
        ours=min(seconds for seconds, _ in timed),
        peer=min(seconds for seconds, _ in peers),
        ratios=np.asarray(timed[0][1]) / expected,
    )


def _table_of_tails(goals: Sequence[TailsGoal]) -> list[bool]:
    if goals:
        print(f"Heavy tails, {TAIL_SETS} data sets of each kind, ten starts on the first; worst shown")
        titles = ("ours, s", "one, s", "faster", "ten, s", "faster", "worst k")
        print(f"{'data':24} {' '.join(f'{title:>8}' for title in titles)}")
    return [_report_tails(goal) for goal in goals]


def _report_tails(goal: TailsGoal) -> bool:
    outcomes = [_measure_tails(goal, number) for number in range(TAIL_SETS)]
    slowest = min(outcomes, key=lambda outcome: outcome.one / outcome.ours)
    faster, ten = slowest.one / slowest.ours, outcomes[0].ten / outcomes[0].ours
    worst = max(outcome.worst for outcome in outcomes)
    met = faster >= goal.faster_than_one and ten >= goal.faster_than_ten and worst <= goal.worst_ratio
    print(
        f"{goal.kind:24} {slowest.ours:8.3f} {slowest.one:8.2f} {faster:7.1f}× {outcomes[0].ten:8.1f} "
        f"{ten:7.1f}× {worst:8.5f}  {'met' if met else 'MISSED'}",
        flush=True,
    )
    return met


@dataclass(frozen=True)
class TailsOutcome:
    """Processor seconds of ours, of one start and of ten, and the worst ratio to the best known."""

    ours: float
    one: float
    ten: float
    worst: float


def _measure_tails(goal: TailsGoal, number: int) -> TailsOutcome:
    ks = range(1, goal.k_max + 1)
    values = goal.make(np.random.default_rng(number), goal.n_samples)
    features = prepare_features(values, [str(column) for column in range(values.shape[1])])
    timed = [_timed(lambda: sweep_k(compress(features), k_max=goal.k_max).inertias) for _ in range(2)]
    ones = [_timed(lambda state=state: _peer(features.X, 1, state, ks)) for state in PEER_STATES]
    tens = [_timed(lambda: _peer(features.X, 10, 0, ks))] if number == 0 else []
    known = [inertias for _, inertias in (*ones, *tens)]
    known += [_finished(features, goal.k_max, state) for state in OTHER_STATES]
    return TailsOutcome(
        ours=min(seconds for seconds, _ in timed),
        one=min(seconds for seconds, _ in ones),
        ten=min((seconds for seconds, _ in tens), default=0.0),
        worst=float(np.max(np.asarray(timed[0][1]) / np.min(known, axis=0))),
    )


def _finished(features: FeatureMatrix, k_max: int, random_state: int) -> tuple[float, ...]:
    """Return the inertias of another random state's sweep, each k finished on all rows."""
    samples = compress(features)
    sweep = sweep_k(samples, k_max=k_max, random_state=random_state)
    return tuple(
        fit_clusters(features, samples, n_clusters=k, centroids=sweep.centroids_of(k)).inertia
        for k in sweep.ks
    )


def _timed(call: Callable[[], tuple[float, ...]]) -> tuple[float, tuple[float, ...]]:
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


def _peer(X: FloatArray, n_init: int, random_state: int, ks: Iterable[int] = KS) -> tuple[float, ...]:
    return tuple(float(KMeans(k, n_init=n_init, random_state=random_state).fit(X).inertia_) for k in ks)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
