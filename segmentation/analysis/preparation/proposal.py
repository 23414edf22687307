"""Which attributes are proposed as features, and why each is or is not: what an expert would take.

Attributes are ranked by what their names say. First come amounts, counts, scores and the date of the last
order; then other numbers; then what customers are (age, children) and other dates; then yes/no numbers. A
rank is taken only while fewer than two attributes are: of income, spending score and age the first two are
taken, for age says little about what somebody buys, and beside two others it hides what they show.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from segmentation.analysis.preparation.columns import ColumnSummary
from segmentation.analysis.preparation.logarithms import LARGEST_VALUE, choose_logarithms
from segmentation.analysis.preparation.names import (
    is_code,
    is_demographic,
    is_identity,
    is_latest,
    is_numbered,
    is_sensitive,
    is_value,
)
from segmentation.analysis.preparation.texts import MAX_VALUES
from segmentation.analysis.samples import BoolArray

# More features than this blur each other.
MOST_PRESELECTED = 8
ENOUGH = 2
# With a larger share of missing values an attribute is not taken; nor where all taken leave so many out.
MOSTLY = 0.5
# One value for so many customers tells only the rest apart.
NEARLY_ALL = 0.95
# A code has few values; a text of this mean length, or nearly all different, is written freely.
FEW_VALUES = 100
FREE_TEXT_LENGTH = 40
DIFFERENT = 0.5
# A running number has few gaps; so few rows prove nothing.
FEWEST_NUMBERED = 50
RUNNING = 1.1
# Whole numbers as long as a telephone number, all different; larger floats are whole by rounding.
LONG_NUMBER, LARGEST_WHOLE = 1e9, 2.0**53

NEVER = frozenset(["empty", "identity", "constant"])
# Taken one after the other, until there are enough.
RANKS = (("value", "latest"), ("number",), ("demographic", "date"), ("yes-no",))


@dataclass(frozen=True)
class AttributeProposal:
    """Whether an attribute is proposed as a feature, and why.

    Attributes
    ----------
    name, kind
        As in `ColumnSummary`.
    is_used
        Whether it is preselected.
    code
        Why: preselected ones have a rank (`value`, `latest`, `number`, `demographic`, `date`, `yes-no`),
        as have those that were not needed any more; others `empty`, `identity`, `constant`, `duplicate`,
        `code`, `sensitive`, `mostly-missing`, `together-missing`, `nearly-constant`, `too-large`,
        `too-many`; texts `text`, `many-values`, `free-text`.
    values
        What the sentence about it needs: `other` for a duplicate, `customers` left out, `share`, `count`.
    """

    name: str
    kind: str
    is_used: bool
    code: str
    values: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def is_offered(self) -> bool:
        """Whether it may be chosen at all."""
        return self.code not in NEVER and (self.kind != "text" or self.code in {"text", "sensitive"})


def propose_features(
    summaries: Sequence[ColumnSummary], present: Mapping[str, BoolArray]
) -> tuple[AttributeProposal, ...]:
    """Propose which attributes are used, in the order of the summaries.

    Parameters
    ----------
    summaries : sequence of ColumnSummary
    present : mapping of name to ndarray of bool of shape (n_sampled,)
        Which customers of the sample have a value, of numbers and dates.
    """
    judged: dict[str, AttributeProposal] = {}
    for summary in summaries:
        code, values = _judge(summary, judged)
        judged[summary.name] = AttributeProposal(summary.name, summary.kind, False, code, values)
    customers = max((each.counts.known + each.counts.missing for each in summaries), default=0)
    return tuple(_choose(judged, present, customers).values())


def propose_logarithms(summaries: Iterable[ColumnSummary], names: Sequence[str]) -> tuple[str, ...]:
    """Return for which of the chosen numbers and dates a logarithm is taken."""
    chosen = [each for each in summaries if each.name in names and each.kind != "text"]
    taken = choose_logarithms([each.skewness for each in chosen])
    return tuple(each.name for each, is_taken in zip(chosen, taken, strict=True) if is_taken)


Judgement = tuple[str, dict[str, str | float]]


def _judge(summary: ColumnSummary, judged: Mapping[str, AttributeProposal]) -> Judgement:
    """Return the code of one attribute by itself and beside the earlier ones."""
    if not summary.counts.known:
        return "empty", {}
    if summary.kind != "text" and (is_identity(summary.name) or _looks_like_identity(summary)):
        return "identity", {}
    if summary.distinct == 1 and summary.counts.minimum == summary.counts.maximum:
        return "constant", {}
    if summary.kind == "text":
        return _judge_text(summary)
    twins = [name for name in summary.duplicate_of if judged[name].code not in {"duplicate", *NEVER}]
    if twins:
        return "duplicate", {"other": twins[0]}
    if is_sensitive(summary.name):
        return "sensitive", {}
    if summary.missing_share > MOSTLY:
        return "mostly-missing", {"customers": summary.counts.missing, "share": summary.missing_share}
    return (_judge_date if summary.kind == "date" else _judge_number)(summary)


def _judge_text(summary: ColumnSummary) -> Judgement:
    if is_identity(summary.name):
        return "identity", {}
    if summary.distinct > MAX_VALUES:
        is_free = summary.mean_length > FREE_TEXT_LENGTH or summary.distinct > DIFFERENT * summary.sampled
        return ("free-text" if is_free else "many-values"), {"count": summary.distinct}
    return ("sensitive" if is_sensitive(summary.name) else "text"), {}


def _judge_date(summary: ColumnSummary) -> Judgement:
    if is_demographic(summary.name):
        return "demographic", {}
    if is_latest(summary.name):
        return "latest", {}
    return "date", {}


def _judge_number(summary: ColumnSummary) -> Judgement:
    reach = max(abs(summary.counts.minimum or 0), abs(summary.counts.maximum or 0))
    if reach > LARGEST_VALUE:
        return "too-large", {}
    if summary.is_whole and summary.distinct <= FEW_VALUES and is_code(summary.name):
        return "code", {"count": summary.distinct}
    if summary.distinct == 2:
        return "yes-no", {}
    if summary.largest_share > NEARLY_ALL:
        return "nearly-constant", {"share": summary.largest_share}
    if is_demographic(summary.name):
        return "demographic", {}
    return ("value" if is_value(summary.name) else "number"), {}


def _looks_like_identity(summary: ColumnSummary) -> bool:
    """Return whether its whole numbers, all different, count the rows or are as long as a phone number.

    Where the name says how much or how often, only rows counted without a gap do not look like that.
    """
    low, high = summary.counts.minimum, summary.counts.maximum
    if summary.kind != "number" or not summary.is_whole or low is None or high is None:
        return False
    if summary.sampled < FEWEST_NUMBERED or summary.distinct < summary.sampled:
        return False
    if is_demographic(summary.name):
        return False
    width, known = high - low + 1, summary.counts.known
    if is_numbered(summary.name) or width == known:
        return True
    if is_value(summary.name):
        return False
    is_long = LONG_NUMBER <= low <= high < LARGEST_WHOLE
    return is_long or width <= RUNNING * known


def _choose(
    judged: dict[str, AttributeProposal], present: Mapping[str, BoolArray], customers: int
) -> dict[str, AttributeProposal]:
    """Preselect rank by rank until there are enough."""
    complete: BoolArray | None = None
    n_used = 0
    for rank in RANKS:
        if n_used >= ENOUGH:
            break
        for name, proposal in judged.items():
            if proposal.code not in rank:
                continue
            both = present[name] if complete is None else complete & present[name]
            if both.mean() < 1 - MOSTLY:
                left_out = {"customers": round(customers * float(1 - both.mean()))}
                judged[name] = _with_code(proposal, "together-missing", left_out)
            elif n_used == MOST_PRESELECTED:
                judged[name] = _with_code(proposal, "too-many", {"limit": MOST_PRESELECTED})
            else:
                complete, n_used = np.asarray(both), n_used + 1
                judged[name] = AttributeProposal(name, proposal.kind, True, proposal.code, proposal.values)
    return judged


def _with_code(
    proposal: AttributeProposal, code: str, values: Mapping[str, str | float]
) -> AttributeProposal:
    return AttributeProposal(proposal.name, proposal.kind, False, code, values)
