"""Executing a segmentation run: load the customers of one version, analyse them, publish everything at once.

Loads scikit-learn, which takes seconds: only workers and commands import this, and only when a run begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import islice

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.models import Attribute
from customers.storage.columns import read_numbers, read_texts
from jobs.errors import JobError
from jobs.worker.claim import Claim
from segmentation.analysis.errors import AnalysisError
from segmentation.analysis.features import prepare_features
from segmentation.analysis.kmeans.compression import compress
from segmentation.analysis.kmeans.final_fit import fit_clusters
from segmentation.analysis.preparation.dates import days_before
from segmentation.analysis.preparation.logarithms import propose_log1p
from segmentation.analysis.preparation.texts import one_hot
from segmentation.analysis.profiles import profile_clusters
from segmentation.analysis.results import (
    Clustering,
    ElbowSweep,
    FloatArray,
    IntArray,
    KLimits,
    SweepScores,
    from_json,
)
from segmentation.analysis.rules.model import ModelColumn, freeze_model
from segmentation.analysis.rules.readable import find_readable_rules
from segmentation.analysis.samples import CompressedSamples, FeatureMatrix, OneHotFeature
from segmentation.analysis.scatter_data import picture_pairs
from segmentation.analysis.verdict.candidates import (
    SWEEPING,
    Candidates,
    Trying,
    find_candidates,
    judge_again,
)
from segmentation.analysis.verdict.warnings import find_warnings
from segmentation.models import Segmentation, SegmentationRun
from segmentation.runs.recipes import feature_name, prepared_of
from segmentation.runs.store import Findings, publish_run
from segmentation.runs.timings import Stopwatch

# A text with more distinct values than this (names, streets) has no frequent ones worth profiling.
PROFILED_TEXT_VALUES = 200
# What is profiled besides the features is read in passes: 40 MB, which are there twice for a moment.
VALUES_AT_ONCE = 5_000_000
MOST_AT_ONCE = 25
LIBRARIES = ("numpy", "scipy", "scikit-learn", "kneed")


@dataclass(frozen=True)
class Loaded:
    """The customers of a version by ascending id: features with their names.

    `log1p` are those whose logarithm is taken, `blocks` the columns of each text that weigh as one, and
    `sources` say of each feature where it comes from.
    """

    ids: IntArray
    values: FloatArray
    names: list[str]
    log1p: list[str]
    blocks: list[list[int]]
    sources: dict[str, ModelColumn]


def execute_run(claim: Claim, *, started: float | None = None) -> None:
    """Do the run that holds the claimed job: load, analyse, publish.

    Parameters
    ----------
    claim
        The job's claim.
    started
        When the caller began, by `time.perf_counter`; loading the libraries then counts in the total.

    Raises
    ------
    JobError
        The customers do not allow it (a constant feature, fewer customers than k): one sentence says why.
    """
    runs = SegmentationRun.objects.select_related("segmentation", "version", "sweep_of")
    run = runs.defer("sweep_of__profiles", "sweep_of__pictures").get(job_id=claim.job_id)
    watch = Stopwatch(started)
    try:
        with watch.stage("load"):
            loaded = load_features(run, claim)
        findings = analyse(run, loaded, claim, watch)
        del loaded  # matching reads as many customers once more
    except AnalysisError as error:
        raise JobError(str(error)) from error
    claim.report(gettext_noop("Storing the segments"))
    publish_run(claim, run, findings, watch)


def load_features(run: SegmentationRun, claim: Claim) -> Loaded:
    """Read the run's features from the version it began with; a text becomes a column for each value."""
    if run.version.dropped_at is not None:
        raise JobError(_("The customers of this run are no longer kept: start a new run."))
    known = Attribute.objects.in_bulk(run.segmentation.features)
    attributes = [known[pk] for pk in run.segmentation.features]
    measured = [attribute for attribute in attributes if attribute.kind != Attribute.Kind.TEXT]
    ids, values = _read_measured(run, measured, claim)
    names = [feature_name(attribute) for attribute in measured]
    newest = dict(prepared_of(run).reference_dates)
    sources = {
        name: ModelColumn(each.name, reference=None if each.is_number else newest.get(each.name))
        for name, each in zip(names, measured, strict=True)
    }
    blocks = []
    for attribute in attributes:
        if attribute.kind == Attribute.Kind.TEXT:
            columns = _read_one_hot(run, attribute)
            blocks.append(list(range(len(names), len(names) + len(columns.names))))
            values = np.hstack([values, columns.values])
            names += columns.names
            sources |= {
                name: ModelColumn(attribute.name, value=value)
                for name, value in zip(columns.names, columns.categories, strict=True)
            }
    log1p = [feature_name(attribute) for attribute in measured if attribute.pk in run.segmentation.log1p]
    return Loaded(ids, values, names, log1p, blocks if run.segmentation.texts_weigh_as_one else [], sources)


def _read_measured(
    run: SegmentationRun, measured: Sequence[Attribute], claim: Claim
) -> tuple[IntArray, FloatArray]:
    """Read numbers and then dates, these as days before the newest one."""
    numbers = [attribute.position for attribute in measured if attribute.is_number]
    dates = [attribute.position for attribute in measured if not attribute.is_number]

    def check(done: int) -> None:
        claim.report(gettext_noop("Reading the customers"), done, run.version.customer_count)

    check(0)
    ids, values = read_numbers(run.version_id, numbers, dates=dates, check=check)
    for column in range(len(numbers), values.shape[1]):
        if np.isfinite(values[:, column]).any():
            values[:, column] = days_before(values[:, column], float(np.nanmax(values[:, column])))
    return ids, values


def _read_one_hot(run: SegmentationRun, attribute: Attribute) -> OneHotFeature:
    (texts,) = read_texts(run.version_id, [attribute.position], max_distinct=PROFILED_TEXT_VALUES)
    if texts is None:
        text = _("“%(name)s” has more than %(limit)s different values, which is too many for a feature.")
        raise JobError(text % {"name": attribute.name, "limit": PROFILED_TEXT_VALUES})
    return one_hot(attribute.name, texts)


def find_candidates_of(
    run: SegmentationRun, features: FeatureMatrix, samples: CompressedSamples, claim: Claim, watch: Stopwatch
) -> Candidates:
    """Sweep k, score every k and judge what was found, or what the run whose sweep is reused has found."""
    published_k = _published_k(run)
    trying = Trying(
        k_min=run.k_min,
        k_max=max(run.k_max, run.k_requested or 0, 0 if run.k_max_is_asked else published_k or 0),
        may_go_on=not run.k_max_is_asked,
        limits=KLimits(**run.limits),
        published_k=published_k,
        random_state=run.random_state,
    )
    frozen = frozen_sweep(run, samples)
    if frozen is not None:
        with watch.stage("scores"):
            return judge_again(features, *frozen, trying)
    return find_candidates(features, samples, trying, report=claim.report, stage=watch.stage)


def _published_k(run: SegmentationRun) -> int | None:
    """The k in force: until runs are published, that of the latest run."""
    latest = run.segmentation.runs.finished_last_first().exclude(pk=run.pk).first()
    return None if latest is None else latest.k


def frozen_sweep(run: SegmentationRun, samples: CompressedSamples) -> tuple[ElbowSweep, SweepScores] | None:
    """The frozen sweep of the run this one reuses, and its scores; `None` if they do not fit."""
    source = run.sweep_of
    if source is None or source.k is None or source.libraries != _libraries():
        return None
    sweep = from_json(ElbowSweep, source.sweep)
    if sweep.n_samples != samples.n_samples:  # customers were deleted since
        return None
    return sweep, from_json(SweepScores, source.scores)


def _libraries() -> dict[str, str]:
    return {name: version(name) for name in LIBRARIES}


def analyse(run: SegmentationRun, loaded: Loaded, claim: Claim, watch: Stopwatch) -> Findings:
    """Find the segments; reads other attributes of the customers, writes nothing."""
    features = _prepare(run.segmentation, loaded)
    proposed = _better_logarithms(run, features)
    claim.report(SWEEPING)
    with watch.stage("sweep"):
        samples = compress(features)
    found = find_candidates_of(run, features, samples, claim, watch)
    sweep, scores, advice = found.sweep, found.scores, found.advice
    claim.report(gettext_noop("Finding the segments"))
    k = run.k_requested or advice.k
    with watch.stage("fit"):
        clustering = _fit(run, features, samples, sweep, k, claim)
    is_swept = k in sweep.ks
    del samples  # half of the memory, on a large dataset
    claim.report(gettext_noop("Describing the segments"))
    with watch.stage("profiles"):
        numbers = _number_columns(run, features, claim)
        texts = _text_columns(run, features, claim)
        origins = clustering.origins if is_swept else ()
        warnings = find_warnings(features, advice, clustering, sweep_labels=origins)
        profiles = profile_clusters(clustering, features, numbers=numbers, texts=texts)
        readable = find_readable_rules(features, clustering, loaded.sources, random_state=run.random_state)
        pictures = picture_pairs(clustering, features)
    return Findings(
        customer_ids=loaded.ids[features.kept],
        exception_ids=loaded.ids[features.exceptions],
        features=features.without_samples(),
        sweep=sweep,
        scores=scores,
        advice=replace(advice, warnings=warnings),
        clustering=clustering,
        model=freeze_model(features, clustering, loaded.sources),
        readable_rules=readable,
        stabilities=_stabilities(scores, clustering) if is_swept else (),
        profiles=profiles,
        pictures=pictures,
        log1p_proposed=proposed,
        libraries=_libraries(),
    )


def _fit(
    run: SegmentationRun,
    features: FeatureMatrix,
    samples: CompressedSamples,
    sweep: ElbowSweep,
    k: int,
    claim: Claim,
) -> Clustering:
    """Finish k on all customers, from the sweep's centroids if it reached that far."""
    return fit_clusters(
        features,
        samples,
        n_clusters=k,
        centroids=sweep.centroids_of(k) if k in sweep.ks else None,
        random_state=run.random_state,
        report=lambda n_pass: claim.check(),
    )


def _prepare(recipe: Segmentation, loaded: Loaded) -> FeatureMatrix:
    return prepare_features(
        loaded.values,
        loaded.names,
        scaling=recipe.scaling,
        log1p=loaded.log1p,
        missing=recipe.missing,
        outliers=recipe.outliers,
        blocks=loaded.blocks,
    )


def _better_logarithms(run: SegmentationRun, features: FeatureMatrix) -> list[str]:
    """Features that would be seen better by a logarithm that is not taken."""
    if run.segmentation.log1p_is_asked:
        proposed: Sequence[str] = propose_log1p(features.values, features.names)
    else:  # they were looked at before the run
        proposed = prepared_of(run).log1p_today or ()
    return [name for name in proposed if name not in features.log1p]


def _stabilities(scores: SweepScores, clustering: Clustering) -> list[float]:
    """The stability of each label: the scores are in the order of the sweep's centroids."""
    stabilities = scores.of(clustering.k).stabilities
    return [stabilities[origin] for origin in clustering.origins] if stabilities else []


def _number_columns(
    run: SegmentationRun, features: FeatureMatrix, claim: Claim
) -> Iterator[tuple[str, FloatArray]]:
    """Each number attribute over the kept customers: the features from memory, the others in passes."""
    for column, name in enumerate(features.names):
        yield name, features.values[:, column]
    others = run.segmentation.dataset.attributes.filter(kind=Attribute.Kind.NUMBER)
    for some in _batches(run, others.exclude(pk__in=run.segmentation.features)):
        claim.check()
        _, values = read_numbers(run.version_id, [attribute.position for attribute in some])
        for column, attribute in enumerate(some):
            yield attribute.name, values[features.kept, column]
        del values  # before the next ones are read


def _text_columns(
    run: SegmentationRun, features: FeatureMatrix, claim: Claim
) -> Iterator[tuple[str, Sequence[str | None]]]:
    """Each text attribute over the kept customers; those with too many values are skipped."""
    kept = np.flatnonzero(features.kept)
    for some in _batches(run, run.segmentation.dataset.attributes.filter(kind=Attribute.Kind.TEXT)):
        claim.check()
        positions = [attribute.position for attribute in some]
        found = read_texts(run.version_id, positions, max_distinct=PROFILED_TEXT_VALUES)
        for attribute, texts in zip(some, found, strict=True):
            if texts is not None:
                yield attribute.name, texts if len(kept) == len(texts) else [texts[row] for row in kept]
        del found


def _batches(run: SegmentationRun, attributes: Iterable[Attribute]) -> Iterator[list[Attribute]]:
    """The attributes that are read at once: the fewer, the more customers there are."""
    remaining = iter(attributes)
    size = max(1, min(MOST_AT_ONCE, VALUES_AT_ONCE // max(1, run.version.customer_count)))
    while some := list(islice(remaining, size)):
        yield some
