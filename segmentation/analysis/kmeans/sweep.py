"""The elbow sweep: inertia and centroids for every k."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from common.i18n import gettext as _
from segmentation.analysis.errors import InvalidSettingError, TooFewCustomersError
from segmentation.analysis.kmeans.coarsening import choose_sample, coarsen
from segmentation.analysis.kmeans.initialisation import Optima
from segmentation.analysis.kmeans.lloyd import pass_over_cells
from segmentation.analysis.kmeans.nearest import assign, squared_distances_to_own, sums_per_label
from segmentation.analysis.kmeans.refinement import ARRIVED, refine
from segmentation.analysis.kmeans.sampling import choose_by_inertia
from segmentation.analysis.kmeans.search import search_optima
from segmentation.analysis.results import CompressedSamples, ElbowSweep, FloatArray
from segmentation.analysis.threads import single_threaded

# Up to this many points the search itself runs on them and nothing is left to refine.
SEARCH_POINTS = 1000
SAMPLE = 50_000
# Many clusters need a finer coarse set.
COARSE_CELLS_PER_K = 100
# A pass after which the inertia would fall by less than this share is the last.
ENOUGH = 3e-6
# Finalists have arrived on a sample already: one pass over all points tells them apart.
FINALISTS_BEHIND = 1e-4
# All points will move the centroids further than the sample still could.
ARRIVED_ON_SAMPLE = 1e-5
MAX_SETTLING = 100


@dataclass(frozen=True)
class _Budget:
    """How much is spent on each stage of the search.

    Candidates are counted by their centroids, which is what they cost: few clusters may have many.
    """

    n_starts: int
    few_starts: int
    keep: int
    coarse_cells: int
    middle_cells: int
    candidates: int
    passes: int
    tolerated: float


PLANE = _Budget(
    n_starts=32,
    few_starts=0,
    keep=4,
    coarse_cells=800,
    middle_cells=6_000,
    candidates=30,
    passes=3,
    tolerated=0.0,
)
SPACE = _Budget(
    n_starts=32,
    few_starts=200,
    keep=8,
    coarse_cells=1_000,
    middle_cells=10_000,
    candidates=48,
    passes=2,
    tolerated=0.03,
)
FEWEST_CANDIDATES = 4
FINALISTS = 16
# On the sample two optima compare to within this share, divided by k.
TOLERATED_ON_SAMPLE = 0.004

Report = Callable[[int], None]


@single_threaded
def sweep_k(
    samples: CompressedSamples,
    *,
    k_min: int = 1,
    k_max: int = 10,
    random_state: int = 0,
    report: Report | None = None,
) -> ElbowSweep:
    """Run k-means for each k and keep the inertia and the centroids.

    Many starts are searched on a coarse set of weighted points, several distinct optima for each k are kept
    and refined on finer sets, and the inertia is taken over all samples.

    Parameters
    ----------
    samples : CompressedSamples
    k_min, k_max : int
        Both included; capped at the number of distinct rows.
    random_state : int
    report : callable or None
        Called with each k when it is finished; an exception it raises ends the sweep.

    Raises
    ------
    InvalidSettingError, TooFewCustomersError
        If the range is empty or begins below 1, or there are fewer distinct rows than `k_min`.
    """
    n_distinct = _n_distinct(samples)
    ks = _checked_ks(k_min, k_max, n_distinct)
    optima = []
    for k, optimum in zip(ks, _optima_of_all_samples(samples, ks, random_state), strict=True):
        optima.append(optimum)
        if report is not None:
            report(k)
    return ElbowSweep(
        ks=ks,
        inertias=tuple(optimum.inertia for optimum in optima),
        centroids=tuple(tuple(tuple(map(float, row)) for row in optimum.centroids) for optimum in optima),
        exact=True,
        n_samples=samples.n_samples,
        n_points=samples.n_points,
        n_distinct_capped=n_distinct if k_max > n_distinct else None,
        random_state=random_state,
    )


def _checked_ks(k_min: int, k_max: int, n_distinct: int) -> tuple[int, ...]:
    if not 1 <= k_min <= k_max:
        text = _(
            "The range of k must start at 1 or above and not end below its start: %(first)s to %(last)s."
        )
        raise InvalidSettingError(text % {"first": k_min, "last": k_max})
    if k_min > n_distinct:
        text = _("%(k)s segments need at least %(k)s different customers; there are %(count)s.")
        raise TooFewCustomersError(text % {"k": k_min, "count": n_distinct})
    return tuple(range(k_min, min(k_max, n_distinct) + 1))


@dataclass(frozen=True, eq=False)
class _Optimum:
    """Centroids of shape (k, n_features) and the inertia of all samples at them."""

    centroids: FloatArray
    inertia: float


def _n_distinct(samples: CompressedSamples) -> int:
    """Return the number of distinct rows, or a lower bound far above any k."""
    if samples.inverse is None and samples.n_points <= SEARCH_POINTS:
        return len(np.unique(samples.points, axis=0))
    return samples.n_points


def _optima_of_all_samples(
    samples: CompressedSamples, ks: tuple[int, ...], random_state: int
) -> Iterator[_Optimum]:
    rng = np.random.default_rng(random_state)
    if samples.n_points <= SEARCH_POINTS:
        return _searched(samples, ks, rng)
    if samples.cells is not None:
        return _through_cells(samples, ks, rng)
    return _through_sample(samples, ks, rng, random_state)


def _searched(
    samples: CompressedSamples, ks: tuple[int, ...], rng: np.random.Generator
) -> Iterator[_Optimum]:
    found = search_optima(
        samples.points,
        samples.weights,
        _searched_ks(ks, samples.n_points),
        rng,
        n_starts=64,
        keep=4,
        rounds=2,
        exchange=True,
    )
    return (_settled(samples.points, samples.weights, found[k].centroids[0]) for k in ks)


def _searched_ks(ks: tuple[int, ...], n_points: int) -> range:
    """Return the k to search: the search goes to neighbours, so from 1, and to one beyond the last."""
    return range(1, min(ks[-1] + 1, n_points) + 1)


def _settled(points: FloatArray, weights: FloatArray, centroids: FloatArray) -> _Optimum:
    """Iterate until no label changes; the inertia comes from differences, which lose no digits."""
    labels = assign(points, centroids)
    for _step in range(MAX_SETTLING):
        sums = sums_per_label(points, weights, labels, len(centroids))
        counts = sums[:, -1:]
        centroids = np.where(counts > 0, sums[:, :-1] / np.where(counts > 0, counts, 1.0), centroids)
        previous, labels = labels, assign(points, centroids)
        if np.array_equal(labels, previous):
            break
    return _Optimum(centroids, float(weights @ squared_distances_to_own(points, centroids, labels)))


def _coarsely(
    points: FloatArray, weights: FloatArray, ks: tuple[int, ...], rng: np.random.Generator, budget: _Budget
) -> dict[int, FloatArray]:
    """Return several candidates for each k, found on a coarse set and refined on a finer one."""
    middle = coarsen(points, weights, budget.middle_cells)
    n_coarse = max(budget.coarse_cells, COARSE_CELLS_PER_K * ks[-1])
    coarse = coarsen(middle.points, middle.weights, n_coarse)
    if len(coarse.points) <= ks[-1]:
        # All but a few points stand so close together that their differences are lost in rounding.
        coarse = choose_sample(points, weights, n_coarse, 0)
    found = search_optima(
        coarse.points,
        coarse.weights,
        _searched_ks(ks, len(coarse.points)),
        rng,
        n_starts=budget.n_starts,
        few_starts=budget.few_starts,
        keep=budget.keep,
        rounds=1,
    )
    refined = refine(
        middle.points, middle.weights, {k: found[k].centroids for k in ks}, tolerated=budget.tolerated
    )
    return _best(refined, budget.candidates, at_least=FEWEST_CANDIDATES)


def _best(optima: Mapping[int, Optima], n_centroids: int, *, at_least: int = 1) -> dict[int, FloatArray]:
    """Return the best candidates for each k, as many as have this many centroids together."""
    return {k: each.centroids[: max(at_least, n_centroids // k)] for k, each in optima.items()}


def _through_cells(
    samples: CompressedSamples, ks: tuple[int, ...], rng: np.random.Generator
) -> Iterator[_Optimum]:
    candidates = _coarsely(samples.points, samples.weights, ks, rng, PLANE)
    refined = refine(samples.points, samples.weights, candidates)
    for k in ks:
        centroids = refined[k].centroids[0]
        for _pass in range(PLANE.passes):
            seen = pass_over_cells(samples, centroids)
            if seen.gain < ENOUGH * seen.inertia:
                break
            centroids = seen.means
        else:
            seen = pass_over_cells(samples, centroids)
        yield _Optimum(centroids, seen.inertia)


def _through_sample(
    samples: CompressedSamples, ks: tuple[int, ...], rng: np.random.Generator, seed: int
) -> Iterator[_Optimum]:
    budget = PLANE if samples.X.shape[1] <= 2 else SPACE
    sample = choose_by_inertia(samples.points, samples.weights, SAMPLE, seed)
    candidates = _coarsely(sample.points, sample.weights, ks, rng, budget)
    is_all = len(sample.points) == samples.n_points
    refined = refine(
        sample.points,
        sample.weights,
        candidates,
        tolerated=TOLERATED_ON_SAMPLE,
        arrived=ARRIVED if is_all else ARRIVED_ON_SAMPLE,
    )
    if not is_all:
        finalists = _best(refined, FINALISTS)
        refined = refine(
            samples.points, samples.weights, finalists, max_passes=budget.passes, behind=FINALISTS_BEHIND
        )
    return (_Optimum(refined[k].centroids[0], float(refined[k].inertias[0])) for k in ks)
