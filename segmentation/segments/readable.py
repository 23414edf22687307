"""The short rules of a run in words: what customers of a segment have in common, and how often that holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from common.i18n import join_words
from common.number_format import format_count, format_percent_floored
from customers.lists.cells import write_value
from segmentation.analysis.results import from_json
from segmentation.analysis.rules.readable import Condition, ReadableRule
from segmentation.models import Cluster, SegmentationRun
from segmentation.segments.rules import model_of

WORDS = {
    "at-least": gettext_noop("%(feature)s at least %(number)s"),
    "below": gettext_noop("%(feature)s below %(number)s"),
    "is": gettext_noop("%(feature)s: %(value)s"),
    "is-not": gettext_noop("%(feature)s: not %(value)s"),
    "yes": gettext_noop("%(feature)s: yes"),
    "no": gettext_noop("%(feature)s: no"),
}


@dataclass(frozen=True)
class RuleInWords:
    """`boxes` are alternatives, a line each; `measured` says how often the rule holds."""

    boxes: Sequence[str]
    measured: str


def word_rule_of(cluster: Cluster) -> RuleInWords | None:
    """The short rule of a segment; `None` where none holds well enough."""
    rule = next((each for each in rules_of(cluster.run) if each.label == cluster.label), None)
    return None if rule is None else word_rule(rule)


def write_rules_in_words(run: SegmentationRun) -> str:
    """Write the short rule of every segment, for people.

    Raises
    ------
    NoRuleError
        The run has no segments, or an earlier release made it.
    """
    model_of(run)
    rules = {rule.label: word_rule(rule) for rule in rules_of(run)}
    clusters = run.clusters.select_related("segment").order_by("number")
    return "\n\n".join(_write(cluster, rules.get(cluster.label)) for cluster in clusters)


def _write(cluster: Cluster, rule: RuleInWords | None) -> str:
    head = f"{cluster.number}. {cluster.segment.name}"
    if rule is None:
        return f"{head}\n   {_('No short rule is known to tell them from others in four of five cases.')}"
    joint = f"\n   {_('or')} "
    return f"{head}\n   {joint.join(rule.boxes)}\n   {rule.measured}"


def rules_of(run: SegmentationRun) -> list[ReadableRule]:
    return [from_json(ReadableRule, kept) for kept in run.readable_rules]


def word_rule(rule: ReadableRule) -> RuleInWords:
    return RuleInWords([_word_box(box) for box in rule.boxes], _word_measure(rule))


def _word_box(box: Sequence[Condition]) -> str:
    told = [
        words
        for _feature, conditions in groupby(box, attrgetter("feature"))
        for words in _word_feature(list(conditions))
    ]
    return join_words(told)


def _word_feature(conditions: Sequence[Condition]) -> Iterator[str]:
    """What is asked of one feature: both limits at once, and texts one by one."""
    tests = {each.test: each for each in conditions}
    if {"at-least", "below"} <= tests.keys():
        limits = {test: write_value(tests[test].number) for test in ("at-least", "below")}
        text = _("%(feature)s from %(low)s to below %(high)s")
        yield text % {
            "feature": conditions[0].feature,
            "low": limits["at-least"],
            "high": limits["below"],
        }
        return
    for each in conditions:
        values = {"feature": each.feature, "value": each.text, "number": write_value(each.number)}
        yield _(WORDS[each.test]) % values


def _word_measure(rule: ReadableRule) -> str:
    text = ngettext(
        "Of %(fitting)s customer who fits, %(precision)s is in it; of the segment %(coverage)s fit.",
        "Of %(fitting)s customers who fit, %(precision)s are in it; of the segment %(coverage)s fit.",
        rule.fitting,
    )
    checked = _("Measured on %(count)s customers who were not used to make the rule.")
    values = {
        "fitting": format_count(rule.fitting),
        "precision": format_percent_floored(rule.precision),
        "coverage": format_percent_floored(rule.coverage),
    }
    return f"{text % values} {checked % {'count': format_count(rule.measured_on)}}"
