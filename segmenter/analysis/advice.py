"""Advice on k: what each criterion says, where they agree, and what follows."""

from collections.abc import Callable, Sequence

from segmenter.analysis.results import (
    Advice,
    ClusterScores,
    CriterionAnswer,
    ElbowSweep,
    KLimits,
    SweepScores,
)

# Two Gaussian groups eight deviations apart reach 4; halves of one Gaussian 1.3, halves of a uniform one 1.7.
SEPARATED = 2.5
STABLE = 0.75
DOUBTFUL = 0.6
# A silhouette must exceed that of data without groups by this much, and by three of its deviations.
CLEAR_MARGIN = 0.03
CLEAR_DEVIATIONS = 3.0
# Smaller clusters are taken for outliers, not for groups.
SMALLEST_SHARE = 0.005


def find_elbow(ks: Sequence[int], inertias: Sequence[float]) -> int | None:
    """Return the k at the elbow of the inertias, or `None` when the curve has none.

    Parameters
    ----------
    ks : sequence of int, ascending
    inertias : sequence of float

    References
    ----------
    Satopää, Albrecht, Irwin and Raghavan, "Finding a 'kneedle' in a haystack", 2011; through `kneed`.
    """
    if len(ks) < 3 or not max(inertias) > min(inertias):
        return None
    from kneed import KneeLocator

    elbow = KneeLocator(ks, inertias, curve="convex", direction="decreasing").elbow
    return None if elbow is None else int(elbow)


def advise_k(sweep: ElbowSweep, scores: SweepScores, *, limits: KLimits | None = None) -> Advice:
    """Weigh the criteria and recommend a k, or none when there is no clear grouping.

    Groups with empty space between them settle it: the largest k whose clusters all stand apart and come back
    in refits. Otherwise the silhouette decides among the stable k whose silhouette clearly exceeds what data
    without groups reach; if there is no such k, there is no clear grouping.

    Parameters
    ----------
    sweep : ElbowSweep
    scores : SweepScores
    limits : KLimits or None
        Only k within the limits are recommended.

    Returns
    -------
    Advice
    """
    limits = limits or KLimits()
    allowed = [row for row in scores.rows if row.k >= 2 and _within(row, limits)]
    judged = [row for row in allowed if row.silhouette is not None]
    elbow_k = find_elbow(sweep.ks, sweep.inertias)
    k_recommended, reason = _recommended(judged, scores)
    answers = (_elbow_answer(sweep, elbow_k), *_answers(judged))
    sentences = _sentences(k_recommended, reason, answers, judged, scores, limits)
    return Advice(
        elbow_k=elbow_k,
        k_recommended=k_recommended,
        k_fallback=_fallback(judged, allowed, scores),
        sentences=sentences,
        answers=answers,
        limits=limits,
    )


def _within(row: ClusterScores, limits: KLimits) -> bool:
    lowest = 1 if limits.k_min is None else limits.k_min
    highest = row.k if limits.k_max is None else limits.k_max
    return lowest <= row.k <= highest and _smallest_share(row) >= limits.min_share


def _smallest_share(row: ClusterScores) -> float:
    return min(row.sizes) / sum(row.sizes)


def _recommended(judged: Sequence[ClusterScores], scores: SweepScores) -> tuple[int | None, str]:
    """Return the recommended k and which rule found it: `separated`, `silhouette` or `none`."""
    groups = [row for row in judged if _smallest_share(row) >= SMALLEST_SHARE]
    apart = [row for row in groups if (row.separation or 0) >= SEPARATED and (row.stability or 0) >= STABLE]
    if apart:
        return apart[-1].k, "separated"
    clear = [row for row in groups if _is_clear(row, scores)]
    for limit in (STABLE, DOUBTFUL):
        stable = [row for row in clear if (row.stability or 0) >= limit]
        if stable:
            return max(stable, key=_silhouette).k, "silhouette"
    return None, "none"


def _is_clear(row: ClusterScores, scores: SweepScores) -> bool:
    """Return whether the silhouette clearly exceeds that of data without groups."""
    reference = next((each for each in scores.references if each.k == row.k), None)
    if reference is None:
        return False
    margin = max(CLEAR_MARGIN, CLEAR_DEVIATIONS * reference.deviation) + 2 * (row.silhouette_error or 0)
    return _silhouette(row) > reference.silhouette + margin


def _silhouette(row: ClusterScores) -> float:
    return -1.0 if row.silhouette is None else row.silhouette


def _fallback(judged: Sequence[ClusterScores], allowed: Sequence[ClusterScores], scores: SweepScores) -> int:
    """Return the k of the highest silhouette, else the first allowed, else the last of the sweep."""
    if judged:
        return max(judged, key=_silhouette).k
    return allowed[0].k if allowed else scores.rows[-1].k


def _elbow_answer(sweep: ElbowSweep, elbow_k: int | None) -> CriterionAnswer:
    extent = f"k = {sweep.ks[0]} to {sweep.ks[-1]}"
    if elbow_k is None:
        return CriterionAnswer("elbow", None, f"The inertias for {extent} show no elbow.")
    return CriterionAnswer("elbow", elbow_k, f"The inertias for {extent} bend most at {elbow_k}.")


def _answers(judged: Sequence[ClusterScores]) -> tuple[CriterionAnswer, ...]:
    return (
        _best(judged, "silhouette", "Silhouette is highest", lambda row: row.silhouette),
        _best(judged, "Davies-Bouldin", "Davies-Bouldin is lowest", lambda row: row.davies_bouldin, sign=-1),
        _best(judged, "Calinski-Harabasz", "Calinski-Harabasz is highest", lambda row: row.calinski_harabasz),
        _stability_answer(judged),
    )


def _best(
    judged: Sequence[ClusterScores],
    criterion: str,
    phrase: str,
    value_of: Callable[[ClusterScores], float | None],
    sign: int = 1,
) -> CriterionAnswer:
    valued = [(sign * value, row) for row in judged if (value := value_of(row)) is not None]
    if not valued:
        return CriterionAnswer(criterion, None, f"{criterion} cannot be computed here.")
    value, row = max(valued, key=lambda pair: pair[0])
    return CriterionAnswer(criterion, row.k, f"{phrase} at {row.k} ({_number(sign * value)}).")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _stability_answer(judged: Sequence[ClusterScores]) -> CriterionAnswer:
    stable = [row.k for row in judged if (row.stability or 0) >= STABLE]
    if not stable:
        return CriterionAnswer(
            "stability", None, "No k gives clusters that come back when customers are redrawn."
        )
    best = max(judged, key=lambda row: row.stability or 0)
    ks = ", ".join(map(str, stable))
    return CriterionAnswer(
        "stability",
        best.k,
        f"Every cluster comes back when customers are redrawn at k = {ks}; best at {best.k}.",
    )


def _sentences(
    k: int | None,
    reason: str,
    answers: Sequence[CriterionAnswer],
    judged: Sequence[ClusterScores],
    scores: SweepScores,
    limits: KLimits,
) -> tuple[str, ...]:
    if k is None:
        return _unclear_sentences(judged, scores, limits)
    row = scores.of(k)
    sentences = [f"{k} segments are recommended: {_why(reason, row, scores)}."]
    if row.stability is not None:
        sentences.append(_stability_sentence(row.stability))
    sentences.append(_agreement(k, answers))
    if limits != KLimits():
        sentences.append(_limits_sentence(limits))
    return tuple(sentences)


def _why(reason: str, row: ClusterScores, scores: SweepScores) -> str:
    if reason == "separated":
        return "that is the highest number at which all groups still stand clearly apart from one another"
    reference = next(each for each in scores.references if each.k == row.k)
    return (
        f"the silhouette there is {row.silhouette:.2f}, where customers without any groups "
        f"would reach {reference.silhouette:.2f}"
    )


def _stability_sentence(stability: float) -> str:
    if stability >= STABLE:
        return (
            "Every segment comes back when customers are drawn again "
            f"(lowest stability {stability:.2f}, where 1 is the best)."
        )
    return (
        "At least one segment changes when customers are drawn again "
        f"(stability {stability:.2f}, where 1 is the best): use it with care."
    )


def _agreement(k: int, answers: Sequence[CriterionAnswer]) -> str:
    # Stability judges every k by itself and has a sentence of its own.
    answers = [answer for answer in answers if answer.criterion != "stability"]
    agreeing = [answer.criterion for answer in answers if answer.k == k]
    others = [f"{answer.criterion} says {answer.k}" for answer in answers if answer.k not in (k, None)]
    silent = [answer.criterion for answer in answers if answer.k is None]
    others += [f"{criterion} gives no answer" for criterion in silent]
    if not others:
        return "All criteria agree."
    if not agreeing:
        return f"No single criterion says {k}: {_joined(others)}."
    agreed = _joined(agreeing)
    return f"{agreed[0].upper()}{agreed[1:]} agree{'s' if len(agreeing) == 1 else ''}; {_joined(others)}."


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _limits_sentence(limits: KLimits) -> str:
    parts = []
    if limits.k_min is not None:
        parts.append(f"at least {limits.k_min} segments")
    if limits.k_max is not None:
        parts.append(f"at most {limits.k_max} segments")
    if limits.min_share > 0:
        parts.append(f"no segment below {100 * limits.min_share:g} % of customers")
    return f"Your limits were kept: {_joined(parts)}."


def _unclear_sentences(
    judged: Sequence[ClusterScores], scores: SweepScores, limits: KLimits
) -> tuple[str, ...]:
    if not judged:
        why = "no number of segments fits your limits" if limits != KLimits() else "too few customers differ"
        return (f"There is no clear grouping: {why}.",)
    best = max(judged, key=_silhouette)
    return (
        "There is no clear grouping in these features.",
        f"The highest silhouette is {_silhouette(best):.2f}, at {best.k} segments{_doubt(best, scores)}.",
        f"If segments are needed anyway, {best.k} is the least arbitrary number; "
        "other features may tell customers apart better.",
    )


def _doubt(row: ClusterScores, scores: SweepScores) -> str:
    """Return what keeps the k of the highest silhouette from being recommended, as the end of a sentence."""
    if _is_clear(row, scores):
        if _smallest_share(row) < SMALLEST_SHARE:
            smallest = min(row.sizes)
            customers = "a single customer" if smallest == 1 else f"{smallest:,} customers"
            return f", but one of them is {customers} far from everyone: an exception, not a group"
        return f", but they change when customers are drawn again (stability {row.stability or 0:.2f})"
    reference = next((each for each in scores.references if each.k == row.k), None)
    if reference is None:
        return ""
    return (
        f"; customers without any groups would reach {reference.silhouette:.2f}, "
        "so the borders run through the crowd"
    )
