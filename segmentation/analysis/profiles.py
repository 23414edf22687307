"""What is in each cluster, attribute by attribute, against everyone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from segmentation.analysis.results import (
    BoolArray,
    ClusterDescription,
    Clustering,
    ClusterProfiles,
    FeatureMatrix,
    FloatArray,
    IntArray,
    LabelArray,
    NumberProfile,
    NumberSummary,
    TextProfile,
    TextSummary,
)
from segmentation.analysis.words.naming import describe, propose_names

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
N_BINS = 24
N_FREQUENT = 8
N_EXAMPLES = 5
CHUNK = 1 << 18
# Sums of squares of larger values would leave the range of a float.
LARGE = 1e100


def profile_clusters(
    clustering: Clustering,
    features: FeatureMatrix,
    *,
    numbers: Iterable[tuple[str, FloatArray]] = (),
    texts: Iterable[tuple[str, Sequence[str | None]]] = (),
) -> ClusterProfiles:
    """Profile every cluster in every attribute, features or not.

    Parameters
    ----------
    clustering : Clustering
    features : FeatureMatrix
        Features that are not among `numbers` are profiled from here.
    numbers : iterable of (str, ndarray of shape (n_samples,))
        Number attributes of the customers that take part, in original units, NaN for missing. Taken one at a
        time, so that a generator keeps memory small.
    texts : iterable of (str, sequence of (str or None) of length n_samples)
        Text attributes; `None` and "" mean missing.
    """
    k, labels = clustering.k, clustering.labels
    columns = dict(zip(features.names, features.values.T, strict=True))

    def profile(name: str, values: FloatArray) -> NumberProfile:
        is_feature, is_log1p = name in columns, name in features.log1p
        return profile_number(name, values, labels, k, is_feature=is_feature, is_log1p=is_log1p)

    profiled = [profile(name, values) for name, values in numbers]
    given = {each.name for each in profiled}
    own = [profile(name, values) for name, values in columns.items() if name not in given]
    number_profiles = own + profiled
    text_profiles = tuple(
        profile_text(name, values, labels, k, is_feature=_is_one_hot(name, features))
        for name, values in texts
    )
    by_name = {each.name: each for each in number_profiles}
    ordered = [by_name.pop(name) for name in features.names]
    ordered += by_name.values()
    return ClusterProfiles(
        numbers=tuple(number_profiles),
        texts=text_profiles,
        clusters=_descriptions(clustering, ordered, text_profiles),
    )


def _is_one_hot(name: str, features: FeatureMatrix) -> bool:
    return any(feature.startswith(f"{name}: ") for feature in features.names)


def _descriptions(
    clustering: Clustering, numbers: Sequence[NumberProfile], texts: Sequence[TextProfile]
) -> tuple[ClusterDescription, ...]:
    names = propose_names(numbers, clustering.k, texts)
    total = len(clustering.labels)
    return tuple(
        ClusterDescription(
            label=label,
            size=size,
            share=size / total,
            name=names[label],
            sentence=describe(numbers, label, texts),
            typical=_lowest(clustering.distances, clustering.labels == label),
            borderline=_lowest(clustering.margins, clustering.labels == label) if clustering.k > 1 else (),
        )
        for label, size in enumerate(clustering.sizes)
    )


def _lowest(values: FloatArray, members: BoolArray) -> tuple[int, ...]:
    """Return the rows of the members with the lowest values, lowest first."""
    rows = np.flatnonzero(members)
    if len(rows) > N_EXAMPLES:
        rows = rows[np.argpartition(values[rows], N_EXAMPLES)[:N_EXAMPLES]]
    return tuple(int(row) for row in rows[np.argsort(values[rows], kind="stable")])


def profile_number(
    name: str,
    values: FloatArray,
    labels: LabelArray,
    n_clusters: int,
    *,
    is_feature: bool = False,
    is_log1p: bool = False,
) -> NumberProfile:
    """Profile one number attribute.

    Parameters
    ----------
    name : str
    values : ndarray of shape (n_samples,)
        In original units, NaN for missing.
    labels : ndarray of int of shape (n_samples,)
    n_clusters : int
    is_feature, is_log1p : bool
        Whether the run used it, and its logarithm.
    """
    values = np.asarray(values, dtype=np.float64)
    everyone = _summary(values)
    # One cluster after the other needs less memory than sorting all of them.
    clusters = tuple(_summary(values[labels == label]) for label in range(n_clusters))
    edges, counts = _histogram(values, labels, n_clusters)
    differences = tuple(_difference(cluster, everyone) for cluster in clusters)
    return NumberProfile(
        name=name,
        is_feature=is_feature,
        everyone=everyone,
        clusters=clusters,
        differences=differences,
        standard_differences=tuple(_standardised(each, everyone) for each in differences),
        explained=_explained(clusters, everyone),
        bin_edges=edges,
        bin_counts=counts,
        is_log1p=is_log1p,
        log_differences=_log_differences(values, labels, n_clusters) if is_log1p else (),
    )


def _log_differences(values: FloatArray, labels: LabelArray, n_clusters: int) -> tuple[float | None, ...]:
    """Return how far the mean of log(1 + value) is from everyone's, in standard deviations."""
    present = np.isfinite(values)
    logarithms, labels = np.log1p(values[present]), labels[present]
    if not len(logarithms) or not logarithms.std():
        return (None,) * n_clusters
    sizes = np.bincount(labels, minlength=n_clusters)
    sums = np.bincount(labels, weights=logarithms, minlength=n_clusters)
    differences = (sums / np.maximum(sizes, 1) - logarithms.mean()) / logarithms.std()
    return tuple(
        value if size else None for value, size in zip(differences.tolist(), sizes.tolist(), strict=True)
    )


def _summary(values: FloatArray) -> NumberSummary:
    present = np.sort(values[np.isfinite(values)])
    missing = len(values) - len(present)
    if not len(present):
        return NumberSummary(len(values), missing, None, None, None)
    factor = float(max(abs(present[0]), abs(present[-1]))) if _is_large(present) else 1.0
    present /= factor
    quantiles = _quantiles_of_sorted(present)
    mean = float(present.mean())
    present -= mean
    return NumberSummary(
        count=len(values),
        missing=missing,
        mean=mean * factor,
        deviation=float(np.sqrt(present @ present / len(present))) * factor,
        quantiles=tuple(float(quantile) * factor for quantile in quantiles),
    )


def _quantiles_of_sorted(values: FloatArray) -> FloatArray:
    """Return the quantiles, interpolated as `np.quantile` does."""
    positions = np.array(QUANTILES) * (len(values) - 1)
    below = np.floor(positions).astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    return np.asarray(values[below] + (positions - below) * (values[above] - values[below]))


def _is_large(values: FloatArray) -> bool:
    return bool(max(abs(values.min()), abs(values.max())) > LARGE)


def _difference(cluster: NumberSummary, everyone: NumberSummary) -> float | None:
    if cluster.mean is None or everyone.mean is None:
        return None
    return cluster.mean - everyone.mean


def _standardised(difference: float | None, everyone: NumberSummary) -> float | None:
    if difference is None or not everyone.deviation:
        return None
    return difference / everyone.deviation


def _explained(clusters: Sequence[NumberSummary], everyone: NumberSummary) -> float:
    """Return the share of the variance between the clusters' means (eta squared)."""
    present = everyone.count - everyone.missing
    if not everyone.deviation or not present:
        return 0.0
    between = 0.0
    for cluster in clusters:
        standardised = _standardised(_difference(cluster, everyone), everyone)
        between += (cluster.count - cluster.missing) * (standardised or 0.0) ** 2
    return min(between / present, 1.0)


def _histogram(
    values: FloatArray, labels: LabelArray, n_clusters: int
) -> tuple[tuple[float, ...], tuple[tuple[int, ...], ...]]:
    """Return bin edges and counts per cluster; what lies beyond the edges counts in the end bins."""
    present = np.isfinite(values)
    if not present.all():
        values, labels = values[present], labels[present]
    if not len(values) or values.min() == values.max() or _is_large(values):
        return (), ()
    low, high = _extent(values)
    n_bins = _n_bins(values, low, high)
    counts = np.zeros(n_clusters * n_bins, dtype=np.int64)
    for begin in range(0, len(values), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        shares = (np.clip(values[chunk], low, high) - low) / (high - low)
        bins = np.minimum(shares * n_bins, n_bins - 1).astype(np.int64)
        counts += np.bincount(labels[chunk] * n_bins + bins, minlength=len(counts))
    edges = np.linspace(low, high, n_bins + 1)
    rows = counts.reshape(n_clusters, n_bins).tolist()
    return tuple(map(float, edges)), tuple(map(tuple, rows))


def _extent(values: FloatArray) -> tuple[float, float]:
    """Return the range to draw: all values, or without the tails where these would take most of the room."""
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = np.quantile(values, (0.01, 0.99))
    if inner_high > inner_low and high - low > 3 * (inner_high - inner_low):
        return float(inner_low), float(inner_high)
    return low, high


def _n_bins(values: FloatArray, low: float, high: float) -> int:
    """Return the number of bins: few whole numbers get a bin each, so that all are equally wide."""
    if high - low < N_BINS and bool(np.all(values == np.rint(values))):
        return max(int(high - low), 1)
    return N_BINS


def profile_text(
    name: str, values: Sequence[str | None], labels: LabelArray, n_clusters: int, *, is_feature: bool = False
) -> TextProfile:
    """Profile one text attribute.

    Parameters
    ----------
    name : str
    values : sequence of (str or None) of length n_samples
        `None` and "" mean missing.
    labels : ndarray of int of shape (n_samples,)
    n_clusters : int
    is_feature : bool
    """
    numbering: defaultdict[str, int] = defaultdict()
    numbering.default_factory = numbering.__len__
    codes = np.fromiter((numbering[value] if value else -1 for value in values), dtype=np.int64)
    categories = list(numbering)
    pairs = labels * np.int64(len(categories) + 1) + codes + 1
    table = np.bincount(pairs, minlength=n_clusters * (len(categories) + 1)).reshape(n_clusters, -1)
    return TextProfile(
        name=name,
        is_feature=is_feature,
        everyone=_text_summary(table.sum(axis=0), categories),
        clusters=tuple(_text_summary(row, categories) for row in table),
        explained=_cramers_v(table[:, 1:]),
    )


def _text_summary(counts: IntArray, categories: Sequence[str]) -> TextSummary:
    """Return the frequent values; `counts` begins with the missing ones."""
    found = np.flatnonzero(counts[1:])
    top = found[np.argsort(-counts[1:][found], kind="stable")][: 4 * N_FREQUENT]
    ranked = sorted(
        ((categories[index], int(counts[1 + index])) for index in top), key=lambda each: (-each[1], each[0])
    )
    return TextSummary(int(counts.sum()), int(counts[0]), tuple(ranked[:N_FREQUENT]), len(found))


def _cramers_v(table: IntArray) -> float:
    """Return Cramér's V of a table of clusters by values (Cramér 1946)."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0] if table.size else table
    if min(table.shape, default=0) < 2:
        return 0.0
    total = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    chi_squared = ((table - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi_squared / (total * (min(table.shape) - 1))))
