"""Segment cards: what a run's page says about each segment, from what the run froze."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.number_format import format_count, format_percent_floored, format_value
from segmentation.analysis.advice import DOUBTFUL, STABLE
from segmentation.analysis.results import ClusterProfiles, NumberProfile
from segmentation.analysis.words import naming
from segmentation.analysis.words.traits import Trait, find_traits, is_yes_or_no, telling
from segmentation.comparison.kinship import Counts, Kinship, describe_kinship, find_kinship
from segmentation.comparison.lifecycle import Fate, find_fate
from segmentation.models import Cluster, RunComparison, Segment, SegmentationRun

# Smaller segments are hardly worth a campaign, or are outliers.
SMALL_SHARE, SMALL_COUNT = 0.01, 10
# A larger one says little about its customers.
LARGE_SHARE = 0.6
# Differences named on a card at most.
MOST_DIFFERENCES = 4


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
        sentence = describe(profiles, cluster.label, differences)
        warnings = find_warnings(cluster, run.customer_count)
        cards.append(Card(cluster, sentence, differences, warnings, find_news(cluster, earlier)))
    return cards


def describe(profiles: ClusterProfiles, label: int, differences: Sequence[Difference]) -> str:
    """One line: of what they have more than others, and of what less; in full where that is little."""
    more = get_text_list([each.name for each in differences if each.is_higher], _("and"))
    less = get_text_list([each.name for each in differences if not each.is_higher], _("and"))
    if more and less:
        return _("More than others: %(more)s. Less: %(less)s.") % {"more": more, "less": less}
    if more:
        return _("More than others: %(more)s.") % {"more": more}
    if less:
        return _("Less than others: %(less)s.") % {"less": less}
    return naming.describe(profiles.numbers, label, profiles.texts)


def find_gone(earlier: Earlier | None, clusters: Sequence[Cluster]) -> list[Gone]:
    """The segments of the previous run that this one did not find."""
    if earlier is None:
        return []
    found = {cluster.segment_id for cluster in clusters}
    lost = [each.segment for each in earlier.clusters.values() if each.segment_id not in found]
    return [Gone(segment, describe_kinship(segment.pk, earlier.kinship)) for segment in lost]


def find_differences(profiles: ClusterProfiles, label: int) -> list[Difference]:
    """Where a cluster differs most from everyone: features or not, numbers or texts, strongest first."""
    traits = telling(find_traits(profiles.numbers, profiles.texts, label))
    return [_difference(trait) for trait in traits[:MOST_DIFFERENCES]]


def _difference(trait: Trait) -> Difference:
    write = format_percent_floored if trait.choices or trait.is_yes_or_no else format_value
    name = f"{trait.attribute}: {trait.value}" if trait.choices else trait.attribute
    if trait.is_median:
        name = _("%(attribute)s (median)") % {"attribute": name}
    return Difference(name, write(trait.here), write(trait.everyone), trait.strength, trait.is_feature)


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
