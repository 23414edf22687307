"""What to beware of in a result, as codes with values."""

import numpy as np

from segmentation.analysis.kmeans.hashing import sample_rows
from segmentation.analysis.results import (
    Advice,
    BoolArray,
    Clustering,
    FeatureMatrix,
    FloatArray,
    IntArray,
    LabelArray,
    Remark,
)
from segmentation.analysis.samples import columns_of_numbers
from segmentation.analysis.verdict.borders import has_gap
from segmentation.analysis.verdict.decision import hardly_different
from segmentation.analysis.verdict.dependence import one_of_each
from segmentation.analysis.verdict.filled import misplaced_share

MANY_LEFT_OUT = 0.05
FEW_CUSTOMERS = 100
# Segments repeat a column whose values tell the segment and are told by it: both shares of information.
REPEATED = 0.95
REPEATED_VALUES = 30
# A group several times as long as wide is cut by k-means, which looks for round ones.
LONG = 4.0
# One customer with this share of a feature's sum, where there are not few of them.
CONCENTRATED = 0.2
SAMPLE = 20_000
# A gap in a column is hidden where the segments tell less than this share of its variance.
HIDDEN, GAP_SAMPLE = 0.5, 2_000


def find_warnings(
    features: FeatureMatrix, advice: Advice, clustering: Clustering, *, sweep_labels: tuple[int, ...] = ()
) -> tuple[Remark, ...]:
    """Return what to beware of in these clusters.

    Parameters
    ----------
    features : FeatureMatrix
    advice : Advice
    clustering : Clustering
    sweep_labels : tuple of int
        For each cluster its label in the sweep, where it began there.
    """
    chosen = sample_rows(features.X, SAMPLE)
    labels = clustering.labels[chosen]
    found = [
        *_about_customers(features),
        *_filled_in(features, chosen, clustering),
        *_copies(features.values[chosen], columns_of_numbers(len(features.names), features.blocks)),
        *_concentrated(features),
        *_hardly_different(features),
        *_repeated_columns(features, features.values[chosen], labels, clustering.k),
        *_hidden_gaps(features, features.X[chosen], labels),
        *_crowd(features, advice, clustering.k, sweep_labels),
        *_long_groups(features.X[chosen], labels, advice, clustering.k),
    ]
    return (*advice.warnings, *found)


def _about_customers(features: FeatureMatrix) -> list[Remark]:
    remarks = []
    n, n_rows = features.n_samples, len(features.kept)
    if n < FEW_CUSTOMERS:
        remarks.append(Remark("few-customers", {"count": n}))
    if features.left_out > MANY_LEFT_OUT * n_rows:
        worst = int(np.argmax(features.missing))
        values = {"count": features.left_out, "of": n_rows, "feature": _attribute(features, worst)}
        remarks.append(Remark("many-left-out", values))
    if len(features.exceptions):
        shares = dict(zip(features.names, features.exception_shares, strict=True))
        values = {"count": len(features.exceptions), "set_aside": features.set_aside > 0, "shares": shares}
        remarks.append(Remark("exceptions", values))
    return remarks


def _filled_in(features: FeatureMatrix, chosen: IntArray, clustering: Clustering) -> list[Remark]:
    if features.filled_in is None:
        return []
    count = int(features.filled_in.any(axis=1).sum())
    if count <= MANY_LEFT_OUT * features.n_samples:
        return []
    share = misplaced_share(features.X[chosen], features.filled_in[chosen], clustering.centroids)
    return [Remark("filled-in", {"count": count, "of": features.n_samples, "misplaced": share})]


def _copies(values: FloatArray, numbers: list[int]) -> list[Remark]:
    once = one_of_each(values, numbers)
    return [] if once is None else [Remark("copies", {"count": len(once), "of": len(values)})]


def _concentrated(features: FeatureMatrix) -> list[Remark]:
    """Name the features of which one customer has much: a logarithm hides him, but no average does."""
    remarks = []
    for column in columns_of_numbers(len(features.names), features.blocks):
        amounts = np.abs(features.values[:, column])
        largest, total = int(amounts.argmax()), float(amounts.sum())
        share = float(amounts[largest]) / total if total > 0 else 0.0
        if features.n_samples >= FEW_CUSTOMERS and share >= CONCENTRATED:
            value = float(features.values[largest, column])
            values = {"feature": features.names[column], "share": share, "value": value}
            remarks.append(Remark("concentrated", values))
    return remarks


def _hardly_different(features: FeatureMatrix) -> list[Remark]:
    names = hardly_different(features)
    return [Remark("hardly-different", {"features": names})] if names else []


def _repeated_columns(
    features: FeatureMatrix, values: FloatArray, labels: LabelArray, k: int
) -> list[Remark]:
    """Find the columns of few values, or texts, that say the same as the segments."""
    numbers = columns_of_numbers(len(features.names), features.blocks)
    for block in (*([column] for column in numbers), *map(list, features.blocks)):
        codes = _codes(values[:, block])
        if codes is not None and k > 1 and _shared_information(codes, labels) >= REPEATED:
            return [Remark("repeats-a-column", {"feature": _attribute(features, block[0])})]
    return []


def _hidden_gaps(features: FeatureMatrix, X: FloatArray, labels: LabelArray) -> list[Remark]:
    """Name the features with a gap of their own that the segments do not follow: others hide it."""
    X, labels = X[:GAP_SAMPLE], labels[:GAP_SAMPLE]
    names = [
        features.names[column]
        for column in columns_of_numbers(len(features.names), features.blocks)
        if _told(X[:, column], labels) < HIDDEN and has_gap(X[:, column])
    ]
    return [Remark("hidden-gaps", {"features": names})] if names else []


def _told(column: FloatArray, labels: LabelArray) -> float:
    """Return the share of a column's variance that lies between the segments."""
    counts = np.bincount(labels)
    means = np.bincount(labels, column) / np.maximum(counts, 1)
    return float(np.var(means[labels]) / max(float(np.var(column)), 1e-300))


def _attribute(features: FeatureMatrix, column: int) -> str:
    """Return the name of the attribute that a column tells: a text has a column for each of its values."""
    is_of_text = any(column in block for block in features.blocks)
    return features.names[column].split(": ")[0] if is_of_text else features.names[column]


def _codes(values: FloatArray) -> LabelArray | None:
    """Return which of few values each row has, or which part of a point mass and the rest it is in."""
    distinct, codes, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    if len(distinct) <= REPEATED_VALUES:
        return np.asarray(codes.ravel(), dtype=np.int32)
    heaviest = int(counts.argmax())
    if counts[heaviest] < 0.1 * len(values):
        return None
    return np.asarray(codes.ravel() == heaviest, dtype=np.int32)


def _shared_information(ours: LabelArray, theirs: LabelArray) -> float:
    """Return the mutual information over the larger of both entropies, 0 to 1."""
    table = np.zeros((ours.max() + 1, theirs.max() + 1))
    np.add.at(table, (ours, theirs), 1)
    shares = table / table.sum()
    entropies = [_entropy(shares.sum(axis=axis)) for axis in (0, 1)]
    if min(entropies) == 0:
        return 0.0
    return (sum(entropies) - _entropy(shares.ravel())) / max(entropies)


def _entropy(shares: FloatArray) -> float:
    some = shares[shares > 0]
    return float(-(some @ np.log(some)))


def _crowd(features: FeatureMatrix, advice: Advice, k: int, sweep_labels: tuple[int, ...]) -> list[Remark]:
    """Name the border that runs through a crowd, as numbers of segments."""
    evidence = advice.verdict.of(k) if advice.verdict is not None else None
    if evidence is None or evidence.worst is None or evidence.level != "crowd":
        return []
    border = evidence.worst
    numbers = {label: number for number, label in enumerate(sweep_labels, start=1)}
    if border.first not in numbers or border.second not in numbers:
        return []
    pair = sorted((numbers[border.first], numbers[border.second]))
    values = {"segments": pair, "feature": _attribute(features, border.feature), "depth": border.worst}
    return [Remark("border-through-a-crowd", values)]


def _long_groups(X: FloatArray, labels: LabelArray, advice: Advice, k: int) -> list[Remark]:
    """Tell clear groups that are much longer than wide."""
    if k != advice.k_recommended or X.shape[1] < 2:
        return []
    long = [number for number in range(1, k + 1) if _length(X, labels == number - 1) >= LONG]
    return [Remark("not-round", {"segments": long})] if long else []


def _length(X: FloatArray, members: BoolArray) -> float:
    """Return how many times as long as in its second direction a group is in its longest."""
    if np.count_nonzero(members) < 3 * X.shape[1]:
        return 1.0
    spreads = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(X[members].T)), 0.0))
    return float(spreads[-1] / max(spreads[-2], 1e-12 * spreads[-1], 1e-300))
