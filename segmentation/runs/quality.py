"""How sure a run is of its segments, in plain words: the verdict, and every number of segments it tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.i18n import join_words
from common.number_format import format_percent_floored, write_number
from segmentation.analysis import results
from segmentation.analysis.advice import DOUBTFUL, STABILITY, STABLE
from segmentation.analysis.results import (
    Advice,
    ClusterProfiles,
    ClusterScores,
    CriterionAnswer,
    ElbowSweep,
    KEvidence,
    SweepScores,
    from_json,
)
from segmentation.analysis.words.wording import capitalised
from segmentation.models import SegmentationRun
from segmentation.runs.remarks import word_remark

# Shares of an attribute's differences below this are not worth telling; so many attributes are told.
HARDLY_TOLD, MOST_BOUGHT = 0.05, 12


@dataclass(frozen=True)
class Verdict:
    """`level` is good, fair or poor."""

    level: str
    title: str
    sentence: str


def judge(run: SegmentationRun, advice: Advice, scores: SweepScores) -> Verdict:
    """Say how sure the segments of a run are."""
    k, recommended = run.k or 0, advice.k_recommended
    weakest = next((row.stability for row in scores.rows if row.k == k), None)
    if k == 1:
        return Verdict("fair", _("Everyone is in one segment"), _("There is nothing to separate."))
    if advice.verdict is None:
        return _of_earlier_release(k, recommended, weakest)
    if k == recommended:
        return _clear(k, advice.verdict)
    if k == advice.k_useful:
        return Verdict("fair", _("%(k)s useful segments") % {"k": k}, _useful(advice, advice.verdict.of(k)))
    if recommended is None and advice.k_useful is None:
        return Verdict("poor", _("Nothing to go by"), _unclear(k))
    return _asked_for(k, recommended or advice.k_useful or k, weakest)


def _clear(k: int, verdict: results.Verdict) -> Verdict:
    """Say of clear groups whether they are the best there are, and whether there are gaps between all."""
    if verdict.k_unlimited is not None:
        values = {"k": k, "better": verdict.k_unlimited}
        title = _("%(k)s groups within your limits; %(better)s without them") % values
        sentence = _("There are gaps between them, but %(better)s clear groups fit these customers better.")
        return Verdict("fair", title, sentence % values)
    if verdict.is_touching:
        sentence = _(
            "They come back in other samples and are further apart than by chance, but there is no gap "
            "between all of them: customers near such a border could as well be in the other group."
        )
        return Verdict("fair", _("%(k)s groups that touch") % {"k": k}, sentence)
    title = ngettext("%(k)s clear group", "%(k)s clear groups", k) % {"k": k}
    sentence = _("You can rely on them: there are gaps between them, and they come back in other samples.")
    return Verdict("good", title, sentence)


def _useful(advice: Advice, evidence: KEvidence | None) -> str:
    if advice.k_recommended is not None:
        return _(
            "Steady parts of %(k)s clear groups: handy for a campaign, but not different kinds of people."
        ) % {"k": advice.k_recommended}
    if evidence is not None and evidence.rejected == "left-out":
        return _(
            "There are gaps between them, but too many customers were left out to be sure: good for a "
            "campaign, no proof of different kinds of people."
        )
    if evidence is not None and evidence.rejected == "misplaced":
        return _(
            "There are gaps between them, but too many values were filled in to be sure who is in which: no "
            "list to rely on for these customers."
        )
    return _(
        "There are no gaps between customers, but these parts come back in other samples: good for a "
        "campaign, no proof of different kinds of people."
    )


def _of_earlier_release(k: int, recommended: int | None, weakest: float | None) -> Verdict:
    """Say it of a run whose groups were judged by silhouette and stability alone."""
    if recommended is None:
        return Verdict("poor", _("There is no clear grouping"), _unclear(k))
    if k != recommended:
        return _asked_for(k, recommended, weakest)
    title = _("%(k)s groups, judged by an earlier release") % {"k": k}
    return Verdict("fair", title, _("Run again to see whether there are gaps between them."))


def _unclear(k: int) -> str:
    return _(
        "The %(k)s segments divide customers into handy parts, but other customers would give other parts. "
        "Other attributes may separate customers better."
    ) % {"k": k}


def _asked_for(k: int, recommended: int, weakest: float | None) -> Verdict:
    title = _("%(k)s segments as requested; %(recommended)s fit these customers better") % {
        "k": k,
        "recommended": recommended,
    }
    level = "fair" if weakest is None or weakest >= DOUBTFUL else "poor"
    return Verdict(level, title, _steadiness(weakest))


def _steadiness(weakest: float | None) -> str:
    if weakest is None:
        return _("Their stability was not measured for this number of segments.")
    values = {"share": format_percent_floored(weakest)}
    if weakest >= STABLE:
        return _("All of them hold on random samples.")
    if weakest >= DOUBTFUL:
        text = _("On random samples, the weakest segment is only %(share)s the same.")
        return text % values
    text = _("On random samples, the weakest segment is only %(share)s the same: do not rely on it.")
    return text % values


@dataclass(frozen=True)
class Candidate:
    """One number of segments that was tried: its scores, what it is, and in which scores it is best."""

    scores: ClusterScores
    roles: Sequence[str]
    best: frozenset[str]
    is_used: bool

    @property
    def k(self) -> int:
        return self.scores.k

    @property
    def smallest(self) -> int:
        return min(self.scores.sizes, default=0)


# The scores, and whether a higher or a lower one is better.
BETTER = {"silhouette": max, "davies_bouldin": min, "calinski_harabasz": max, "stability": max}


def list_candidates(run: SegmentationRun, advice: Advice, scores: SweepScores) -> list[Candidate]:
    """Every k of the sweep, with the best value of each score marked."""
    best = {name: _best_k(scores.rows, name, better) for name, better in BETTER.items()}
    return [
        Candidate(
            row,
            _roles(row.k, run, advice),
            frozenset(name for name, k in best.items() if k == row.k),
            row.k == run.k,
        )
        for row in scores.rows
    ]


def _best_k(rows: Sequence[ClusterScores], name: str, better: object) -> int | None:
    known = [(value, row.k) for row in rows if (value := getattr(row, name)) is not None]
    if not known:
        return None
    # The first of equal ones.
    wanted = (max if better is max else min)(value for value, k in known)
    return next(k for value, k in known if value == wanted)


def _roles(k: int, run: SegmentationRun, advice: Advice) -> list[str]:
    roles = [
        (advice.elbow_k, _("elbow")),
        (advice.k_recommended, _("clear groups")),
        (advice.k_useful, _("useful")),
        (run.k, _("this run")),
    ]
    return [word for role, word in roles if role == k]


def naming_answers(advice: Advice) -> list[CriterionAnswer]:
    """What the criteria that name one k say: whether they agree."""
    return [answer for answer in advice.answers if answer.criterion != STABILITY]


def word_reasons(advice: Advice) -> list[str]:
    """Why, in a few sentences: of a run of an earlier release as it froze them."""
    if advice.verdict is None:
        stability = [answer.sentence for answer in advice.answers if answer.criterion == STABILITY]
        return [sentence for sentence in (*advice.sentences, *stability) if sentence]
    sentences = [word_remark(remark) for remark in advice.reasons]
    if advice.k_recommended is not None:
        sentences.append(_agreement(advice.k_recommended, advice.answers))
    return [sentence for sentence in sentences if sentence]


def word_answer(answer: CriterionAnswer, sweep: ElbowSweep) -> str:
    """What one of the criteria that name a k says."""
    if answer.sentence:
        return answer.sentence
    values = {"k": answer.k, "value": "" if answer.value is None else _number(answer.value)}
    if answer.criterion == "elbow":
        values |= {"first": sweep.ks[0], "last": sweep.ks[-1]}
        if answer.k is None:
            return _("WCSS for k = %(first)s to %(last)s shows no elbow.") % values
        return _("WCSS for k = %(first)s to %(last)s bends most at %(k)s.") % values
    if answer.k is None:
        return _("%(criterion)s cannot be computed here.") % {"criterion": capitalised(_(answer.criterion))}
    if answer.criterion == "Davies-Bouldin":
        return _("Davies-Bouldin is lowest at %(k)s (%(value)s).") % values
    if answer.criterion == "Calinski-Harabasz":
        return _("Calinski-Harabasz is highest at %(k)s (%(value)s).") % values
    return _("Silhouette is highest at %(k)s (%(value)s).") % values


def _number(value: float) -> str:
    return write_number(value, 0 if abs(value) >= 100 else 2)


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


def other_answer(run: SegmentationRun, advice: Advice) -> int | None:
    """The other of the two answers, clear groups and useful segments, where there are both."""
    both = {advice.k_recommended, advice.k_useful} - {None}
    others = both - {run.k}
    return next(iter(others)) if len(both) == 2 and len(others) == 1 else None


@dataclass(frozen=True)
class Bought:
    """What the segments tell of an attribute: the share of its differences that lie between them."""

    name: str
    percent: int


def list_bought(run: SegmentationRun) -> list[Bought]:
    """How far the segments explain each attribute, the most telling first; nothing that they hardly tell."""
    profiles = from_json(ClusterProfiles, run.profiles)
    shares = {each.name: each.explained for each in profiles.numbers}
    ordered = sorted(shares.items(), key=lambda each: -each[1])
    return [Bought(name, round(100 * share)) for name, share in ordered if share >= HARDLY_TOLD][:MOST_BOUGHT]


def sampled(scores: SweepScores) -> int | None:
    """How many customers the silhouettes were measured on, if not on all."""
    return max((row.silhouette_sample for row in scores.rows if not row.silhouette_exact), default=0) or None


def is_approximate(sweep: ElbowSweep) -> bool:
    return not sweep.exact
