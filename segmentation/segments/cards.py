"""Segment cards: what a run's page says about each segment, from what the run froze."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.number_format import format_count, format_percent_floored, format_value
from segmentation.analysis.advice import DOUBTFUL, STABLE
from segmentation.analysis.naming import is_yes_or_no
from segmentation.analysis.results import ClusterProfiles, NumberProfile, TextProfile, TextSummary
from segmentation.comparison.kinship import Counts, Kinship, describe_kinship, find_kinship
from segmentation.comparison.lifecycle import Fate, find_fate
from segmentation.models import Cluster, RunComparison, Segment, SegmentationRun

# Smaller segments are hardly worth a campaign, or are outliers.
SMALL_SHARE, SMALL_COUNT = 0.01, 10
# A larger one says little about its customers.
LARGE_SHARE = 0.6
# Differences named on a card: so many, and none smaller than this many standard deviations.
MOST_DIFFERENCES, NOTABLE = 4, 0.3


@dataclass(frozen=True)
class Difference:
    """One attribute in which a segment differs from everyone, in original units.

    `strength` is in everyone's standard deviations, signed.
    """

    name: str
    value: str
    everyone: str
    strength: float
    is_feature: bool

    @property
    def is_higher(self) -> bool:
        return self.strength > 0


@dataclass(frozen=True)
class Fact:
    """The average of a feature in a segment, or a share of yes, and everyone's where the run froze it."""

    name: str
    value: str
    everyone: str = ""


@dataclass(frozen=True)
class Caution:
    """`level` is poor or fair; `title` is one word for it."""

    level: str
    title: str
    sentence: str


@dataclass(frozen=True)
class News:
    """What happened to a segment since the previous run."""

    fate: Fate
    sentence: str


@dataclass(frozen=True)
class Card:
    cluster: Cluster
    description: str
    differences: Sequence[Difference]
    warnings: Sequence[Caution]
    news: News | None


@dataclass(frozen=True)
class Earlier:
    """The run before: its clusters by segment, and how many went from which label to which.

    `flows` is `None` where nobody has counted them, a page does not; then no kinship is known either.
    """

    run: SegmentationRun
    clusters: Mapping[int, Cluster]
    flows: Counts | None
    kinship: Kinship


@dataclass(frozen=True)
class Gone:
    """A segment of the previous run that this one did not find, and what became of it, if that is known."""

    segment: Segment
    sentence: str


def find_earlier(run: SegmentationRun) -> Earlier | None:
    """The run before of the same segmentation, with its clusters; `None` if this is the first."""
    runs = SegmentationRun.objects.before(run).select_related("job")
    earlier = runs.only("segmentation", "job__finished_at").first()
    if earlier is None:
        return None
    shown = ("run", "segment", "label", "size", "segment__name", "segment__colour")
    clusters = Cluster.objects.filter(run=earlier).select_related("segment").only(*shown)
    kept = RunComparison.objects.filter(before=earlier, after=run).only("flows").first()
    flows = kept.counts if kept else None
    kinship = find_kinship(clusters, run.clusters.all(), flows)
    return Earlier(earlier, {each.segment_id: each for each in clusters}, flows, kinship)


def make_cards(
    run: SegmentationRun, clusters: Sequence[Cluster], profiles: ClusterProfiles, earlier: Earlier | None
) -> list[Card]:
    """One card for each cluster, in their order."""
    cards = []
    for cluster in clusters:
        differences = find_differences(profiles, cluster.label)
        warnings = find_warnings(cluster, run.customer_count)
        cards.append(Card(cluster, describe(differences), differences, warnings, find_news(cluster, earlier)))
    return cards


def describe(differences: Sequence[Difference]) -> str:
    """One line: where they are above everyone, where below."""
    higher = get_text_list([each.name for each in differences if each.is_higher], _("and"))
    lower = get_text_list([each.name for each in differences if not each.is_higher], _("and"))
    if higher and lower:
        text = _("Above average in %(higher)s; below it in %(lower)s.")
        return text % {"higher": higher, "lower": lower}
    if higher:
        return _("Above average in %(higher)s.") % {"higher": higher}
    return _("Below average in %(lower)s.") % {"lower": lower} if lower else _("Close to average.")


def find_gone(earlier: Earlier | None, clusters: Sequence[Cluster]) -> list[Gone]:
    """The segments of the previous run that this one did not find."""
    if earlier is None:
        return []
    found = {cluster.segment_id for cluster in clusters}
    lost = [each.segment for each in earlier.clusters.values() if each.segment_id not in found]
    return [Gone(segment, describe_kinship(segment.pk, earlier.kinship)) for segment in lost]


def find_differences(profiles: ClusterProfiles, label: int) -> list[Difference]:
    """Where a cluster differs most from everyone: features or not, numbers or texts, strongest first."""
    one_hot = tuple(f"{text.name}: " for text in profiles.texts if text.is_feature)
    numbers = [each for each in profiles.numbers if not (one_hot and each.name.startswith(one_hot))]
    found = [*_number_differences(numbers, label), *_text_differences(profiles.texts, label)]
    notable = [each for each in found if abs(each.strength) >= NOTABLE]
    return sorted(notable, key=lambda each: -abs(each.strength))[:MOST_DIFFERENCES]


def list_facts(profiles: ClusterProfiles, cluster: Cluster) -> list[Fact]:
    """The features of a run, as they are in one of its clusters and in everyone."""
    known = {profile.name: profile for profile in profiles.numbers}
    return [_fact(name, value, known.get(name), cluster.label) for name, value in cluster.features]


def _fact(name: str, middle: float, profile: NumberProfile | None, label: int) -> Fact:
    if profile is None or profile.everyone.mean is None:
        return Fact(name, format_value(middle))
    write, mean = _writer(profile), profile.clusters[label].mean
    return Fact(name, write(middle if mean is None else mean), write(profile.everyone.mean))


def _writer(profile: NumberProfile) -> Callable[[float], str]:
    """How its averages are written: those of yes and no as shares."""
    return format_percent_floored if is_yes_or_no(profile) else format_value


def _number_differences(numbers: Sequence[NumberProfile], label: int) -> Iterator[Difference]:
    for profile in numbers:
        strength, mean = profile.standard_differences[label], profile.clusters[label].mean
        if strength is not None and mean is not None and profile.everyone.mean is not None:
            write = _writer(profile)
            values = (write(mean), write(profile.everyone.mean))
            yield Difference(profile.name, *values, strength, profile.is_feature)


def _text_differences(texts: Sequence[TextProfile], label: int) -> Iterator[Difference]:
    """Of each text attribute the value whose share differs most."""
    for profile in texts:
        everyone, cluster = _shares(profile.everyone), _shares(profile.clusters[label])
        # Only frequent values are frozen: one that a cluster does not list may still be in it.
        is_whole = len(cluster) == profile.clusters[label].n_distinct
        strengths = {
            value: (cluster.get(value, 0.0) - share) / math.sqrt(share * (1 - share))
            for value, share in everyone.items()
            if 0 < share < 1 and (value in cluster or is_whole)
        }
        if strengths:
            value = max(strengths, key=lambda each: abs(strengths[each]))
            shares = (
                format_percent_floored(cluster.get(value, 0.0)),
                format_percent_floored(everyone[value]),
            )
            yield Difference(f"{profile.name}: {value}", *shares, strengths[value], profile.is_feature)


def _shares(summary: TextSummary) -> dict[str, float]:
    known = summary.count - summary.missing
    return {value: count / known for value, count in summary.values} if known else {}


def find_warnings(cluster: Cluster, total: int) -> list[Caution]:
    """What to consider before relying on a segment."""
    warnings, share = [], cluster.size / total if total else 0.0
    if share < SMALL_SHARE or cluster.size < SMALL_COUNT:
        text = ngettext(
            "Only %(count)s customer: too few to plan for, and perhaps just outliers.",
            "Only %(count)s customers: too few to plan for, and perhaps just outliers.",
            cluster.size,
        )
        warnings.append(Caution("poor", _("tiny"), text % {"count": format_count(cluster.size)}))
    if share > LARGE_SHARE:
        text = _("More than 60 % of all customers are in it: try more segments, or other attributes.")
        warnings.append(Caution("fair", _("very large"), text))
    if cluster.stability is not None and cluster.stability < STABLE:
        warnings.append(_unsteady(cluster.stability))
    return warnings


def _unsteady(stability: float) -> Caution:
    values = {"share": format_percent_floored(stability)}
    if stability < DOUBTFUL:
        text = _("On random samples it is only %(share)s the same: do not rely on it.")
        return Caution("poor", _("doubtful"), text % values)
    text = _("On random samples it is only %(share)s the same: its borders are vague.")
    return Caution("fair", _("unstable"), text % values)


def find_news(cluster: Cluster, earlier: Earlier | None) -> News | None:
    """What happened to a segment since the previous run; nothing in a first run."""
    if earlier is None:
        return None
    before = earlier.clusters.get(cluster.segment_id)
    fate = find_fate(cluster.segment, before, cluster, earlier.run.job.finished_at, earlier.kinship)
    kin = describe_kinship(cluster.segment_id, earlier.kinship)
    if before is not None:
        return News(fate, f"{_describe_change(before, cluster, earlier.flows)} {kin}".rstrip())
    if kin:
        return News(fate, kin)
    if fate == "found again":
        return News(fate, _("The previous run had no such segment, but an earlier one did."))
    return News(fate, _("The previous run had no such segment."))


def _describe_change(before: Cluster, after: Cluster, flows: Counts | None) -> str:
    """How many stayed and joined, if counted; else how the size has changed."""
    if flows is None:
        return _describe_growth(after.size - before.size)
    stayed = flows.get((before.label, after.label), 0)
    then = sum(size for (label, _now), size in flows.items() if label == before.label)
    came = sum(size for (_then, label), size in flows.items() if label == after.label) - stayed
    if stayed == then and not came:
        text = ngettext("Its only customer stayed.", "All of its %(then)s customers stayed.", then)
    else:
        text = ngettext(
            "%(stayed)s of its %(then)s customer stayed, %(came)s joined.",
            "%(stayed)s of its %(then)s customers stayed, %(came)s joined.",
            then,
        )
    return text % {"stayed": format_count(stayed), "then": format_count(then), "came": format_count(came)}


def _describe_growth(by: int) -> str:
    if by == 0:
        return _("As many customers as in the previous run.")
    if by > 0:
        text = ngettext(
            "%(count)s customer more than in the previous run.",
            "%(count)s customers more than in the previous run.",
            by,
        )
    else:
        text = ngettext(
            "%(count)s customer fewer than in the previous run.",
            "%(count)s customers fewer than in the previous run.",
            -by,
        )
    return text % {"count": format_count(abs(by))}
