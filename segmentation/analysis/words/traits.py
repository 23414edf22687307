"""What each attribute says of a cluster: how far from everyone, by the scale that the run used.

Names, sentences and cards are made of these, so that they agree.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from segmentation.analysis.results import NumberProfile, NumberSummary, TextProfile, TextSummary
from segmentation.analysis.words.wording import short_attribute_names

# Differences in standard deviations from which they are told; slight ones where there are no others.
NOTABLE, SLIGHT = 0.5, 0.2
# A mean that differs by this share of everyone's is not called average.
APART = 0.25
# Of a text what they have more often is told, unless another value is so much rarer.
RATHER_MORE = 0.75


@dataclass(frozen=True)
class Choice:
    """One value of a text, and the shares of those who have it."""

    value: str
    here: float
    everyone: float


@dataclass(frozen=True)
class Trait:
    """What one attribute says of one cluster.

    Attributes
    ----------
    strength
        The difference to everyone in standard deviations: of the logarithms where the run took them. Of a
        text that of the value whose share differs most.
    here, everyone
        Means of a number in original units, and shares of yes or of that value.
    is_median
        Whether they are medians instead: after a logarithm means may say the opposite.
    is_apart
        Whether the mean differs by a quarter of everyone's.
    is_nothing
        Whether all of them have zero, and others more.
    short
        The attribute as names have it, which no other one is mistaken for.
    value, choices
        Of a text: that value, and all that are known, the most frequent first.
    """

    attribute: str
    strength: float
    is_feature: bool
    here: float
    everyone: float
    is_yes_or_no: bool = False
    is_median: bool = False
    is_apart: bool = False
    is_nothing: bool = False
    value: str = ""
    choices: tuple[Choice, ...] = ()
    short: str = ""

    @property
    def size(self) -> float:
        return abs(self.strength)


def find_traits(numbers: Sequence[NumberProfile], texts: Sequence[TextProfile], label: int) -> list[Trait]:
    """Return the traits of a cluster, the features first, each in the order given."""
    columns_of: dict[str, list[NumberProfile]] = {}
    found: dict[str, Trait] = {}
    for profile in numbers:
        if _is_category(profile):
            attribute = profile.name.split(": ", 1)[0]
            columns_of.setdefault(attribute, []).append(profile)
            found[attribute] = _trait_of_columns(attribute, columns_of[attribute], label)
        elif (trait := _trait_of_number(profile, label)) is not None:
            found[profile.name] = trait
    for text in texts:
        if text.name not in found and (trait := _trait_of_text(text, label)) is not None:
            found[text.name] = trait
    shorts = short_attribute_names([trait.attribute for trait in found.values()])
    named = (replace(trait, short=short) for trait, short in zip(found.values(), shorts, strict=True))
    return sorted(named, key=lambda trait: not trait.is_feature)


def telling(traits: Iterable[Trait]) -> list[Trait]:
    """Return what is worth telling, the strongest first: what is notable, or else what is slight."""
    ranked = sorted(traits, key=lambda trait: -trait.size)
    notable = [trait for trait in ranked if trait.size >= NOTABLE]
    return notable or [trait for trait in ranked if trait.size >= SLIGHT or trait.is_apart]


def is_yes_or_no(profile: NumberProfile) -> bool:
    """Return whether all values are 0 or 1: only then is the variance within that range m(1 - m)."""
    everyone = profile.everyone
    if everyone.quantiles is None or (everyone.quantiles[0], everyone.quantiles[-1]) != (0.0, 1.0):
        return False
    mean, deviation = everyone.mean or 0.0, everyone.deviation or 0.0
    return abs(deviation**2 - mean * (1 - mean)) < 1e-12


def _is_category(profile: NumberProfile) -> bool:
    """Return whether this is one value of a text attribute, as `one_hot` names its columns."""
    return profile.is_feature and ": " in profile.name and is_yes_or_no(profile)


def _trait_of_number(profile: NumberProfile, label: int) -> Trait | None:
    strength, cluster, everyone = profile.strength(label), profile.clusters[label], profile.everyone
    if strength is None or cluster.mean is None or everyone.mean is None:
        return None
    is_answer = is_yes_or_no(profile)
    is_median = profile.is_log1p and _says_otherwise(cluster, everyone, strength)
    here, others = (cluster.median, everyone.median) if is_median else (cluster.mean, everyone.mean)
    return Trait(
        profile.name,
        strength,
        profile.is_feature,
        here or 0.0,
        others or 0.0,
        is_yes_or_no=is_answer,
        is_median=is_median,
        is_apart=not is_answer and _is_apart(cluster, everyone),
        is_nothing=not is_answer and _is_nothing(cluster, everyone),
    )


def _says_otherwise(cluster: NumberSummary, everyone: NumberSummary, strength: float) -> bool:
    """Whether the means differ the other way round than the logarithms, and the medians do not."""
    means = (cluster.mean or 0.0) - (everyone.mean or 0.0)
    medians = (cluster.median or 0.0) - (everyone.median or 0.0)
    return means * strength < 0 < medians * strength


def _is_apart(cluster: NumberSummary, everyone: NumberSummary) -> bool:
    """Only where zero is nothing can one say by how much of it: values below zero have other scales."""
    if everyone.quantiles is None or everyone.quantiles[0] < 0 or not everyone.mean:
        return False
    return abs((cluster.mean or 0.0) / everyone.mean - 1) >= APART


def _is_nothing(cluster: NumberSummary, everyone: NumberSummary) -> bool:
    values = cluster.quantiles
    return values is not None and values[0] == values[-1] == 0 and (everyone.mean or 0.0) > 0


def _trait_of_columns(attribute: str, columns: Sequence[NumberProfile], label: int) -> Trait:
    choices = (
        Choice(column.name.split(": ", 1)[1], column.clusters[label].mean or 0.0, column.everyone.mean or 0.0)
        for column in columns
    )
    return _trait_of_choices(attribute, list(choices), is_feature=True)


def _trait_of_text(text: TextProfile, label: int) -> Trait | None:
    here, everyone = _shares(text.clusters[label]), _shares(text.everyone)
    # Only frequent values are frozen: one that a cluster does not list may still be in it.
    is_whole = len(here) == text.clusters[label].n_distinct
    choices = [
        Choice(value, here.get(value, 0.0), share)
        for value, share in everyone.items()
        if 0 < share < 1 and (value in here or is_whole)
    ]
    return _trait_of_choices(text.name, choices, is_feature=text.is_feature) if choices else None


def _trait_of_choices(attribute: str, choices: Sequence[Choice], *, is_feature: bool) -> Trait:
    strongest = max(choices, key=lambda choice: abs(difference_of(choice)))
    most = max(choices, key=difference_of)
    if difference_of(most) >= RATHER_MORE * abs(difference_of(strongest)):
        strongest = most
    ranked = tuple(sorted(choices, key=lambda choice: -choice.here))
    return Trait(
        attribute,
        difference_of(strongest),
        is_feature,
        strongest.here,
        strongest.everyone,
        value=strongest.value,
        choices=ranked,
    )


def difference_of(choice: Choice) -> float:
    """Return the difference to everyone in standard deviations."""
    spread = math.sqrt(choice.everyone * (1 - choice.everyone))
    return (choice.here - choice.everyone) / spread if spread else 0.0


def _shares(summary: TextSummary) -> dict[str, float]:
    known = summary.count - summary.missing
    return {value: count / known for value, count in summary.values} if known else {}
