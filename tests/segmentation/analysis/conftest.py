"""Data and shortcuts for tests of the analysis."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.results import (
    Advice,
    Clustering,
    CompressedSamples,
    ElbowSweep,
    FeatureMatrix,
    FloatArray,
    SweepScores,
)
from segmentation.analysis.verdict.candidates import Trying, find_candidates


@dataclass(frozen=True)
class Prepared:
    """Values prepared for the sweep."""

    features: FeatureMatrix
    samples: CompressedSamples


@dataclass(frozen=True)
class Analysed(Prepared):
    """The complete analysis of some values."""

    sweep: ElbowSweep
    scores: SweepScores
    advice: Advice
    clustering: Clustering


Prepare = Callable[..., Prepared]
Analyse = Callable[..., Analysed]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep scikit-learn from waiting for threads on a busy machine when tests compare with it."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture
def rectangle() -> FloatArray:
    """The corners of a 10 × 2 rectangle: inertia 104, 4 and 0 for k = 1, 2 and 4, worked out by hand."""
    return np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 2.0], [10.0, 2.0]])


@pytest.fixture
def prepare() -> Prepare:
    def prepared(values: FloatArray, scaling: str = "none") -> Prepared:
        names = [f"feature {column}" for column in range(values.shape[1])]
        features = prepare_features(values, names, scaling=scaling)
        return Prepared(features, compress(features))

    return prepared


@pytest.fixture
def analyse(prepare: Prepare) -> Analyse:
    def analysed(
        values: FloatArray, scaling: str = "standard", random_state: int = 0, k: int = 0
    ) -> Analysed:
        prepared = prepare(values, scaling)
        found = find_candidates(prepared.features, prepared.samples, Trying(random_state=random_state))
        sweep, scores, advice = found.sweep, found.scores, found.advice
        used = k or advice.k
        clustering = fit_clusters(
            prepared.features, prepared.samples, n_clusters=used, centroids=sweep.centroids_of(used)
        )
        return Analysed(prepared.features, prepared.samples, sweep, scores, advice, clustering)

    return analysed


@pytest.fixture
def mall_like() -> FloatArray:
    """200 customers in whole numbers, in five groups arranged like those of the well-known mall data."""
    return planted(
        np.array([[55, 50], [87, 82], [88, 17], [26, 21], [26, 79]]), [81, 39, 35, 23, 22], spread=7.0
    ).round()


@pytest.fixture
def apart() -> FloatArray:
    """Three groups far from one another, of 50, 30 and 20 customers in this order."""
    return planted(np.array([[0, 0], [30, 0], [0, 30]]), [50, 30, 20], spread=1.0)


def planted(centers: FloatArray, sizes: list[int], spread: float) -> FloatArray:
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(np.asarray(centers, dtype=np.float64)[labels], spread)
