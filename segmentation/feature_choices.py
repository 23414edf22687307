"""What the form “Find segments” shows of each attribute, and of the customers that a choice uses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.number_format import format_count, format_value
from customers.models import Attribute, Dataset
from customers.overview import AttributeOverview, kept_overview
from segmentation.analysis.preparation.columns import ColumnSummary
from segmentation.analysis.preparation.proposal import AttributeProposal
from segmentation.analysis.preparation.wording import explain
from segmentation.models import Missing, Scaling
from segmentation.runs.proposals import DatasetProposal, count_customers, is_counted, propose

Bar = tuple[int, float, float]
# Nothing is gained by it, however skewed they are.
WITHOUT_LOGARITHM = {"code", "duplicate", "nearly-constant"}
# A choice that leaves out more than this share of the customers deserves a word.
MANY = 0.5


@dataclass(frozen=True)
class FeatureChoice:
    """One attribute of the form: its values in words, why it is proposed or not, and small pictures.

    `bars` and `log_bars` are x, y and height of a histogram in a box of 160 by 100, where a logarithm would
    serve.
    """

    number: int
    name: str
    is_text: bool
    is_used: bool
    is_offered: bool
    values: str
    reason: str
    bars: Sequence[Bar] = ()
    log_bars: Sequence[Bar] = ()


@dataclass(frozen=True)
class ChoiceGroups:
    """The attributes as the form shows them; the last ones cannot be chosen."""

    proposed: list[FeatureChoice]
    others: list[FeatureChoice]
    texts: list[FeatureChoice]
    unusable: list[FeatureChoice]


@dataclass(frozen=True)
class Participants:
    """How many customers a choice of features uses, and which logarithms it takes."""

    chosen: int
    customers: int
    total: int
    logarithms: Sequence[str]
    is_filled: bool

    @property
    def left_out(self) -> int:
        return self.total - self.customers

    @property
    def leaves_out_many(self) -> bool:
        return self.left_out > MANY * self.total


class FeatureChoices:
    """The attributes of a dataset as choices; nothing is proposed before its values are counted."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.is_counted = is_counted(dataset)
        self.proposal = propose(dataset) if self.is_counted else DatasetProposal()
        self.all = self._make_choices()

    def _make_choices(self) -> list[FeatureChoice]:
        known = kept_overview(self.dataset)
        proposed = {each.name: each for each in self.proposal.attributes}
        columns = {each.name: each for each in self.proposal.columns}
        choices = []
        for number, attribute in enumerate(self.dataset.attributes.all()):
            name, found = attribute.name, proposed.get(attribute.name)
            column = columns.get(name)
            is_eased = column is not None and found is not None and self._takes_logarithm(found)
            choices.append(
                FeatureChoice(
                    number=number,
                    name=name,
                    is_text=attribute.kind == Attribute.Kind.TEXT,
                    is_used=found is not None and found.is_used,
                    is_offered=found is None or found.is_offered,
                    values=_describe(attribute, known.get(attribute), column),
                    reason=explain(found) if found is not None else "",
                    bars=_bars(column.bars) if column and is_eased else (),
                    log_bars=_bars(column.log_bars) if column and is_eased else (),
                )
            )
        return choices

    def _takes_logarithm(self, attribute: AttributeProposal) -> bool:
        """Whether a logarithm is proposed for it, beside those that are proposed as features."""
        if attribute.code in WITHOUT_LOGARITHM:
            return False
        return attribute.name in self.proposal.logarithms([*self.proposal.used, attribute.name])

    def grouped(self, given: Collection[str]) -> ChoiceGroups:
        """The choices in groups; those that are `given` can be chosen in any case."""
        offered = [each for each in self.all if each.is_offered or each.name in given]
        measured = [each for each in offered if not each.is_text]
        return ChoiceGroups(
            proposed=[each for each in measured if each.is_used],
            others=[each for each in measured if not each.is_used],
            texts=[each for each in offered if each.is_text],
            unusable=[each for each in self.all if each not in offered],
        )

    def participants(
        self, names: Collection[str], *, missing: str, scaling: str, log1p: Sequence[str] | None
    ) -> Participants:
        """What these features lead to; `log1p` is `None` where it is proposed."""
        chosen = [each for each in self.dataset.attributes.all() if each.name in names]
        total, is_filled = self.dataset.customer_count, missing == Missing.MEDIAN
        if log1p is None:
            log1p = (
                () if scaling == Scaling.NONE else self.proposal.logarithms([each.name for each in chosen])
            )
        return Participants(
            chosen=len(chosen),
            customers=total if is_filled else count_customers(self.dataset, chosen),
            total=total,
            logarithms=[each.name for each in chosen if each.name in log1p],
            is_filled=is_filled,
        )


def _bars(counts: Sequence[int]) -> list[Bar]:
    most = max(counts, default=0)
    return [
        (10 * index, 100 - 100 * count / most, 100 * count / most)
        for index, count in enumerate(counts)
        if count
    ]


def _describe(attribute: Attribute, overview: AttributeOverview | None, column: ColumnSummary | None) -> str:
    """The range of the values, where they are counted."""
    if overview is None:
        return ""
    if not overview.known:
        return _("no values")
    if attribute.kind == Attribute.Kind.TEXT:
        words = _("%(count)s different texts") % {"count": format_count(column.distinct)} if column else ""
    elif overview.minimum is None or overview.maximum is None:
        return ""
    elif overview.minimum == overview.maximum:
        return _write_end(attribute, overview, overview.minimum)
    else:
        ends = {
            "low": _write_end(attribute, overview, overview.minimum),
            "high": _write_end(attribute, overview, overview.maximum),
        }
        words = _("%(low)s to %(high)s") % ends
    if overview.missing:
        words += _(", %(count)s missing") % {"count": format_count(overview.missing)}
    return words


def _write_end(attribute: Attribute, overview: AttributeOverview, value: float) -> str:
    if attribute.is_number:
        return format_value(value)
    return date_format(overview.first_day if value == overview.minimum else overview.last_day)
