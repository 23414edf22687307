"""What the product answers about some customers: the one place where the benchmark meets the analysis."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from segmentation.analysis.errors import AnalysisError
from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.preparation.logarithms import propose_log1p
from segmentation.analysis.preparation.texts import one_hot
from segmentation.analysis.results import Advice, Clustering, FeatureMatrix
from segmentation.analysis.verdict.candidates import Trying, find_candidates

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Verdict = Literal["clear", "useful", "nothing"]


@dataclass(frozen=True)
class TextColumn:
    """One text attribute as a feature: a value per customer, "" or `None` for missing."""

    name: str
    values: Sequence[str | None]


@dataclass(frozen=True, eq=False)
class Answer:
    """The verdict on some customers.

    Attributes
    ----------
    verdict : {"clear", "useful", "nothing"}
    k_recommended, k_useful : int or None
        The number of clear groups; the number of segments worth using where no groups are clear.
    labels : ndarray of int of shape (n_rows,)
        The clusters at the k that a run would use, -1 for customers who take no part.
    seconds : float
        Of one processor.
    """

    verdict: Verdict
    k_recommended: int | None
    k_useful: int | None
    labels: IntArray
    seconds: float

    @property
    def k(self) -> int | None:
        """The k that the verdict speaks of, `None` for “nothing”."""
        return self.k_useful if self.k_recommended is None else self.k_recommended

    @property
    def said(self) -> tuple[str, int | None]:
        """What a reader remembers of the answer; equal for equal answers."""
        return self.verdict, self.k


def answer(
    values: FloatArray,
    *,
    names: Sequence[str] = (),
    texts: Sequence[TextColumn] = (),
    missing: str = "leave-out",
    scaling: str = "standard",
    log1p: str | Sequence[str] = "auto",
    k: int | None = None,
    k_max: int = 10,
    random_state: int = 0,
) -> Answer:
    """Ask the product about some customers, with what it proposes unless told otherwise.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_numbers), original units, NaN for missing
    names : sequence of str, one per number column, or none
    texts : sequence of TextColumn
    missing, scaling : str, as in `prepare_features`
    log1p : "auto", "none" or sequence of str
        Logarithms as proposed, of no column, or of these columns.
    k : int or None
        What the labels are for; `None` for the k that a run would use.
    k_max, random_state : int

    Returns
    -------
    Answer
        “nothing” where the analysis refuses the customers.
    """
    started = time.process_time()
    labels = np.full(len(values), -1)
    try:
        features = _prepare(values, names, texts, missing, scaling, log1p)
        advice, clustering = _analyse(features, k, k_max, random_state)
    except AnalysisError:
        return Answer("nothing", None, None, labels, time.process_time() - started)
    labels[features.kept] = clustering.labels
    verdict: Verdict = "nothing" if advice.verdict is None else advice.verdict.kind
    return Answer(verdict, advice.k_recommended, advice.k_useful, labels, time.process_time() - started)


def _analyse(
    features: FeatureMatrix, k: int | None, k_max: int, random_state: int
) -> tuple[Advice, Clustering]:
    samples = compress(features)
    found = find_candidates(features, samples, Trying(k_max=k_max, random_state=random_state))
    used = k or found.advice.k
    start = found.sweep.centroids_of(used) if used in found.sweep.ks else None
    return found.advice, fit_clusters(features, samples, n_clusters=used, centroids=start)


def _prepare(
    values: FloatArray,
    names: Sequence[str],
    texts: Sequence[TextColumn],
    missing: str,
    scaling: str,
    log1p: str | Sequence[str],
) -> FeatureMatrix:
    names = list(names) or [f"x{column}" for column in range(1, values.shape[1] + 1)]
    if log1p == "auto":
        log1p = propose_log1p(values, names)
    elif log1p == "none":
        log1p = ()
    columns, blocks = [values], []
    for text in texts:
        block = one_hot(text.name, text.values)
        blocks.append(range(len(names), len(names) + len(block.names)))
        names += block.names
        columns.append(block.values)
    return prepare_features(
        np.column_stack(columns),
        names,
        scaling=scaling,
        log1p=log1p,
        missing=missing,
        outliers="set-aside",
        blocks=blocks,
    )
