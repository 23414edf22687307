"""Advice on k: what each criterion says, and which k follows from the verdict."""

from collections.abc import Callable, Sequence

from common.i18n import gettext_noop
from segmentation.analysis.results import (
    Advice,
    ClusterScores,
    CriterionAnswer,
    ElbowSweep,
    KEvidence,
    KLimits,
    Remark,
    SweepScores,
    Verdict,
)
from segmentation.analysis.scores.elbow import find_elbow

STABLE = 0.75
DOUBTFUL = 0.6
# What the criteria are called in results; sentences say it in the reader's language.
ELBOW, SILHOUETTE, STABILITY = gettext_noop("elbow"), gettext_noop("silhouette"), gettext_noop("stability")


def advise_k(
    sweep: ElbowSweep, scores: SweepScores, verdict: Verdict, *, limits: KLimits | None = None
) -> Advice:
    """Say which k to use and why, as codes that are worded when they are read.

    Parameters
    ----------
    sweep : ElbowSweep
    scores : SweepScores
    verdict : Verdict
    limits : KLimits or None
    """
    limits = limits or KLimits()
    judged = [row for row in scores.rows if row.k >= 2 and row.silhouette is not None]
    elbow_k = find_elbow(sweep.ks, sweep.inertias)
    answers = (CriterionAnswer(ELBOW, elbow_k), *_answers(judged))
    return Advice(
        elbow_k=elbow_k,
        k_recommended=verdict.k_recommended,
        k_fallback=_fallback(judged, scores, limits),
        answers=answers,
        limits=limits,
        verdict=verdict,
        k_useful=verdict.k_useful,
        reasons=tuple(_reasons(verdict, limits)),
    )


def _silhouette(row: ClusterScores) -> float:
    return -1.0 if row.silhouette is None else row.silhouette


def _fallback(judged: Sequence[ClusterScores], scores: SweepScores, limits: KLimits) -> int:
    """Return the allowed k of the highest silhouette, else the last allowed of the sweep, else its last."""
    lowest, highest = limits.k_min or 1, limits.k_max or scores.rows[-1].k
    allowed = [row for row in judged if lowest <= row.k <= highest]
    if allowed:
        return max(allowed, key=_silhouette).k
    within = [row.k for row in scores.rows if lowest <= row.k <= highest]
    return within[-1] if within else scores.rows[-1].k


def _answers(judged: Sequence[ClusterScores]) -> tuple[CriterionAnswer, ...]:
    return (
        _best(judged, SILHOUETTE, lambda row: row.silhouette),
        _best(judged, "Davies-Bouldin", lambda row: row.davies_bouldin, sign=-1),
        _best(judged, "Calinski-Harabasz", lambda row: row.calinski_harabasz),
        _steadiest(judged),
    )


def _best(
    judged: Sequence[ClusterScores],
    criterion: str,
    value_of: Callable[[ClusterScores], float | None],
    sign: int = 1,
) -> CriterionAnswer:
    valued = [(sign * value, row) for row in judged if (value := value_of(row)) is not None]
    if not valued:
        return CriterionAnswer(criterion, None)
    value, row = max(valued, key=lambda pair: pair[0])
    return CriterionAnswer(criterion, row.k, sign * value)


def _steadiest(judged: Sequence[ClusterScores]) -> CriterionAnswer:
    stable = [row for row in judged if (row.stability or 0) >= STABLE]
    if not stable:
        return CriterionAnswer(STABILITY, None)
    best = max(stable, key=lambda row: row.stability or 0)
    return CriterionAnswer(STABILITY, best.k, best.stability)


def _reasons(verdict: Verdict, limits: KLimits) -> list[Remark]:
    if verdict.k_recommended is not None:
        reasons = _clear_reasons(verdict, verdict.k_recommended)
    else:
        reasons = _unclear_reasons(verdict, limits)
    used = verdict.k_recommended or verdict.k_useful
    if verdict.better_k is not None and used is not None:
        reasons.append(_kept(verdict, used, verdict.better_k))
    if limits != KLimits():
        values = {"k_min": limits.k_min, "k_max": limits.k_max, "min_share": limits.min_share}
        reasons.append(Remark("limits", values))
    return reasons


def _clear_reasons(verdict: Verdict, k: int) -> list[Remark]:
    row = verdict.of(k)
    if row is None or row.worst is None:
        return []
    code = "clear-groups" if row.level == "clear" else "touching-groups"
    reasons = [
        Remark(code, {"k": k, "depth": row.worst.worst}),
        Remark("come-back", {"stability": row.stability}),
        Remark("beyond-chance", {"silhouette": row.silhouette, "reference": row.reference}),
    ]
    if verdict.k_useful is not None:
        reasons.append(Remark("two-and-useful", {"k": verdict.k_useful}))
    return reasons


def _unclear_reasons(verdict: Verdict, limits: KLimits) -> list[Remark]:
    best = max(verdict.evidence, key=lambda row: row.silhouette, default=None)
    if best is None:
        return [Remark("too-few-differ")]
    reasons = [_doubt(best)]
    if verdict.k_useful is None:
        if any(row.stability is not None for row in verdict.evidence):
            reasons.append(Remark("nothing-holds"))
        elif limits != KLimits():
            reasons.append(Remark("no-k-fits"))
    else:
        row = verdict.of(verdict.k_useful)
        held = {} if row is None else {"steadiness": row.steadiness, "stability": row.stability}
        reasons.append(Remark("useful-segments", {"k": verdict.k_useful, **held}))
    return reasons


def _doubt(row: KEvidence) -> Remark:
    """Say what keeps the k of the highest silhouette from being clear groups."""
    values: dict[str, object] = {
        "k": row.k,
        "silhouette": row.silhouette,
        "smallest": row.smallest,
        "stability": row.stability,
        "reference": row.reference,
    }
    if row.worst is not None:
        values["depth"] = row.worst.worst
    # What the borders allow and nothing rejected was out of the question by the limits.
    return Remark(f"not-clear-{row.rejected or 'limits'}", values)


def _kept(verdict: Verdict, k: int, better: int) -> Remark:
    """Say that the k in force stays, and by how much another one is better."""
    ours, theirs = verdict.of(k), verdict.of(better)
    values: dict[str, object] = {"k": k, "better": better}
    for name in ("silhouette", "steadiness"):
        values |= {name: getattr(ours, name, None), f"better_{name}": getattr(theirs, name, None)}
    return Remark("kept", values)
