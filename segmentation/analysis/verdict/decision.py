"""Are there groups, and how many? What is cheap comes first, the rest only for the k that are left.

A group is clear where every border is a valley: that decides, and stability and one population with the same
columns only veto. `docs/truth.md` has the figures behind every threshold here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from segmentation.analysis.kmeans.hashing import sample_rows
from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import (
    ElbowSweep,
    FeatureMatrix,
    FloatArray,
    KLimits,
    SweepScores,
)
from segmentation.analysis.samples import columns_of_numbers
from segmentation.analysis.scores.stability import bootstrap_stabilities
from segmentation.analysis.scores.sweep_scores import STABILITY_SAMPLE
from segmentation.analysis.threads import single_threaded
from segmentation.analysis.verdict.borders import find_borders, spread_discrete
from segmentation.analysis.verdict.evidence import Border, BorderLevel, KEvidence, Kind, Verdict
from segmentation.analysis.verdict.population import OnePopulation, population_silhouettes
from segmentation.analysis.verdict.saddles import with_saddles

BORDER_SAMPLE = 10_000
POPULATION_SAMPLE = 5_000
# Values that differ by less than this share of their size differ by rounding.
HARDLY_DIFFERENT = 1e-6
# Groups are useful and not called clear where more customers took no part: they may fill the gaps.
MOST_LEFT_OUT = 0.10
# Fewer customers prove nothing; a clear group holds this share and so many customers at least.
FEWEST_CUSTOMERS = 30
SMALLEST_SHARE, SMALLEST = 0.005, 5
# A border is a valley where the density falls to this share of the lower peak, by so many standard errors; a
# very sure one may be a little shallower, a very deep one less sure if the groups are not tiny.
VALLEY, VALLEY_DEVIATIONS = 0.65, 2.0
SURE_VALLEY, SURE_DEVIATIONS = 0.70, 4.0
DEEP_VALLEY, DEEP_DEVIATIONS, DEEP_SMALLEST = 0.40, 1.5, 20
# In the plane: over the peak, or with few clusters over the density at which three quarters stand at most.
PASS, PASS_OF_FEW, FEW, FEW_QUANTILE = 0.70, 0.82, 3, 0.75
# Groups that touch: no border worse than this, and this share of them valleys.
TOUCHING, VALLEYS_AMONG_TOUCHING = 0.80, 2 / 3
# Touching groups must exceed the median of one population by so much and so many deviations, and be so much
# better than fewer groups with valleys everywhere.
FAR, FAR_DEVIATIONS, MUCH_BETTER = 0.05, 4.0, 0.10
# Few clusters are stable by themselves.
STABLE_FEW, STABLE_MANY = 0.90, 0.80
REFITS, STARTS_PER_REFIT = 40, 12
NULL_CUSTOMERS, NULL_CUSTOMERS_PER_K, FEWEST_DRAWS, NULL_QUANTILE = 500, 25, 3, 0.95
# Fewer rows without a filled-in value than this prove nothing; of few customers nearly all must be complete.
COMPLETE_ROWS, COMPLETE_SHARE, COMPLETE_SHARE_OF_FEW = 100, 0.20, 0.90
# A group of filled-in values: more than so many times everybody's share of them, or so much above it.
FILLED_TIMES, FILLED_MORE, FILLED_SHARE = 2.0, 0.15, 0.10
# The k in force stays unless another has a silhouette, or useful segments a steadiness, higher by this much.
KEPT_CLEAR, KEPT_USEFUL = 0.05, 0.15
USEFUL_KS, USEFUL_STEADY, USEFUL_SHARE, USEFUL_SMALLEST, USEFUL_TIE = (4, 8), 0.60, 0.02, 10, 0.10


@single_threaded
def judge_sweep(
    features: FeatureMatrix,
    sweep: ElbowSweep,
    scores: SweepScores,
    *,
    limits: KLimits | None = None,
    published_k: int | None = None,
) -> Verdict:
    """Decide whether there are clear groups, useful segments or nothing to go by.

    Parameters
    ----------
    features : FeatureMatrix
    sweep : ElbowSweep
    scores : SweepScores
    limits : KLimits or None
        Only k within the limits are recommended or called useful.
    published_k : int or None
        The k in force, which stays unless another is clearly better: see `KEPT_CLEAR`, `KEPT_USEFUL`.
    """
    limits = limits or KLimits()
    if len(hardly_different(features)) == len(features.names):
        return Verdict("nothing", None, None)
    judging = _Judging(features, sweep)
    rows = [
        judging.seen(KEvidence(row.k, min(row.sizes), row.silhouette))
        for row in scores.rows
        if row.k >= 2 and row.silhouette is not None
    ]
    allowed = [row for row in rows if _within(row, limits, features.n_samples)]
    clear = _clearest(judging, allowed, published_k)
    judged = {row.k: row for row in (*rows, *clear.tried)}
    useful = _Useful(None, None)
    if clear.k is None or clear.k == 2:
        candidates = _useful_candidates(list(judged.values()), limits, features.n_samples)
        stable = [judging.with_stability(row) for row in candidates]
        judged |= {row.k: row for row in stable}
        useful = _steadiest(stable, published_k)
    if clear.k is not None and features.left_out > MOST_LEFT_OUT * len(features.kept):
        judged[clear.k] = replace(judged[clear.k], rejected="left-out")
        clear, useful = _Clear(None, None, ()), _Useful(clear.k, clear.better)
    kind: Kind = "clear" if clear.k else "useful" if useful.k else "nothing"
    better = clear.better if clear.k else useful.better
    return Verdict(kind, clear.k, useful.k, tuple(judged.values()), better_k=better)


def hardly_different(features: FeatureMatrix) -> list[str]:
    """Return the names of features whose values differ by rounding only."""
    return [
        name
        for name, column in zip(features.names, features.values.T, strict=True)
        if float(column.max() - column.min()) < HARDLY_DIFFERENT * float(np.abs(column).max())
    ]


@dataclass(frozen=True)
class _Clear:
    """The number of clear groups, if any, and the evidence of each k that was looked at closely.

    `better` is another k that is a little better, where the one in force was kept.
    """

    k: int | None
    better: int | None
    tried: tuple[KEvidence, ...]


def _clearest(judging: "_Judging", rows: Sequence[KEvidence], published_k: int | None) -> _Clear:
    """Find the largest k of clear groups, or touching groups that are much better.

    The largest comes first, so that nothing is measured that the answer does not hang on.
    """
    tried: dict[int, KEvidence] = {}

    def passes(row: KEvidence) -> bool:
        if row.k not in tried:
            tried[row.k] = judging.examined(row)
        return not tried[row.k].rejected

    best = next((row for row in reversed(rows) if row.level == "clear" and passes(row)), None)
    touching = sorted((row for row in rows if row.level == "nearly"), key=lambda row: -row.silhouette)
    if best is not None:
        touching = [row for row in touching if row.silhouette >= best.silhouette + MUCH_BETTER]
    best = next((row for row in touching if passes(row)), best)
    better = None
    rivals = [row for row in rows if row.k == published_k and row.level in ("clear", "nearly")]
    if best is not None and best.k != published_k:
        near = [row for row in rivals if best.silhouette < row.silhouette + KEPT_CLEAR and passes(row)]
        if near:
            best, better = near[0], best.k
    return _Clear(None if best is None else best.k, better, tuple(tried.values()))


def _within(row: KEvidence, limits: KLimits, n_samples: int) -> bool:
    lowest = 1 if limits.k_min is None else limits.k_min
    highest = row.k if limits.k_max is None else limits.k_max
    return lowest <= row.k <= highest and row.smallest >= limits.min_share * n_samples


class _Judging:
    """The customers that are looked at, chosen by content, and what is asked of each k."""

    def __init__(self, features: FeatureMatrix, sweep: ElbowSweep) -> None:
        self._sweep = sweep
        self.n_samples = features.n_samples
        chosen = sample_rows(features.X, BORDER_SAMPLE)
        X = features.X[chosen]
        filled_in = None if features.filled_in is None else features.filled_in[chosen]
        # A text has no continuum: borders are judged on the numbers, unless there are none.
        self._columns = columns_of_numbers(X.shape[1], features.blocks) or list(range(X.shape[1]))
        self._X, self._filled = X, None if filled_in is None else filled_in.any(axis=1)
        complete = np.ones(len(X), dtype=np.bool_) if self._filled is None else ~self._filled
        fewest = max(COMPLETE_SHARE * len(X), min(COMPLETE_ROWS, COMPLETE_SHARE_OF_FEW * len(X)))
        self._too_many_filled = bool(complete.sum() < fewest)
        self._spread = spread_discrete(X, np.random.default_rng(6))[complete]
        self._few = X[:STABILITY_SAMPLE]
        some = slice(0, POPULATION_SAMPLE)
        self._population = OnePopulation(
            X[some], filled_in=None if filled_in is None else filled_in[some], blocks=features.blocks
        )

    def seen(self, row: KEvidence) -> KEvidence:
        """Return the evidence with what the borders say."""
        smallest = max(SMALLEST_SHARE * self.n_samples, SMALLEST)
        if self.n_samples < FEWEST_CUSTOMERS:
            return replace(row, rejected="few")
        if row.smallest < smallest:
            return replace(row, rejected="small")
        if self._too_many_filled or self._is_made_of_filled(row.k):
            return replace(row, rejected="filled")
        centroids = self._sweep.centroids_of(row.k)
        labels = assign(self._spread, centroids)
        X, centroids = self._spread[:, self._columns], centroids[:, self._columns]
        borders = find_borders(X, labels, centroids)
        if all(border.depth <= TOUCHING for border in borders):
            quantile = FEW_QUANTILE if row.k <= FEW else None
            passable = TOUCHING * (PASS_OF_FEW / PASS if row.k <= FEW else 1.0)
            borders = with_saddles(X, labels, centroids, borders, quantile=quantile, passable=passable)
            if row.k <= FEW:
                borders = [_on_one_scale(border) for border in borders]
        borders = [replace(border, feature=self._columns[border.feature]) for border in borders]
        level = _level(borders, row.smallest)
        worst = max(borders, key=lambda border: border.worst, default=None)
        return replace(row, level=level, worst=worst, rejected="crowd" if level == "crowd" else "")

    def _is_made_of_filled(self, k: int) -> bool:
        """Return whether a cluster holds filled-in customers far beyond their share."""
        if self._filled is None:
            return False
        labels = assign(self._X, self._sweep.centroids_of(k))
        counts = np.bincount(labels, minlength=k)
        shares = np.bincount(labels, self._filled, k) / np.maximum(counts, 1)
        usual = self._filled.mean()
        limit = max(min(FILLED_TIMES * usual, usual + FILLED_MORE), FILLED_SHARE)
        return bool((shares > limit).any())

    def examined(self, row: KEvidence) -> KEvidence:
        """Return the evidence with what refits and one population say."""
        row = self.with_stability(row)
        if (row.stability or 0.0) < (STABLE_FEW if row.k <= FEW else STABLE_MANY):
            return replace(row, rejected="unstable")
        n = min(self.n_samples, max(NULL_CUSTOMERS, NULL_CUSTOMERS_PER_K * row.k))
        found = population_silhouettes(self._population, n, row.k, np.random.default_rng(8))
        return _compared(row, found)

    def with_stability(self, row: KEvidence) -> KEvidence:
        if row.stability is not None:
            return row
        centroids = self._sweep.centroids_of(row.k)
        found = bootstrap_stabilities(
            self._few,
            np.ones(len(self._few)),
            centroids,
            n_bootstraps=REFITS,
            n_starts=STARTS_PER_REFIT,
            rng=np.random.default_rng((7, row.k)),
        )
        sizes = np.bincount(assign(self._few, centroids), minlength=row.k)
        steadiness = float(found @ sizes / sizes.sum())
        stabilities = tuple(map(float, found))
        return replace(row, stability=min(stabilities), steadiness=steadiness, stabilities=stabilities)


def _on_one_scale(border: Border) -> Border:
    """Return the border with its saddle as if it were measured as with many clusters."""
    return border if border.saddle is None else replace(border, saddle=border.saddle * PASS / PASS_OF_FEW)


def _level(borders: Sequence[Border], smallest: int) -> BorderLevel:
    if not borders:
        return "crowd"
    worst = max(border.worst for border in borders)
    passable = all(border.saddle is None or border.saddle <= PASS for border in borders)
    if passable and all(_is_valley(border, smallest) for border in borders):
        return "clear"
    if worst <= TOUCHING and smallest >= DEEP_SMALLEST:
        valleys = [
            border.depth <= VALLEY and border.deviations >= DEEP_DEVIATIONS and (border.saddle or 0) <= PASS
            for border in borders
        ]
        if np.mean(valleys) >= VALLEYS_AMONG_TOUCHING:
            return "nearly"
    return "crowd"


def _is_valley(border: Border, smallest: int) -> bool:
    if border.depth <= VALLEY and border.deviations >= VALLEY_DEVIATIONS:
        return True
    if border.depth <= SURE_VALLEY and border.deviations >= SURE_DEVIATIONS:
        return True
    return border.depth <= DEEP_VALLEY and border.deviations >= DEEP_DEVIATIONS and smallest >= DEEP_SMALLEST


def _compared(row: KEvidence, silhouettes: FloatArray) -> KEvidence:
    if len(silhouettes) < FEWEST_DRAWS:
        return replace(row, rejected="chance")
    median, deviation = float(np.median(silhouettes)), float(silhouettes.std())
    reference = float(np.quantile(silhouettes, NULL_QUANTILE))
    row = replace(row, reference=reference, reference_median=median, reference_deviation=deviation)
    needed = reference
    if row.level == "nearly":
        needed = max(needed, median + max(FAR, FAR_DEVIATIONS * deviation))
    return row if row.silhouette > needed else replace(row, rejected="chance")


def _useful_candidates(rows: Sequence[KEvidence], limits: KLimits, n_samples: int) -> list[KEvidence]:
    """Return the k that useful segments may have: 4 to 8 or the team's limits, none of them tiny."""
    highest = USEFUL_KS[1] if limits.k_max is None else limits.k_max
    lowest = min(USEFUL_KS[0], highest) if limits.k_min is None else limits.k_min
    smallest = max(max(USEFUL_SHARE, limits.min_share) * n_samples, USEFUL_SMALLEST)
    if n_samples < FEWEST_CUSTOMERS:
        return []
    return [row for row in rows if lowest <= row.k <= max(highest, lowest) and row.smallest >= smallest]


@dataclass(frozen=True)
class _Useful:
    """The number of useful segments, if any; `better` as in `_Clear`."""

    k: int | None
    better: int | None


def _steadiest(rows: Sequence[KEvidence], published_k: int | None) -> _Useful:
    """Return the k whose segments come back for most customers, of about equals the fewest."""
    # Not the least steady segment: which local optimum a sweep ends in moves it too much.
    found = {row.k: row.steadiness or 0.0 for row in rows}
    steady = {k: steadiness for k, steadiness in found.items() if steadiness >= USEFUL_STEADY}
    if not steady:
        return _Useful(None, None)
    most = max(steady.values())
    best = min(k for k, steadiness in steady.items() if steadiness >= most - USEFUL_TIE)
    if published_k in steady and published_k != best and steady[published_k] >= most - KEPT_USEFUL:
        return _Useful(published_k, best)
    return _Useful(best, None)
