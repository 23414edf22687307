"""Results of the analysis as frozen dataclasses.

Those with arrays live as long as a run does. The others hold plain numbers, texts and tuples only, so that a
run can freeze them: `to_json` and `from_json` convert them.
"""

from dataclasses import dataclass

import numpy as np

from segmentation.analysis.samples import (
    BoolArray,
    CompressedSamples,
    FeatureMatrix,
    FloatArray,
    GridCells,
    IntArray,
    LabelArray,
    OneHotFeature,
)
from segmentation.analysis.serialization import from_json, to_json
from segmentation.analysis.verdict.evidence import Border, KEvidence, Remark, Verdict

__all__ = [
    "Advice",
    "BoolArray",
    "Border",
    "ClusterDescription",
    "ClusterMatch",
    "ClusterMatching",
    "ClusterProfiles",
    "ClusterScores",
    "Clustering",
    "CompressedSamples",
    "CriterionAnswer",
    "ElbowSweep",
    "FeatureMatrix",
    "FloatArray",
    "GridCells",
    "IntArray",
    "KEvidence",
    "KLimits",
    "LabelArray",
    "NumberProfile",
    "NumberSummary",
    "OneHotFeature",
    "PairPicture",
    "Remark",
    "SweepScores",
    "TextProfile",
    "TextSummary",
    "Verdict",
    "from_json",
    "to_json",
]


@dataclass(frozen=True)
class ElbowSweep:
    """Inertia and centroids for every k of the sweep.

    Attributes
    ----------
    ks : tuple of int
        Both ends included; capped at the number of distinct rows.
    inertias : tuple of float
        Of all samples, in the units of the scaled features squared.
    centroids : tuple of tuple of tuple of float
        For each k its centroids in scaled units.
    exact : bool
        Whether the inertias are those of all samples to rounding.
    n_samples, n_points : int
        Samples, and points they were compressed to.
    n_distinct_capped : int or None
        Number of distinct rows if it capped the sweep, else `None`.
    random_state : int
    """

    ks: tuple[int, ...]
    inertias: tuple[float, ...]
    centroids: tuple[tuple[tuple[float, ...], ...], ...]
    exact: bool
    n_samples: int
    n_points: int
    n_distinct_capped: int | None
    random_state: int

    def centroids_of(self, k: int) -> FloatArray:
        """Return the centroids for k, shape (k, n_features), in scaled units."""
        return np.asarray(self.centroids[self.ks.index(k)], dtype=np.float64)


@dataclass(frozen=True)
class ClusterScores:
    """How well the samples fall into k clusters.

    Silhouette, Davies-Bouldin, Calinski-Harabasz and stability are `None` for k = 1 (and where there are as
    many clusters as samples). `silhouette_error` is the standard error when the silhouette was taken on a
    sample of `silhouette_sample` rows, 0 when it is exact. `stabilities` and `sizes` are in the order of the
    sweep's centroids.
    """

    k: int
    inertia: float
    silhouette: float | None
    silhouette_error: float | None
    silhouette_sample: int
    silhouette_exact: bool
    davies_bouldin: float | None
    calinski_harabasz: float | None
    stability: float | None
    stabilities: tuple[float, ...]
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class SweepScores:
    """Scores for every k of a sweep, one row per k."""

    rows: tuple[ClusterScores, ...]
    n_bootstraps: int

    def of(self, k: int) -> ClusterScores:
        return next(row for row in self.rows if row.k == k)


@dataclass(frozen=True)
class CriterionAnswer:
    """What one criterion says: its k, or `None` when it has no answer, and the value that says so.

    `sentence` is what an earlier release froze in words.
    """

    criterion: str
    k: int | None
    value: float | None = None
    sentence: str = ""


@dataclass(frozen=True)
class KLimits:
    """Limits a team set on the number of segments (both ends included) and on a segment's share."""

    k_min: int | None = None
    k_max: int | None = None
    min_share: float = 0.0


@dataclass(frozen=True)
class Advice:
    """The advice on k.

    Attributes
    ----------
    elbow_k : int or None
        What the elbow of the inertias says.
    k_recommended : int or None
        The number of clear groups; `None` when there is no clear grouping.
    k_fallback : int
        What a run uses if the recommended k was requested and there is nothing to go by.
    answers : tuple of CriterionAnswer
        Every criterion by itself.
    limits : KLimits
    verdict : Verdict or None
        `None` in runs of earlier releases.
    k_useful : int or None
        The number of useful segments.
    reasons, warnings : tuple of Remark
        Why, and what to beware of.
    sentences : tuple of str
        The reasons, as an earlier release froze them in words.
    """

    elbow_k: int | None
    k_recommended: int | None
    k_fallback: int
    answers: tuple[CriterionAnswer, ...]
    limits: KLimits
    verdict: Verdict | None = None
    k_useful: int | None = None
    reasons: tuple[Remark, ...] = ()
    warnings: tuple[Remark, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """The k to use: the recommended one, else the useful one, else the fallback."""
        return self.k_recommended or self.k_useful or self.k_fallback


@dataclass(frozen=True, eq=False)
class Clustering:
    """All samples in k clusters, the largest first.

    Attributes
    ----------
    labels : ndarray of int32 of shape (n_samples,)
        0 is the largest cluster; ties in size go by centroid.
    distances : ndarray of shape (n_samples,)
        Distance to its own centroid, in scaled units.
    margins : ndarray of shape (n_samples,)
        Distance to the second nearest centroid minus `distances`; infinite when k = 1.
    centroids : ndarray of shape (k, n_features)
        In scaled units.
    centroids_original : ndarray of shape (k, n_features)
        Means of the clusters in original units.
    inertia : float
    sizes : tuple of int
    n_iter : int
        Passes over all samples until no label changed.
    explained : tuple of float
        Share of each feature's variance that the clusters explain, 0 to 1.
    origins : tuple of int
        For each cluster the index of the centroid it began from.
    """

    labels: LabelArray
    distances: FloatArray
    margins: FloatArray
    centroids: FloatArray
    centroids_original: FloatArray
    inertia: float
    sizes: tuple[int, ...]
    n_iter: int
    explained: tuple[float, ...]
    origins: tuple[int, ...]

    @property
    def k(self) -> int:
        return len(self.sizes)


@dataclass(frozen=True)
class NumberSummary:
    """One number attribute over one group of customers; all `None` when every value is missing.

    `quantiles` are the minimum, 5 %, 25 %, 50 %, 75 %, 95 % and the maximum.
    """

    count: int
    missing: int
    mean: float | None
    deviation: float | None
    quantiles: tuple[float, ...] | None

    @property
    def median(self) -> float | None:
        return None if self.quantiles is None else self.quantiles[3]

    @property
    def missing_share(self) -> float:
        return self.missing / self.count if self.count else 0.0


@dataclass(frozen=True)
class NumberProfile:
    """One number attribute: everyone, and each cluster (index = label) against everyone.

    `differences` are mean minus everyone's mean in original units, `standard_differences` the same divided by
    everyone's standard deviation; `None` where there is no value. `explained` is the share of the attribute's
    variance that the clusters explain. `bin_edges` has one number more than each row of `bin_counts`.
    `is_log1p` says whether the run took its logarithm, and `log_differences` are those of the logarithms.
    """

    name: str
    is_feature: bool
    everyone: NumberSummary
    clusters: tuple[NumberSummary, ...]
    differences: tuple[float | None, ...]
    standard_differences: tuple[float | None, ...]
    explained: float
    bin_edges: tuple[float, ...]
    bin_counts: tuple[tuple[int, ...], ...]
    is_log1p: bool = False
    log_differences: tuple[float | None, ...] = ()

    def strength(self, label: int) -> float | None:
        """Return the difference to everyone in standard deviations, by the scale that the run used."""
        return (self.log_differences if self.is_log1p else self.standard_differences)[label]


@dataclass(frozen=True)
class TextSummary:
    """One text attribute over one group: its most frequent values with their counts."""

    count: int
    missing: int
    values: tuple[tuple[str, int], ...]
    n_distinct: int

    @property
    def missing_share(self) -> float:
        return self.missing / self.count if self.count else 0.0


@dataclass(frozen=True)
class TextProfile:
    """One text attribute: everyone, and each cluster (index = label).

    `explained` is Cramér's V between the value and the cluster, 0 to 1.
    """

    name: str
    is_feature: bool
    everyone: TextSummary
    clusters: tuple[TextSummary, ...]
    explained: float


@dataclass(frozen=True)
class ClusterDescription:
    """One cluster in words.

    `typical` and `borderline` are rows of the feature matrix: those nearest the centroid, and those whose
    margin is smallest.
    """

    label: int
    size: int
    share: float
    name: str
    sentence: str
    typical: tuple[int, ...]
    borderline: tuple[int, ...]


@dataclass(frozen=True)
class ClusterProfiles:
    """Profiles of all clusters: per attribute the numbers, per cluster the words."""

    numbers: tuple[NumberProfile, ...]
    texts: tuple[TextProfile, ...]
    clusters: tuple[ClusterDescription, ...]


@dataclass(frozen=True)
class ClusterMatch:
    """The living segment a cluster continues, or `None` when it is a new segment.

    `confidence` runs from 0 to 1; `shared` counts customers in both; `by` is `members`, `centroids` or `new`.
    """

    label: int
    segment: int | None
    confidence: float
    shared: int
    by: str


@dataclass(frozen=True)
class ClusterMatching:
    """One match per cluster, in the order of the labels, and the segments nothing continues."""

    matches: tuple[ClusterMatch, ...]
    retired: tuple[int, ...]


@dataclass(frozen=True)
class PairPicture:
    """Two axes of the samples as a picture: the points themselves, or counts on a grid.

    `kind` is `points` (then `xs`, `ys`, `labels` have one entry per sample) or `grid` (then `x_edges` and
    `y_edges` are the edges of cells, and `cells[i] = row * n_columns + column` holds `counts[i]` samples of
    cluster `labels[i]`; row 0 is the lowest y). Samples beyond the edges are counted in `outside` and left
    out of the grid, those without a value on an axis in `missing`. `centroids` are (x, y) per cluster, `None`
    where no sample of it has both values. In original units, unless the axes are principal components
    (`is_components`): then `explained` is the share of the features' variance along each axis. Cells are
    equally wide by value, or by its logarithm on an axis that the run compared so (`x_is_log`, `y_is_log`).
    """

    x_name: str
    y_name: str
    is_components: bool
    kind: str
    labels: tuple[int, ...]
    centroids: tuple[tuple[float, float] | None, ...]
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    x_edges: tuple[float, ...] = ()
    y_edges: tuple[float, ...] = ()
    cells: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    outside: int = 0
    missing: int = 0
    explained: tuple[float, ...] = ()
    x_is_log: bool = False
    y_is_log: bool = False
