"""Are there groups, and how many? What is cheap comes first, the rest only for the k that are left.

A group is clear where every border is a valley: that decides, and stability and one population with the same
columns only veto. `docs/truth.md` has the figures behind every threshold here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from segmentation.analysis.results import ElbowSweep, FeatureMatrix, KLimits, SweepScores
from segmentation.analysis.threads import single_threaded
from segmentation.analysis.verdict.evidence import KEvidence, Kind, Verdict
from segmentation.analysis.verdict.judging import FEWEST_CUSTOMERS, Judging

# Values that differ by less than this share of their size differ by rounding.
HARDLY_DIFFERENT = 1e-6
# Groups are useful and not called clear where more customers took no part (they may fill the gaps), or where
# more stand in another group for want of a value.
MOST_LEFT_OUT, MOST_MISPLACED = 0.10, 0.08
# Touching groups are the answer only where they are so much better than fewer groups with valleys everywhere.
MUCH_BETTER = 0.10
# The k in force stays unless another has a silhouette, or useful segments a steadiness, higher by this much.
KEPT_CLEAR, KEPT_USEFUL = 0.05, 0.15
USEFUL_KS, USEFUL_STEADY, USEFUL_SHARE, USEFUL_SMALLEST, USEFUL_TIE = (4, 8), 0.60, 0.02, 10, 0.10


@single_threaded
def judge_sweep(
    features: FeatureMatrix,
    sweep: ElbowSweep,
    scores: SweepScores,
    *,
    limits: KLimits | None = None,
    published_k: int | None = None,
) -> Verdict:
    """Decide whether there are clear groups, useful segments or nothing to go by.

    Parameters
    ----------
    features : FeatureMatrix
    sweep : ElbowSweep
    scores : SweepScores
    limits : KLimits or None
        Only k within the limits are recommended or called useful.
    published_k : int or None
        The k in force, which stays unless another is clearly better: see `KEPT_CLEAR`, `KEPT_USEFUL`.
    """
    limits = limits or KLimits()
    if len(hardly_different(features)) == len(features.names):
        return Verdict("nothing", None, None)
    judging = Judging(features, sweep)
    rows = [judging.seen(row) for row in map(judging.known, scores.rows) if row is not None]
    allowed = [row for row in rows if _within(row, limits, judging.n_samples)]
    clear = _clearest(judging, allowed, published_k)
    judged = {row.k: row for row in (*rows, *clear.tried)}
    unlimited = clear.k
    if len(allowed) < len(rows):
        unlimited = _clearest(judging, list(judged.values()), published_k).k or clear.k
    useful = _Useful(None, None)
    if clear.k is None or clear.k == 2:
        candidates = _useful_candidates(list(judged.values()), limits, judging.n_samples)
        stable = [judging.with_stability(row) for row in candidates]
        judged |= {row.k: row for row in stable}
        useful = _steadiest(stable, published_k)
    if clear.k is not None and (doubt := _doubt(judging, features, clear.k)):
        judged[clear.k] = replace(judged[clear.k], rejected=doubt)
        clear, useful = _Clear(None, None, ()), _Useful(clear.k, clear.better)
    kind: Kind = "clear" if clear.k else "useful" if useful.k else "nothing"
    better = clear.better if clear.k else useful.better
    free = unlimited if clear.k and unlimited != clear.k else None
    return Verdict(kind, clear.k, useful.k, tuple(judged.values()), better_k=better, k_unlimited=free)


def _doubt(judging: Judging, features: FeatureMatrix, k: int) -> str:
    """Return why groups with gaps between them are not clear all the same, or nothing."""
    if features.left_out > MOST_LEFT_OUT * len(features.kept):
        return "left-out"
    return "misplaced" if judging.misplaced(k) > MOST_MISPLACED else ""


def hardly_different(features: FeatureMatrix) -> list[str]:
    """Return the names of features whose values differ by rounding only."""
    return [
        name
        for name, column in zip(features.names, features.values.T, strict=True)
        if float(column.max() - column.min()) < HARDLY_DIFFERENT * float(np.abs(column).max())
    ]


@dataclass(frozen=True)
class _Clear:
    """The number of clear groups, if any, and the evidence of each k that was looked at closely.

    `better` is another k that is a little better, where the one in force was kept.
    """

    k: int | None
    better: int | None
    tried: tuple[KEvidence, ...]


def _clearest(judging: Judging, rows: Sequence[KEvidence], published_k: int | None) -> _Clear:
    """Find the largest k of clear groups, or touching groups that are much better.

    The largest comes first, so that nothing is measured that the answer does not hang on.
    """
    tried: dict[int, KEvidence] = {}

    def passes(row: KEvidence) -> bool:
        if row.k not in tried:
            tried[row.k] = judging.examined(row)
        return not tried[row.k].rejected

    best = next((row for row in reversed(rows) if row.level == "clear" and passes(row)), None)
    touching = sorted((row for row in rows if row.level == "nearly"), key=lambda row: -row.silhouette)
    if best is not None:
        touching = [row for row in touching if row.silhouette >= best.silhouette + MUCH_BETTER]
    best = next((row for row in touching if passes(row)), best)
    better = None
    rivals = [row for row in rows if row.k == published_k and row.level in ("clear", "nearly")]
    if best is not None and best.k != published_k:
        near = [row for row in rivals if best.silhouette < row.silhouette + KEPT_CLEAR and passes(row)]
        if near:
            best, better = near[0], best.k
    return _Clear(None if best is None else best.k, better, tuple(tried.values()))


def _within(row: KEvidence, limits: KLimits, n_samples: int) -> bool:
    lowest = 1 if limits.k_min is None else limits.k_min
    highest = row.k if limits.k_max is None else limits.k_max
    return lowest <= row.k <= highest and row.smallest >= limits.min_share * n_samples


def _useful_candidates(rows: Sequence[KEvidence], limits: KLimits, n_samples: int) -> list[KEvidence]:
    """Return the k that useful segments may have: 4 to 8 or the team's limits, none of them tiny."""
    highest = USEFUL_KS[1] if limits.k_max is None else limits.k_max
    lowest = min(USEFUL_KS[0], highest) if limits.k_min is None else limits.k_min
    smallest = max(max(USEFUL_SHARE, limits.min_share) * n_samples, USEFUL_SMALLEST)
    if n_samples < FEWEST_CUSTOMERS:
        return []
    return [row for row in rows if lowest <= row.k <= max(highest, lowest) and row.smallest >= smallest]


@dataclass(frozen=True)
class _Useful:
    """The number of useful segments, if any; `better` as in `_Clear`."""

    k: int | None
    better: int | None


def _steadiest(rows: Sequence[KEvidence], published_k: int | None) -> _Useful:
    """Return the k whose segments come back for most customers, of about equals the fewest."""
    # Not the least steady segment: which local optimum a sweep ends in moves it too much.
    found = {row.k: row.steadiness or 0.0 for row in rows}
    steady = {k: steadiness for k, steadiness in found.items() if steadiness >= USEFUL_STEADY}
    if not steady:
        return _Useful(None, None)
    most = max(steady.values())
    best = min(k for k, steadiness in steady.items() if steadiness >= most - USEFUL_TIE)
    if published_k in steady and published_k != best and steady[published_k] >= most - KEPT_USEFUL:
        return _Useful(published_k, best)
    return _Useful(best, None)
