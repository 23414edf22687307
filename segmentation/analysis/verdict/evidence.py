"""What speaks for or against groups at each k, and the verdict; plain values that a run can freeze."""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["clear", "useful", "nothing"]
# `clear`: every border is a valley. `nearly`: most are, none runs through a crowd. `crowd`: one does.
BorderLevel = Literal["clear", "nearly", "crowd", "unknown"]


@dataclass(frozen=True)
class Remark:
    """Something to be said, as a code with its values: worded when it is read, in the reader's language."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Border:
    """Between two neighbouring clusters, what the density does on the way from one to the other.

    Attributes
    ----------
    first, second : int
        Labels of the clusters in the sweep.
    depth : float
        Density in the deepest valley on the line between the centroids over the lower of the two peaks beside
        it: 1 where there is no valley, 0 where nobody stands.
    deviations : float
        By how many standard errors of the density the valley lies below the lower peak.
    position : float
        Where the valley lies on the line: 0 at the first centroid, 1 at the second.
    saddle : float or None
        The density at the best pass from one peak to the other in the plane of the line and the widest other
        direction, over the lower peak; `None` where the line has settled it.
    feature : int
        Index of the feature along which the two centroids differ most.
    """

    first: int
    second: int
    depth: float
    deviations: float
    position: float
    saddle: float | None
    feature: int

    @property
    def worst(self) -> float:
        return self.depth if self.saddle is None else max(self.depth, self.saddle)


@dataclass(frozen=True)
class KEvidence:
    """What speaks for or against k groups.

    Attributes
    ----------
    k : int
    smallest : int
        Customers in the smallest cluster.
    silhouette : float
    level : str
        What the borders say: see `BorderLevel`.
    worst : Border or None
        The border with the least valley.
    stabilities : tuple of float
        Mean Jaccard similarity of each cluster in thorough refits; empty where nothing hung on it.
    stability : float or None
        The lowest of them.
    steadiness : float or None
        The same as a mean over customers: the share of them who come back together.
    reference : float or None
        Silhouette that 95 % of draws from one population with these very columns stay below.
    reference_median, reference_deviation : float or None
        Of the same draws.
    rejected : str
        Why these are no clear groups: `few`, `crowd`, `small`, `filled`, `unstable`, `chance`,
        `left-out`, `misplaced`; empty if they are.
    """

    k: int
    smallest: int
    silhouette: float
    level: BorderLevel = "unknown"
    worst: Border | None = None
    stability: float | None = None
    stabilities: tuple[float, ...] = ()
    steadiness: float | None = None
    reference: float | None = None
    reference_median: float | None = None
    reference_deviation: float | None = None
    rejected: str = ""


@dataclass(frozen=True)
class Verdict:
    """The answer of the analysis to "are there groups, and how many?".

    Attributes
    ----------
    kind : {"clear", "useful", "nothing"}
    k_recommended : int or None
        The number of clear groups.
    k_useful : int or None
        The number of useful segments: stable cuts through a continuum.
    evidence : tuple of KEvidence
        One for each k from 2.
    better_k : int or None
        Another k that is a little better, where the k in force was kept.
    k_unlimited : int or None
        The number of clear groups without the team's limits, where that is another.
    """

    kind: Kind
    k_recommended: int | None
    k_useful: int | None
    evidence: tuple[KEvidence, ...] = ()
    better_k: int | None = None
    k_unlimited: int | None = None

    @property
    def is_touching(self) -> bool:
        """Whether the groups recommended touch: most borders are valleys, not all."""
        row = None if self.k_recommended is None else self.of(self.k_recommended)
        return row is not None and row.level == "nearly"

    def of(self, k: int) -> KEvidence | None:
        return next((row for row in self.evidence if row.k == k), None)
