"""One population with these very columns: customers without groups that are otherwise like the real ones."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from segmentation.analysis.kmeans.nearest import assign
from segmentation.analysis.kmeans.search import search_optima
from segmentation.analysis.results import BoolArray, FloatArray
from segmentation.analysis.samples import columns_of_numbers
from segmentation.analysis.scores.silhouette import mean_silhouettes
from segmentation.analysis.verdict.filled import fillings
from segmentation.analysis.verdict.margins import Margin, unimodal_margin

DRAWS = 12
# A draw with a cluster of fewer than three customers or this share has found exceptions, not groups.
SMALLEST, SMALLEST_SHARE = 3, 0.005
# Latent correlations that are tried, and terms of the series that says what each would show.
LATENT = np.linspace(-0.99, 0.99, 199)
TERMS = 30


class OnePopulation:
    """Draws customers without groups whose columns are like those given.

    The columns are as skewed, heavy-tailed, discrete and correlated as the real ones (a Gaussian copula whose
    margins are made unimodal), their missing values are filled in for the same customers at a time, and texts
    are drawn whole, independent of the numbers.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    filled_in : ndarray of bool of shape (n_samples, n_features) or None
        Which entries were missing and got a value.
    blocks : sequence of sequence of int
        Columns that are one text each.

    References
    ----------
    Nelsen, "An introduction to copulas", 2006.
    """

    def __init__(
        self, X: FloatArray, *, filled_in: BoolArray | None = None, blocks: Sequence[Sequence[int]] = ()
    ) -> None:
        self._X = X
        self._filled_in = filled_in
        self._fillings = fillings(X, filled_in)
        self._blocks = [list(block) for block in blocks]
        self._columns = columns_of_numbers(X.shape[1], self._blocks)
        self._margins = [self._margin(column) for column in self._columns]
        self._mixing = _mixing(X[:, self._columns])

    def _margin(self, column: int) -> Margin:
        values = self._X[:, column]
        if self._filled_in is not None and not self._filled_in[:, column].all():
            values = values[~self._filled_in[:, column]]
        return unimodal_margin(values)

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n customers, shape (n, n_features)."""
        drawn = np.zeros((n, self._X.shape[1]))
        scores = rng.normal(size=(n, len(self._columns))) @ self._mixing
        for column, margin, score in zip(self._columns, self._margins, scores.T, strict=True):
            drawn[:, column] = margin.at(ndtr(score))
        if self._filled_in is not None:
            _fill_in(drawn, self._filled_in[rng.integers(0, len(self._X), n)], self._fillings)
        for block in self._blocks:
            drawn[:, block] = self._X[rng.integers(0, len(self._X), n)][:, block]
        return drawn


def _fill_in(drawn: FloatArray, gaps: BoolArray, fillings: FloatArray) -> None:
    for column in np.flatnonzero(~np.isnan(fillings)):
        drawn[gaps[:, column], column] = fillings[column]


def _mixing(X: FloatArray) -> FloatArray:
    """Return what gives independent normal scores the correlations of the columns beneath their ties."""
    if X.shape[1] == 0:
        return np.zeros((0, 0))
    strengths, axes = np.linalg.eigh(latent_correlations(X))
    mixing = (axes * np.sqrt(np.maximum(strengths, 0.0))).T
    lengths = np.sqrt((mixing**2).sum(axis=0))
    return np.asarray(mixing / np.where(lengths > 0, lengths, 1.0))


def latent_correlations(X: FloatArray) -> FloatArray:
    """Return the correlations of the normal variables that the columns are cut from, (n_features,) squared.

    A column of few values shows less of its correlation than was there before it was cut: yes and no that
    follow a number by 0.8 correlate with it by 0.64. Each column is a function of its normal variable, known
    from its ties; for two such functions, what correlation they show is known for every latent one (a power
    series), and read backwards. Without ties that changes nothing; of yes and no it is the tetrachoric
    correlation, of a number beside yes and no the biserial one.

    References
    ----------
    Olsson, Drasgow and Dorans, "The polyserial correlation coefficient", 1982, for what ties hide. Kendall,
    "Proof of relations connected with the tetrachoric series", 1941, for the series.
    """
    n, n_columns = X.shape
    normal = ndtri((np.arange(n) + 0.5) / n)
    ranks = np.column_stack([rankdata(column) for column in X.T])
    scores = ndtri((ranks - 0.5) / n)
    scores -= scores.mean(axis=0)
    deviations = scores.std(axis=0)
    scores /= np.where(deviations > 0, deviations, 1.0)
    shown = scores.T @ scores / n
    series = _hermite(normal).T @ np.sort(scores, axis=0) / n
    tied = [len(np.unique(column)) < n for column in ranks.T]
    powers = LATENT[:, None] ** np.arange(1, TERMS + 1)
    correlations = shown.copy()
    for first, second in combinations(range(n_columns), 2):
        if tied[first] or tied[second]:
            seen = powers @ (series[:, first] * series[:, second])
            # What noise has left beyond the strongest is the strongest.
            found = np.interp(shown[first, second], np.maximum.accumulate(seen), LATENT)
            correlations[first, second] = correlations[second, first] = found
    np.fill_diagonal(correlations, 1.0)
    return np.asarray(correlations)


def _hermite(normal: FloatArray) -> FloatArray:
    """Return Hermite polynomials of degree 1 to TERMS with a mean square of 1, shape (n, TERMS)."""
    found = [np.ones(len(normal)), normal]
    for degree in range(2, TERMS + 1):
        found.append((normal * found[-1] - np.sqrt(degree - 1) * found[-2]) / np.sqrt(degree))
    return np.column_stack(found[1:])


def population_silhouettes(
    population: OnePopulation, n: int, k: int, rng: np.random.Generator, *, draws: int = DRAWS
) -> FloatArray:
    """Return the silhouettes that k clusters reach on draws from the population, one for each valid draw.

    Parameters
    ----------
    population : OnePopulation
    n : int
        Customers in a draw.
    k : int
    rng : Generator
    draws : int
    """
    found = []
    weights = np.ones(n)
    for _ in range(draws):
        drawn = population.draw(n, rng)
        if len(np.unique(drawn, axis=0)) <= k:
            continue
        optima = search_optima(drawn, weights, range(1, k + 1), rng, n_starts=8, keep=2, rounds=0)
        labels = assign(drawn, optima[k].centroids[0])
        if np.bincount(labels, minlength=k).min() >= max(SMALLEST, SMALLEST_SHARE * n):
            (silhouette,) = mean_silhouettes(drawn, weights, [labels])
            found.append(0.0 if silhouette is None else silhouette.mean)
    return np.array(found)
