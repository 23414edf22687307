"""Every k that is tried: the sweep, its scores and the advice. The sweep goes on where its end is best."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from common.i18n import gettext_noop
from segmentation.analysis.advice import advise_k
from segmentation.analysis.kmeans.sweep import sweep_k
from segmentation.analysis.results import (
    Advice,
    CompressedSamples,
    ElbowSweep,
    FeatureMatrix,
    KLimits,
    Remark,
    SweepScores,
    Verdict,
)
from segmentation.analysis.scores.sweep_scores import score_sweep, with_stabilities
from segmentation.analysis.verdict.decision import judge_sweep

SWEEPING = gettext_noop("Elbow sweep")
SCORING = gettext_noop("Scoring the candidates")
# A sweep goes on by so many k, up to the last, where the silhouette at its end is nearly the best.
FURTHER, LAST_K = 10, 30
AMONG_THE_BEST = 0.95

Report = Callable[[str, int, int], None]
Stage = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Every k of the sweep with its scores, and the advice on them."""

    sweep: ElbowSweep
    scores: SweepScores
    advice: Advice


@dataclass(frozen=True)
class Trying:
    """What is tried: k from `k_min` to `k_max`, further where that end is the best and `may_go_on` allows."""

    k_min: int = 1
    k_max: int = 10
    may_go_on: bool = True
    limits: KLimits | None = None
    published_k: int | None = None
    random_state: int = 0


def find_candidates(
    features: FeatureMatrix,
    samples: CompressedSamples,
    trying: Trying | None = None,
    *,
    report: Report | None = None,
    stage: Stage = lambda name: nullcontext(),
) -> Candidates:
    """Sweep k, score every k and judge what was found.

    Only the search of the sweep sees the random state; everything after it looks at the same
    customers, chosen by content.

    Parameters
    ----------
    features : FeatureMatrix
    samples : CompressedSamples
    trying : Trying or None
    report : callable or None
        Called with what is done, the k that is finished and the last one; what it raises ends the search.
    stage : callable
        Gives the context in which a stage of this name runs: `sweep` or `scores`.
    """
    trying = trying or Trying()
    sweep, scores = _tried(samples, trying, trying.k_min, trying.k_max, report, stage)
    with stage("scores"):
        verdict = _judged(features, sweep, scores, trying)
    first_end = sweep.ks[-1]
    while _ends_too_early(sweep, verdict) and sweep.ks[-1] < _farthest(trying):
        end = min(sweep.ks[-1] + FURTHER, _farthest(trying))
        further = _tried(samples, trying, sweep.ks[-1] + 1, end, report, stage)
        sweep, scores = joined_sweeps(sweep, further[0]), joined_scores(scores, further[1])
        with stage("scores"):
            verdict = _judged(features, sweep, scores, trying)
    with stage("scores"):
        thorough = {row.k: row.stabilities for row in verdict.evidence}
        scores = with_stabilities(scores, samples, sweep, known=thorough)
    found = _advised(sweep, scores, verdict, trying)
    if sweep.ks[-1] == first_end:
        return found
    went_on = Remark("sweep-went-on", {"first_end": first_end, "end": sweep.ks[-1]})
    return replace(found, advice=replace(found.advice, warnings=(went_on, *found.advice.warnings)))


def judge_again(
    features: FeatureMatrix, sweep: ElbowSweep, scores: SweepScores, trying: Trying
) -> Candidates:
    """Judge a sweep that an earlier run has scored."""
    return _advised(sweep, scores, _judged(features, sweep, scores, trying), trying)


def _tried(
    samples: CompressedSamples,
    trying: Trying,
    k_min: int,
    k_max: int,
    report: Report | None,
    stage: Stage,
) -> tuple[ElbowSweep, SweepScores]:
    def report_of(name: str) -> Callable[[int], None] | None:
        return None if report is None else lambda k: report(name, k, k_max)

    with stage("sweep"):
        sweep = sweep_k(
            samples,
            k_min=k_min,
            k_max=k_max,
            random_state=trying.random_state,
            report=report_of(SWEEPING),
        )
    with stage("scores"):
        return sweep, score_sweep(samples, sweep, n_bootstraps=0, report=report_of(SCORING))


def _judged(features: FeatureMatrix, sweep: ElbowSweep, scores: SweepScores, trying: Trying) -> Verdict:
    return judge_sweep(features, sweep, scores, limits=trying.limits, published_k=trying.published_k)


def _advised(sweep: ElbowSweep, scores: SweepScores, verdict: Verdict, trying: Trying) -> Candidates:
    advice = advise_k(sweep, scores, verdict, limits=trying.limits)
    if _ends_too_early(sweep, verdict):
        advice = replace(advice, warnings=(Remark("best-at-the-end", {"end": sweep.ks[-1]}),))
    return Candidates(sweep, scores, advice)


def _farthest(trying: Trying) -> int:
    """Return the last k that a sweep may go on to."""
    if not trying.may_go_on:
        return trying.k_max
    most = None if trying.limits is None else trying.limits.k_max
    return LAST_K if most is None else min(most, LAST_K)


def _ends_too_early(sweep: ElbowSweep, verdict: Verdict) -> bool:
    """Return whether more groups than the sweep reaches may be the answer."""
    # Where every different customer is a cluster, there are no more to find.
    if sweep.ks[-1] >= sweep.n_points or sweep.n_distinct_capped is not None or not verdict.evidence:
        return False
    best = max(row.silhouette for row in verdict.evidence)
    last = verdict.of(sweep.ks[-1])
    return last is not None and last.level == "clear" and last.silhouette >= AMONG_THE_BEST * best


def joined_sweeps(one: ElbowSweep, other: ElbowSweep) -> ElbowSweep:
    """Return the sweep of both ranges of k, which follow one another."""
    return replace(
        one,
        ks=one.ks + other.ks,
        inertias=one.inertias + other.inertias,
        centroids=one.centroids + other.centroids,
        n_distinct_capped=other.n_distinct_capped,
    )


def joined_scores(one: SweepScores, other: SweepScores) -> SweepScores:
    """Return the scores of both ranges of k, which follow one another."""
    return replace(one, rows=one.rows + other.rows)
