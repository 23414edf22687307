"""What else people use to find the number of groups, applied to the same sets with care.

Each method sees standardised columns (texts as 0/1 columns, gaps filled or left out as the set asks) and says
a number of groups; 1 means none. Silhouette and Davies-Bouldin cannot say 1. With arguments, only these
methods are tried.
"""

import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.stats import anderson
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.metrics import davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from bench.truth.answers import FloatArray, IntArray
from bench.truth.customer_sets import CustomerSet, workers
from bench.truth.labelled import read_labelled
from bench.truth.populations.drawing import draw_populations

Method = Callable[[FloatArray, int], int]

GAP_REFERENCES = 10
# Anderson and Darling's statistic, corrected for an estimated mean and variance, at a level of 0.0001.
G_MEANS_LIMIT = 1.8692
FEWEST_TO_SPLIT = 8


# ---- The methods -------------------------------------------------------------------------------------


def highest_silhouette(X: FloatArray, k_max: int) -> int:
    """The k of the highest mean silhouette (Rousseeuw, 1987)."""
    labels = _labels(X, k_max)
    return max(labels, key=lambda k: silhouette_score(X, labels[k]), default=1)


def lowest_davies_bouldin(X: FloatArray, k_max: int) -> int:
    """The k of the lowest index (Davies and Bouldin, 1979)."""
    labels = _labels(X, k_max)
    return min(labels, key=lambda k: davies_bouldin_score(X, labels[k]), default=1)


def _labels(X: FloatArray, k_max: int) -> dict[int, IntArray]:
    ks = range(2, min(k_max, len(np.unique(X, axis=0)) - 1) + 1)
    return {k: KMeans(k, n_init=10, random_state=0).fit(X).labels_ for k in ks}


def gap_statistic(X: FloatArray, k_max: int) -> int:
    """The first k within one standard error of the next gap (Tibshirani, Walther and Hastie, 2001).

    References are even in the box along the principal axes.
    """
    rng = np.random.default_rng(0)
    ks = range(1, min(k_max + 1, len(np.unique(X, axis=0)) - 1) + 1)
    axes = PCA().fit(X)
    turned = axes.transform(X)
    low, high = turned.min(axis=0), turned.max(axis=0)
    boxes = [axes.inverse_transform(rng.uniform(low, high, turned.shape)) for _ in range(GAP_REFERENCES)]
    references = np.array([_log_inertias(box, ks) for box in boxes])
    gaps = references.mean(axis=0) - _log_inertias(X, ks, n_init=10)
    errors = references.std(axis=0) * np.sqrt(1 + 1 / GAP_REFERENCES)
    enough = np.flatnonzero(gaps[:-1] >= gaps[1:] - errors[1:])
    return int(ks[enough[0]]) if len(enough) else max(1, len(ks) - 1)


def _log_inertias(X: FloatArray, ks: Iterable[int], n_init: int = 1) -> FloatArray:
    inertias = [KMeans(k, n_init=n_init, random_state=0).fit(X).inertia_ for k in ks]
    return np.log(np.maximum(inertias, np.finfo(np.float64).tiny))


def g_means(X: FloatArray, k_max: int) -> int:
    """Split clusters that are not normal on the line between their halves (Hamerly and Elkan, 2003)."""
    centers = X.mean(axis=0, keepdims=True)
    while len(centers) <= 2 * k_max:
        fit = KMeans(len(centers), init=centers, n_init=1).fit(X)
        members = [X[fit.labels_ == label] for label in range(len(centers))]
        split = [_split(each, center) for each, center in zip(members, fit.cluster_centers_, strict=True)]
        if all(len(each) == 1 for each in split):
            break
        centers = np.vstack(split)
    return len(centers)


def _split(X: FloatArray, center: FloatArray) -> FloatArray:
    """Return two centres for a cluster that is not normal, else its own."""
    if len(np.unique(X, axis=0)) < FEWEST_TO_SPLIT:
        return center[None]
    halves = KMeans(2, n_init=5, random_state=0).fit(X).cluster_centers_
    projected = X @ (halves[0] - halves[1])
    n = len(projected)
    statistic = anderson(projected, "norm", method="interpolate").statistic * (1 + 4 / n - 25 / n**2)
    return np.asarray(halves if statistic > G_MEANS_LIMIT else center[None])


def hdbscan(X: FloatArray, _k_max: int) -> int:
    """The clusters that last longest over densities (Campello et al., 2013), of 2 % of customers or more."""
    smallest = max(5, len(X) // 50)
    if len(X) < smallest:
        return 1
    return max(1, int(HDBSCAN(min_cluster_size=smallest, copy=True).fit(X).labels_.max()) + 1)


def mixture_bic(X: FloatArray, k_max: int) -> int:
    """The number of Gaussians, each with its own covariance, of the lowest BIC (Fraley and Raftery, 2002)."""
    ks = range(1, min(k_max, len(X) // (X.shape[1] + 1)) + 1)
    fits = {k: GaussianMixture(k, n_init=2, random_state=0, reg_covar=1e-4).fit(X) for k in ks}
    return min(fits, key=lambda k: fits[k].bic(X), default=1)


METHODS: dict[str, Method] = {
    "silhouette": highest_silhouette,
    "Davies-Bouldin": lowest_davies_bouldin,
    "gap statistic": gap_statistic,
    "G-means": g_means,
    "HDBSCAN": hdbscan,
    "mixture, BIC": mixture_bic,
}


# ---- The report --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A method to try on a set."""

    method: str
    customers: CustomerSet


@dataclass(frozen=True)
class Tried:
    """What one method said about one set, and in how many seconds of one processor."""

    customers: CustomerSet
    k: int
    seconds: float


def main(*chosen: str) -> int:
    """Print for each method how often it was right; peers have no bar to meet."""
    unknown = set(chosen) - set(METHODS)
    if unknown:
        print(f"There is no method {', '.join(sorted(unknown))}; there are: {', '.join(METHODS)}.")
        return 2
    sets = [*read_labelled(), *draw_populations()]
    n_labelled = sum(each.k is not None for each in sets)
    print(f"Peers on {n_labelled} labelled sets and {len(sets) - n_labelled} sets of one population")
    print(f"  {'method':<16}{'right k':>12}{'false groups':>15}{'seconds':>10}")
    with workers() as map_in_order:
        for method in chosen or METHODS:
            _report(method, list(map_in_order(try_method, [Task(method, each) for each in sets])))
    return 0


def _report(method: str, tried: list[Tried]) -> None:
    groups = [each for each in tried if each.customers.k is not None]
    crowds = [each for each in tried if each.customers.k is None]
    right = f"{sum(each.customers.is_right(each.k) for each in groups)} of {len(groups)}"
    fooled = f"{sum(each.k >= 2 for each in crowds)} of {len(crowds)}"
    seconds = sum(each.seconds for each in tried)
    print(f"  {method:<16}{right:>12}{fooled:>15}{seconds:>10.0f}", flush=True)


def try_method(task: Task) -> Tried:
    X = _standardised(task.customers)
    started = time.process_time()
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        # Clusters without customers, or a mixture that has not settled: the answer counts all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        k = METHODS[task.method](X, task.customers.k_max)
    return Tried(task.customers, k, time.process_time() - started)


def _standardised(customers: CustomerSet) -> FloatArray:
    encoder = OneHotEncoder(sparse_output=False)
    texts = [encoder.fit_transform(np.array(text.values)[:, None]) for text in customers.texts]
    values = np.column_stack([customers.values, *texts])
    if customers.missing == "median":
        values = SimpleImputer(strategy="median").fit_transform(values)
    complete = values[~np.isnan(values).any(axis=1)]
    return np.asarray(StandardScaler().fit_transform(complete))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
