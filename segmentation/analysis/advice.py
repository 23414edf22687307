"""Advice on k: what each criterion says, where they agree, and what follows."""

from collections.abc import Callable, Sequence

from common.i18n import gettext as _
from common.i18n import gettext_noop, join_words, ngettext
from common.number_format import format_count, format_percent, write_number
from segmentation.analysis.results import (
    Advice,
    ClusterScores,
    CriterionAnswer,
    ElbowSweep,
    KLimits,
    SweepScores,
)
from segmentation.analysis.scores.elbow import find_elbow
from segmentation.analysis.wording import capitalised

# Two Gaussian groups eight deviations apart reach 4; halves of one Gaussian 1.3, halves of a uniform one 1.7.
SEPARATED = 2.5
STABLE = 0.75
DOUBTFUL = 0.6
# A silhouette must exceed that of data without groups by this much, and by three of its deviations.
CLEAR_MARGIN = 0.03
CLEAR_DEVIATIONS = 3.0
# What the criteria are called in results; sentences say it in the reader's language.
ELBOW, SILHOUETTE, STABILITY = gettext_noop("elbow"), gettext_noop("silhouette"), gettext_noop("stability")
# Smaller clusters count as outliers, not as groups.
SMALLEST_SHARE = 0.005


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
    values = {"first": sweep.ks[0], "last": sweep.ks[-1], "k": elbow_k}
    if elbow_k is None:
        text = _("WCSS for k = %(first)s to %(last)s shows no elbow.")
    else:
        text = _("WCSS for k = %(first)s to %(last)s bends most at %(k)s.")
    return CriterionAnswer(ELBOW, elbow_k, text % values)


def _answers(judged: Sequence[ClusterScores]) -> tuple[CriterionAnswer, ...]:
    return (
        _best(
            judged,
            SILHOUETTE,
            _("Silhouette is highest at %(k)s (%(value)s)."),
            lambda row: row.silhouette,
        ),
        _best(
            judged,
            "Davies-Bouldin",
            _("Davies-Bouldin is lowest at %(k)s (%(value)s)."),
            lambda row: row.davies_bouldin,
            sign=-1,
        ),
        _best(
            judged,
            "Calinski-Harabasz",
            _("Calinski-Harabasz is highest at %(k)s (%(value)s)."),
            lambda row: row.calinski_harabasz,
        ),
        _stability_answer(judged),
    )


def _best(
    judged: Sequence[ClusterScores],
    criterion: str,
    text: str,
    value_of: Callable[[ClusterScores], float | None],
    sign: int = 1,
) -> CriterionAnswer:
    valued = [(sign * value, row) for row in judged if (value := value_of(row)) is not None]
    if not valued:
        unknown = _("%(criterion)s cannot be computed here.") % {"criterion": _(criterion)}
        return CriterionAnswer(criterion, None, unknown)
    value, row = max(valued, key=lambda pair: pair[0])
    return CriterionAnswer(criterion, row.k, text % {"k": row.k, "value": _number(sign * value)})


def _number(value: float) -> str:
    return write_number(value, 0 if abs(value) >= 100 else 2)


def _stability_answer(judged: Sequence[ClusterScores]) -> CriterionAnswer:
    stable = [row.k for row in judged if (row.stability or 0) >= STABLE]
    if not stable:
        text = _("At no k do all segments hold on random samples.")
        return CriterionAnswer(STABILITY, None, text)
    best = max(judged, key=lambda row: row.stability or 0).k
    if len(stable) == 1:
        text = _("Segments hold on random samples at k = %(best)s only.")
    else:
        text = _("Segments hold on random samples at k = %(ks)s; best at %(best)s.")
    return CriterionAnswer(STABILITY, best, text % {"ks": ", ".join(map(str, stable)), "best": best})


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
    sentences = [_why(reason, row, scores)]
    if row.stability is not None:
        sentences.append(_stability_sentence(row.stability))
    sentences.append(_agreement(k, answers))
    if limits != KLimits():
        sentences.append(_limits_sentence(limits))
    return tuple(sentences)


def _why(reason: str, row: ClusterScores, scores: SweepScores) -> str:
    if reason == "separated":
        text = _(
            "%(k)s segments are recommended: the highest number at which all groups are still clearly "
            "apart from one another."
        )
        return text % {"k": row.k}
    reference = next(each for each in scores.references if each.k == row.k)
    text = _(
        "%(k)s segments are recommended: the silhouette there is %(silhouette)s, where customers without any "
        "groups would reach %(reference)s."
    )
    return text % {
        "k": row.k,
        "silhouette": write_number(_silhouette(row), 2),
        "reference": write_number(reference.silhouette, 2),
    }


def _stability_sentence(stability: float) -> str:
    if stability >= STABLE:
        text = _("All segments hold on random samples (lowest stability %(stability)s, where 1 is the best).")
    else:
        text = _(
            "At least one segment does not hold on random samples (stability %(stability)s, where 1 "
            "is the best): use it with care."
        )
    return text % {"stability": write_number(stability, 2)}


def _agreement(k: int, answers: Sequence[CriterionAnswer]) -> str:
    # Stability judges every k by itself and has a sentence of its own.
    answers = [answer for answer in answers if answer.criterion != STABILITY]
    agreeing = [_(answer.criterion) for answer in answers if answer.k == k]
    others = [
        _("%(criterion)s says %(k)s") % {"criterion": _(answer.criterion), "k": answer.k}
        for answer in answers
        if answer.k not in (k, None)
    ]
    silent = [_(answer.criterion) for answer in answers if answer.k is None]
    others += [_("%(criterion)s gives no answer") % {"criterion": criterion} for criterion in silent]
    if not others:
        return _("All criteria agree.")
    if not agreeing:
        return _("No single criterion says %(k)s: %(others)s.") % {"k": k, "others": join_words(others)}
    text = ngettext("%(criteria)s agrees; %(others)s.", "%(criteria)s agree; %(others)s.", len(agreeing))
    return text % {"criteria": capitalised(join_words(agreeing)), "others": join_words(others)}


def _limits_sentence(limits: KLimits) -> str:
    parts = []
    if limits.k_min is not None:
        parts.append(_("at least %(k)s segments") % {"k": limits.k_min})
    if limits.k_max is not None:
        parts.append(_("at most %(k)s segments") % {"k": limits.k_max})
    if limits.min_share > 0:
        share = format_percent(limits.min_share, None)
        parts.append(_("no segment below %(share)s of customers") % {"share": share})
    return _("Your limits were kept: %(limits)s.") % {"limits": join_words(parts)}


def _unclear_sentences(
    judged: Sequence[ClusterScores], scores: SweepScores, limits: KLimits
) -> tuple[str, ...]:
    if not judged:
        if limits != KLimits():
            return (_("There is no clear grouping: no number of segments fits your limits."),)
        return (_("There is no clear grouping: too few customers differ."),)
    best = max(judged, key=_silhouette)
    anyway = _(
        "If segments are needed anyway, %(k)s is the least arbitrary number; "
        "other features may tell customers apart better."
    )
    return (
        _("There is no clear grouping in these features."),
        _doubt(best, scores),
        anyway % {"k": best.k},
    )


def _doubt(row: ClusterScores, scores: SweepScores) -> str:
    """Say how high the highest silhouette is, and what keeps its k from being recommended."""
    values = {"silhouette": write_number(_silhouette(row), 2), "k": row.k}
    reference = next((each for each in scores.references if each.k == row.k), None)
    if _is_clear(row, scores):
        return _doubt_of_clear(row, values)
    if reference is None:
        return _("The highest silhouette is %(silhouette)s, at %(k)s segments.") % values
    text = _(
        "The highest silhouette is %(silhouette)s, at %(k)s segments; customers without any groups would "
        "reach %(reference)s, so the borders run through the crowd."
    )
    return text % {**values, "reference": write_number(reference.silhouette, 2)}


def _doubt_of_clear(row: ClusterScores, values: dict[str, object]) -> str:
    """Say it of a k whose silhouette clearly exceeds that of data without groups."""
    if _smallest_share(row) >= SMALLEST_SHARE:
        text = _(
            "The highest silhouette is %(silhouette)s, at %(k)s segments, but they do not hold on "
            "random samples (stability %(stability)s)."
        )
        return text % {**values, "stability": write_number(row.stability or 0, 2)}
    smallest = min(row.sizes)
    text = ngettext(
        "The highest silhouette is %(silhouette)s, at %(k)s segments, but one of them is a single customer "
        "far from everyone: an exception, not a group.",
        "The highest silhouette is %(silhouette)s, at %(k)s segments, but one of them is %(customers)s "
        "customers far from everyone: an exception, not a group.",
        smallest,
    )
    return text % {**values, "customers": format_count(smallest)}
