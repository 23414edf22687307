"""The customers that a verdict looks at, and what it asks of each k: borders, refits, one population."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segmentation.analysis.kmeans.hashing import sample_rows
from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.results import ClusterScores, ElbowSweep, FeatureMatrix, FloatArray, IntArray
from segmentation.analysis.samples import columns_of_numbers
from segmentation.analysis.scores.silhouette import mean_silhouettes
from segmentation.analysis.scores.stability import bootstrap_stabilities
from segmentation.analysis.scores.sweep_scores import STABILITY_SAMPLE
from segmentation.analysis.verdict.borders import find_borders, spread_discrete
from segmentation.analysis.verdict.dependence import find_drivers, one_of_each
from segmentation.analysis.verdict.evidence import Border, BorderLevel, KEvidence
from segmentation.analysis.verdict.filled import misplaced_share
from segmentation.analysis.verdict.population import OnePopulation, population_silhouettes
from segmentation.analysis.verdict.saddles import with_saddles

BORDER_SAMPLE = 10_000
POPULATION_SAMPLE = 5_000
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
# Touching groups must exceed the median of one population by so much and so many deviations.
FAR, FAR_DEVIATIONS = 0.05, 4.0
# From worst to best.
LEVELS: tuple[BorderLevel, ...] = ("crowd", "nearly", "clear")
# Few clusters are stable by themselves.
STABLE_FEW, STABLE_MANY = 0.90, 0.80
REFITS, STARTS_PER_REFIT = 40, 12
NULL_CUSTOMERS, NULL_CUSTOMERS_PER_K, FEWEST_DRAWS, NULL_QUANTILE = 500, 25, 3, 0.95
# Fewer rows without a filled-in value than this prove nothing; of few customers nearly all must be complete.
COMPLETE_ROWS, COMPLETE_SHARE, COMPLETE_SHARE_OF_FEW = 100, 0.20, 0.90
# A group of filled-in values: more than so many times everybody's share of them, or so much above it.
FILLED_TIMES, FILLED_MORE, FILLED_SHARE = 2.0, 0.15, 0.10


class Judging:
    """The customers that are looked at, chosen by content, and what is asked of each k."""

    def __init__(self, features: FeatureMatrix, sweep: ElbowSweep) -> None:
        self._sweep = sweep
        chosen, self.n_samples = _customers(features)
        self.are_copies = self.n_samples < features.n_samples
        X = features.X[chosen]
        filled_in = None if features.filled_in is None else features.filled_in[chosen]
        # A text has no continuum: borders are judged on the numbers, unless there are none.
        self._columns = columns_of_numbers(X.shape[1], features.blocks) or list(range(X.shape[1]))
        self._X, self._filled_in = X, filled_in
        self._filled = None if filled_in is None else filled_in.any(axis=1)
        complete = np.ones(len(X), dtype=np.bool_) if self._filled is None else ~self._filled
        fewest = max(COMPLETE_SHARE * len(X), min(COMPLETE_ROWS, COMPLETE_SHARE_OF_FEW * len(X)))
        self._too_many_filled = bool(complete.sum() < fewest)
        self._spread = spread_discrete(X, np.random.default_rng(6))[complete]
        drivers = find_drivers(X[complete][:, self._columns])
        self._drivers = [self._columns[column] for column in drivers]
        self._few = X[:STABILITY_SAMPLE]
        some = slice(0, POPULATION_SAMPLE)
        self._population = OnePopulation(
            X[some], filled_in=None if filled_in is None else filled_in[some], blocks=features.blocks
        )

    def known(self, row: ClusterScores) -> KEvidence | None:
        """Return the evidence to begin with, `None` without a silhouette: copies of rows count once."""
        if row.silhouette is None or row.k < 2:
            return None
        if not self.are_copies:
            return KEvidence(row.k, min(row.sizes), row.silhouette)
        labels = assign(self._X, self._sweep.centroids_of(row.k))
        (silhouette,) = mean_silhouettes(self._X, np.ones(len(labels)), [labels])
        smallest = int(np.bincount(labels, minlength=row.k).min())
        return None if silhouette is None else KEvidence(row.k, smallest, silhouette.mean)

    def seen(self, row: KEvidence) -> KEvidence:
        """Return the evidence with what the borders say."""
        smallest = max(SMALLEST_SHARE * self.n_samples, SMALLEST)
        if self.n_samples < FEWEST_CUSTOMERS:
            return replace(row, rejected="few")
        if row.smallest < smallest:
            return replace(row, rejected="small")
        if self._too_many_filled or self._is_made_of_filled(row.k):
            return replace(row, rejected="filled")
        borders = self._borders(row.k)
        level = _level(borders, row.smallest)
        if level != "crowd" and len(self._drivers) < len(self._columns):
            by_drivers = self._borders_of(row.k, self._drivers)
            level = min(level, _level(by_drivers, row.smallest), key=LEVELS.index)
            borders += by_drivers
        worst = max(borders, key=lambda border: border.worst, default=None)
        return replace(row, level=level, worst=worst, rejected="crowd" if level == "crowd" else "")

    def _borders(self, k: int) -> list[Border]:
        """Return the borders on lines, and in the plane where a line does not settle it."""
        borders = self._borders_of(k, self._columns)
        if any(border.depth > TOUCHING for border in borders):
            return borders
        centroids = self._sweep.centroids_of(k)
        labels = assign(self._spread, centroids)
        X, centroids = self._spread[:, self._columns], centroids[:, self._columns]
        quantile = FEW_QUANTILE if k <= FEW else None
        passable = TOUCHING * (PASS_OF_FEW / PASS if k <= FEW else 1.0)
        borders = with_saddles(X, labels, centroids, borders, quantile=quantile, passable=passable)
        return [_on_one_scale(border) for border in borders] if k <= FEW else borders

    def _borders_of(self, k: int, columns: Sequence[int]) -> list[Border]:
        """Return the borders on lines, seen in these columns alone."""
        X, centroids = self._spread[:, columns], self._sweep.centroids_of(k)[:, columns]
        # Texts take part in who belongs where; what follows from the other columns does not.
        is_all = len(columns) == len(self._columns)
        labels = assign(self._spread, self._sweep.centroids_of(k)) if is_all else assign(X, centroids)
        borders = find_borders(X, labels, centroids)
        return [replace(border, feature=columns[border.feature]) for border in borders]

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

    def misplaced(self, k: int) -> float:
        """Return the share of all customers who stand in another cluster for want of a value."""
        if self._filled is None or self._filled_in is None:
            return 0.0
        share = misplaced_share(self._X, self._filled_in, self._sweep.centroids_of(k))
        return share * float(self._filled.mean())

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


def _customers(features: FeatureMatrix) -> tuple[IntArray, int]:
    """Return the rows that are looked at, and how many customers there are: copies of a row are one."""
    chosen = sample_rows(features.X, BORDER_SAMPLE)
    once = one_of_each(features.values[chosen], columns_of_numbers(len(features.names), features.blocks))
    return (chosen, features.n_samples) if once is None else (chosen[once], len(once))


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
