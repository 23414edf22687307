"""Names and one-line descriptions of clusters, from their differences to everyone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from textwrap import shorten

from common.i18n import gettext as _
from common.i18n import gettext_noop
from common.number_format import format_apart, format_whole_percent
from segmentation.analysis.results import NumberProfile
from segmentation.analysis.wording import (
    AGES,
    BIRTH_YEARS,
    capitalised,
    is_an_answer,
    is_counted,
    passed_since,
    short_attribute_name,
)

# Differences in standard deviations from which a mean is called high, and very high.
NOTABLE = 0.5
STRONG = 1.5
SLIGHT = 0.2
MOST_IN_NAME = 2
MOST_IN_DESCRIPTION = 3
# Letters of a name: a segment's has room for 100, and some of them are for a number behind it.
LONGEST = 90
# Shares of a cluster's customers from which a value stands for the cluster.
MOSTLY = 0.6
NEARLY_ALL = 0.75
PAIR = 0.8
# Words from far below everyone to far above; the middle one is average.
MOST = 3
AMOUNTS = (
    gettext_noop("very low %(attribute)s"),
    gettext_noop("low %(attribute)s"),
    gettext_noop("rather low %(attribute)s"),
    gettext_noop("average %(attribute)s"),
    gettext_noop("rather high %(attribute)s"),
    gettext_noop("high %(attribute)s"),
    gettext_noop("very high %(attribute)s"),
)
COUNTS = (
    gettext_noop("very few %(attribute)s"),
    gettext_noop("few %(attribute)s"),
    gettext_noop("rather few %(attribute)s"),
    gettext_noop("average %(attribute)s"),
    gettext_noop("rather many %(attribute)s"),
    gettext_noop("many %(attribute)s"),
    gettext_noop("very many %(attribute)s"),
)
AGE_WORDS = (
    gettext_noop("much younger"),
    gettext_noop("younger"),
    gettext_noop("slightly younger"),
    gettext_noop("average age"),
    gettext_noop("slightly older"),
    gettext_noop("older"),
    gettext_noop("much older"),
)
# Of "days since last order", few are said as "recent order".
RECENCY = (
    gettext_noop("very recent %(what)s"),
    gettext_noop("recent %(what)s"),
    gettext_noop("rather recent %(what)s"),
    gettext_noop("%(what)s some time ago"),
    gettext_noop("%(what)s rather long ago"),
    gettext_noop("%(what)s long ago"),
    gettext_noop("%(what)s very long ago"),
)
HIGHER = gettext_noop("higher %(attribute)s: %(mean)s on average, against %(everyone)s for everyone")
LOWER = gettext_noop("lower %(attribute)s: %(mean)s on average, against %(everyone)s for everyone")
SLIGHTLY_HIGHER = gettext_noop(
    "slightly higher %(attribute)s: %(mean)s on average, against %(everyone)s for everyone"
)
SLIGHTLY_LOWER = gettext_noop(
    "slightly lower %(attribute)s: %(mean)s on average, against %(everyone)s for everyone"
)


@dataclass(frozen=True)
class _Trait:
    """What one attribute says of one cluster.

    `strength` is the difference to everyone in standard deviations; `words` go into the name and may be
    empty; `sentence` goes into the description.
    """

    strength: float
    words: str
    sentence: str


def propose_names(profiles: Sequence[NumberProfile], n_clusters: int) -> tuple[str, ...]:
    """Return a short name for each cluster, unique among them, of at most two traits.

    Parameters
    ----------
    profiles : sequence of NumberProfile
        Of the features, in their order.
    n_clusters : int
    """
    if n_clusters == 1:
        return (_("All customers"),)
    names = [_name(_traits(profiles, label, detail=0)) for label in range(n_clusters)]
    for detail in (1, 2):
        repeated = _repeated(names)
        names = [
            _name(_traits(profiles, label, detail)) if name in repeated else name
            for label, name in enumerate(names)
        ]
    return _numbered(_told_apart(profiles, names))


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}


def _told_apart(profiles: Sequence[NumberProfile], names: Sequence[str]) -> list[str]:
    """Return the names, with repeated ones given the strongest trait that separates them in second place."""
    told = list(names)
    for name in _repeated(names):
        labels = [label for label, other in enumerate(names) if other == name]
        traits = {label: _traits(profiles, label, detail=2) for label in labels}
        ways = []
        for place in range(len(traits[labels[0]])):
            way = [_name(traits[label], second=place) for label in labels]
            strength = sum(traits[label][place].strength for label in labels)
            if not set(way) & {*told} - {name}:
                ways.append((len(set(way)), strength, way))
        n_names, _strength, best = max(ways, default=(1, 0.0, []))
        if n_names > 1:
            for label, other in zip(labels, best, strict=True):
                told[label] = other
    return told


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, with a number after each of those that are alike."""
    taken, numbers = set(names), {name: count(1) for name in _repeated(names)}
    return tuple(
        next(candidate for number in numbers[name] if (candidate := f"{name} {number}") not in taken)
        if name in numbers
        else name
        for name in names
    )


def _name(traits: Sequence[_Trait], *, second: int | None = None) -> str:
    """Return the strongest traits in the order of the features; `second` is the place of one that must be."""
    places = [place for place, trait in enumerate(traits) if trait.words]
    if len(traits) > MOST_IN_NAME:
        places = [place for place in places if traits[place].strength >= NOTABLE]
    ranked = sorted(places, key=lambda place: -traits[place].strength)
    if second is not None and traits[second].words:
        ranked = [*[place for place in ranked if place != second][: MOST_IN_NAME - 1], second]
    words = [traits[place].words for place in sorted(ranked[:MOST_IN_NAME])]
    return shorten(capitalised(", ".join(words) or _("close to average")), LONGEST, placeholder=" …")


def _weakness(trait: _Trait) -> float:
    return -trait.strength


def describe(profiles: Sequence[NumberProfile], label: int) -> str:
    """Return one line in plain words: where the cluster differs most, in original units."""
    traits = sorted(_traits(profiles, label, detail=2), key=_weakness)
    notable = [trait for trait in traits if trait.strength >= NOTABLE]
    told = notable or [trait for trait in traits if trait.strength >= SLIGHT]
    if not told:
        return _("Close to the average of everyone in every feature.")
    return f"{capitalised('; '.join(trait.sentence for trait in told[:MOST_IN_DESCRIPTION]))}."


def _traits(profiles: Sequence[NumberProfile], label: int, detail: int) -> list[_Trait]:
    """Return one trait per attribute, in the order of the features."""
    columns_of: dict[str, list[NumberProfile]] = {}
    traits: dict[str, _Trait] = {}
    for profile in profiles:
        if _is_category(profile):
            attribute = profile.name.split(": ", 1)[0]
            columns_of.setdefault(attribute, []).append(profile)
            traits[attribute] = _category_trait(attribute, columns_of[attribute], label)
        elif is_yes_or_no(profile):
            traits[profile.name] = _yes_or_no_trait(profile, label)
        else:
            traits[profile.name] = _number_trait(profile, label, detail)
    return list(traits.values())


def is_yes_or_no(profile: NumberProfile) -> bool:
    """Return whether all values are 0 or 1: only then is the variance within that range m(1 - m)."""
    everyone = profile.everyone
    if everyone.quantiles is None or (everyone.quantiles[0], everyone.quantiles[-1]) != (0.0, 1.0):
        return False
    mean, deviation = everyone.mean or 0.0, everyone.deviation or 0.0
    return abs(deviation**2 - mean * (1 - mean)) < 1e-12


def _is_category(profile: NumberProfile) -> bool:
    """Return whether this is one value of a text attribute, as `one_hot` names its columns."""
    return ": " in profile.name and is_yes_or_no(profile)


def _share(profile: NumberProfile, label: int) -> float:
    """Return the share of the cluster's customers that have the value."""
    return profile.clusters[label].mean or 0.0


def _difference(profile: NumberProfile, label: int) -> float:
    return profile.standard_differences[label] or 0.0


def _category_trait(attribute: str, columns: Sequence[NumberProfile], label: int) -> _Trait:
    """Return what a text attribute says; its columns are its values."""
    strength = max(abs(_difference(column, label)) for column in columns)
    typical = max(columns, key=lambda column: _difference(column, label))
    share, everyone = _share(typical, label), typical.everyone.mean or 0.0
    value = typical.name.split(": ", 1)[1]
    sentence = _("%(attribute)s is %(value)s for %(share)s, against %(everyone)s of everyone") % {
        "attribute": attribute,
        "value": value,
        "share": format_whole_percent(share),
        "everyone": format_whole_percent(everyone),
    }
    return _Trait(strength, _category_words(columns, label) if strength >= SLIGHT else "", sentence)


def _category_words(columns: Sequence[NumberProfile], label: int) -> str:
    """Return the value that most of the cluster have, or the two that nearly all of it share."""
    ranked = sorted(columns, key=lambda column: -_share(column, label))
    told = [column.name.split(": ", 1) for column in ranked]
    # "Yes" alone does not say to what.
    values = [f"{attribute}: {value}" if is_an_answer(value) else value for attribute, value in told]
    share = _share(ranked[0], label)
    if share == 1.0:
        return values[0]
    if share >= MOSTLY:
        return _("mostly %(value)s") % {"value": values[0]}
    pair = sum(_share(column, label) for column in ranked[:2])
    everyone = sum(column.everyone.mean or 0.0 for column in ranked[:2])
    if pair >= PAIR and everyone <= NEARLY_ALL * pair:
        return _("%(first)s or %(second)s") % {"first": values[0], "second": values[1]}
    return ""


def _yes_or_no_trait(profile: NumberProfile, label: int) -> _Trait:
    share = _share(profile, label)
    answer = ""
    if share >= NEARLY_ALL:
        answer = _("%(attribute)s: yes")
    elif share <= 1 - NEARLY_ALL:
        answer = _("%(attribute)s: no")
    sentence = _("%(attribute)s: yes for %(share)s, against %(everyone)s of everyone") % {
        "attribute": profile.name,
        "share": format_whole_percent(share),
        "everyone": format_whole_percent(profile.everyone.mean or 0.0),
    }
    return _Trait(
        strength=abs(_difference(profile, label)),
        words=answer and answer % {"attribute": short_attribute_name(profile.name)},
        sentence=sentence,
    )


def _number_trait(profile: NumberProfile, label: int, detail: int) -> _Trait:
    difference = _difference(profile, label)
    return _Trait(abs(difference), _words(profile.name, difference, detail), _in_units(profile, label))


def _words(name: str, difference: float, detail: int) -> str:
    short = short_attribute_name(name)
    degree = _degree(difference, detail)
    if what := passed_since(short):
        return _(RECENCY[degree + MOST]) % {"what": what}
    scale = COUNTS if is_counted(short) else AMOUNTS
    if short.casefold() in AGES:
        scale = AGE_WORDS
    elif short.casefold() in BIRTH_YEARS:
        scale, degree = AGE_WORDS, -degree
    return _(scale[degree + MOST]) % {"attribute": short}


def _degree(difference: float, detail: int) -> int:
    """Return how far from everyone: 0 for average, then slightly, clearly and very, negative below."""
    size = abs(difference)
    steps = 0
    if size >= STRONG and detail >= 1:
        steps = MOST
    elif size >= NOTABLE:
        steps = 2
    elif size >= SLIGHT and detail == 2:
        steps = 1
    return steps if difference > 0 else -steps


def _in_units(profile: NumberProfile, label: int) -> str:
    mean, everyone = profile.clusters[label].mean or 0.0, profile.everyone.mean or 0.0
    texts = format_apart(mean, everyone)
    if short_attribute_name(profile.name).casefold() in BIRTH_YEARS:
        texts = f"{mean:.0f}", f"{everyone:.0f}"
    is_slight = abs(_difference(profile, label)) < NOTABLE
    if mean > everyone:
        text = SLIGHTLY_HIGHER if is_slight else HIGHER
    else:
        text = SLIGHTLY_LOWER if is_slight else LOWER
    return _(text) % {"attribute": profile.name, "mean": texts[0], "everyone": texts[1]}
