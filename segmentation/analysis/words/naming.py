"""Names and one-line descriptions of clusters, from their differences to everyone."""

from collections import Counter
from collections.abc import Sequence
from itertools import count
from textwrap import shorten

from common.i18n import gettext as _
from common.i18n import gettext_noop
from common.number_format import format_apart, format_whole_percent
from segmentation.analysis.preparation.names import is_code, is_identity, is_sensitive
from segmentation.analysis.results import NumberProfile, TextProfile
from segmentation.analysis.words.traits import (
    NOTABLE,
    SLIGHT,
    Choice,
    Trait,
    find_traits,
    telling,
)
from segmentation.analysis.words.wording import (
    AGES,
    BIRTH_YEARS,
    capitalised,
    days_of_unit,
    is_counted,
    passed_since,
)

# Differences in standard deviations from which a mean is called very high.
STRONG = 1.5
MOST_IN_NAME = 2
MOST_IN_DESCRIPTION = 3
# Letters of a name: a segment's has room for 100, and some of them are for a number behind it.
LONGEST = 90
# Shares of a cluster's customers from which a value stands for the cluster.
MOSTLY = 0.6
ALL = 0.995
PAIR, FEWER = 0.8, 0.75
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
# Where the mean differs by a quarter or more, the middle is not average.
IN_THE_MIDDLE = gettext_noop("medium %(attribute)s")
# Higher or lower, by mean or by median, clearly or slightly.
SENTENCES = {
    (True, False): gettext_noop(
        "higher %(attribute)s: %(here)s on average, against %(everyone)s for everyone"
    ),
    (False, False): gettext_noop(
        "lower %(attribute)s: %(here)s on average, against %(everyone)s for everyone"
    ),
    (True, True): gettext_noop(
        "slightly higher %(attribute)s: %(here)s on average, against %(everyone)s for everyone"
    ),
    (False, True): gettext_noop(
        "slightly lower %(attribute)s: %(here)s on average, against %(everyone)s for everyone"
    ),
}
SENTENCES_OF_MEDIANS = {
    (True, False): gettext_noop(
        "higher %(attribute)s: half of them have %(here)s or more, of everyone %(everyone)s"
    ),
    (False, False): gettext_noop(
        "lower %(attribute)s: half of them have %(here)s or less, of everyone %(everyone)s"
    ),
    (True, True): gettext_noop(
        "slightly higher %(attribute)s: half of them have %(here)s or more, of everyone %(everyone)s"
    ),
    (False, True): gettext_noop(
        "slightly lower %(attribute)s: half of them have %(here)s or less, of everyone %(everyone)s"
    ),
}
NONE = gettext_noop("no %(attribute)s")
MORE_RECENT = gettext_noop("more recent %(what)s")
LONGER_AGO = gettext_noop("%(what)s longer ago")
# No longer ago is recent, and no shorter long ago.
RECENT_DAYS, LONG_DAYS = 100, 30
CLOSE = gettext_noop("%(attribute)s %(here)s (everyone: %(everyone)s)")


def propose_names(
    numbers: Sequence[NumberProfile], n_clusters: int, texts: Sequence[TextProfile] = ()
) -> tuple[str, ...]:
    """Return a short name for each cluster, unique among them, of at most two traits.

    The strongest trait is always in it. An attribute that is no feature is named only where it tells more
    than every feature, and if it may be said aloud.

    Parameters
    ----------
    numbers, texts : sequence of NumberProfile, sequence of TextProfile
        Of all attributes, features in their order.
    n_clusters : int
    """
    if n_clusters == 1:
        return (_("All customers"),)
    traits = [_nameable(find_traits(numbers, texts, label)) for label in range(n_clusters)]
    names = [_name(each, detail=0) for each in traits]
    for detail in (1, 2):
        repeated = _repeated(names)
        names = [
            _name(each, detail) if name in repeated else name
            for name, each in zip(names, traits, strict=True)
        ]
    return _numbered(_told_apart(traits, names))


def _nameable(traits: Sequence[Trait]) -> list[Trait]:
    """Return the features, and the one other attribute that tells more than each of them, if there is one."""
    features = [trait for trait in traits if trait.is_feature]
    most = max((trait.size for trait in features), default=0.0)
    others = [trait for trait in traits if not trait.is_feature and _may_be_said(trait)]
    strongest = max(others, key=lambda trait: trait.size, default=None)
    if strongest is None or strongest.size <= max(most, NOTABLE):
        return features
    return [*features, strongest]


def _may_be_said(trait: Trait) -> bool:
    """Whether it is nothing private, and no number that only tells somebody or something from others."""
    name = trait.attribute
    return not is_sensitive(name) and (bool(trait.choices) or not (is_identity(name) or is_code(name)))


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}


def _told_apart(traits: Sequence[Sequence[Trait]], names: Sequence[str]) -> list[str]:
    """Return the names, with repeated ones given the strongest trait that separates them in second place."""
    told = list(names)
    for name in _repeated(names):
        labels = [label for label, other in enumerate(names) if other == name]
        ways = []
        for attribute in [trait.attribute for trait in traits[labels[0]] if trait.is_feature]:
            way = [_name(traits[label], 2, second=attribute) for label in labels]
            sizes = (each.size for label in labels for each in traits[label] if each.attribute == attribute)
            if not set(way) & {*told} - {name}:
                ways.append((len(set(way)), sum(sizes), way))
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


def _name(traits: Sequence[Trait], detail: int, *, second: str | None = None) -> str:
    """Return the strongest traits in the order of the features; `second` is one that must be among them."""
    told = telling(traits)
    is_slight = not told or told[0].size < NOTABLE
    few = sum(trait.is_feature for trait in traits) <= MOST_IN_NAME
    ranked = told[:1] if is_slight else told
    if few:
        ranked = sorted(traits, key=lambda trait: -trait.size)
    if second is not None:
        others = [trait for trait in ranked if trait.attribute != second][: MOST_IN_NAME - 1]
        ranked = [*others, *(trait for trait in traits if trait.attribute == second)]
    words = {trait.attribute: _words(trait, 2 if is_slight and not few else detail) for trait in ranked}
    chosen = [trait.attribute for trait in ranked if words[trait.attribute]][:MOST_IN_NAME]
    told_words = [words[trait.attribute] for trait in traits if trait.attribute in chosen]
    return shorten(capitalised(", ".join(told_words) or _("close to average")), LONGEST, placeholder=" …")


def describe(numbers: Sequence[NumberProfile], label: int, texts: Sequence[TextProfile] = ()) -> str:
    """Return one line in plain words: where the cluster differs most, in original units."""
    traits = find_traits(numbers, texts, label)
    told = telling(traits)
    if told:
        return f"{capitalised('; '.join(map(_sentence, told[:MOST_IN_DESCRIPTION])))}."
    ranked = sorted(traits, key=lambda trait: -trait.size)[:MOST_IN_DESCRIPTION]
    if not ranked:
        return _("Nothing is known of them.")
    text = _("Close to the average of everyone: %(values)s.")
    return text % {"values": "; ".join(map(_close, ranked))}


def _close(trait: Trait) -> str:
    name = f"{trait.attribute}: {trait.value}" if trait.choices else trait.attribute
    here, everyone = _written(trait)
    return _(CLOSE) % {"attribute": name, "here": here, "everyone": everyone}


def _written(trait: Trait) -> tuple[str, str]:
    """What stands here and for everyone: shares, or numbers with enough decimals to tell them apart."""
    if trait.choices or trait.is_yes_or_no:
        return format_whole_percent(trait.here), format_whole_percent(trait.everyone)
    if trait.short.casefold() in BIRTH_YEARS:
        return f"{trait.here:.0f}", f"{trait.everyone:.0f}"
    return format_apart(trait.here, trait.everyone)


def _sentence(trait: Trait) -> str:
    here, everyone = _written(trait)
    values = {"attribute": trait.attribute, "value": trait.value, "here": here, "everyone": everyone}
    if trait.choices:
        text = _("%(attribute)s is %(value)s for %(here)s, against %(everyone)s of everyone")
    elif trait.is_yes_or_no:
        text = _("%(attribute)s: yes for %(here)s, against %(everyone)s of everyone")
    else:
        sentences = SENTENCES_OF_MEDIANS if trait.is_median else SENTENCES
        is_slight = trait.size < NOTABLE and not trait.is_apart
        text = _(sentences[trait.here > trait.everyone, is_slight])
    return text % values


def _words(trait: Trait, detail: int) -> str:
    """Return what stands in the name: nothing where a text or an answer says nothing."""
    if trait.choices:
        return _choice_words(trait) if trait.size >= SLIGHT else ""
    if trait.is_yes_or_no:
        return _answer_words(trait)
    return _number_words(trait, detail)


def _choice_words(trait: Trait) -> str:
    """Return the value that most have, the two that nearly all share, or the one that sets them apart."""
    attribute, (first, *others) = trait.short, trait.choices
    values = {"attribute": attribute, "value": first.value}
    if first.here >= ALL:
        return _("%(attribute)s: %(value)s") % values
    if first.here >= MOSTLY:
        return _("%(attribute)s: mostly %(value)s") % values
    if others and _is_pair(first, others[0]):
        values |= {"other": others[0].value}
        return _("%(attribute)s: %(value)s or %(other)s") % values
    if trait.size < NOTABLE:
        return ""
    values |= {"value": trait.value}
    if trait.strength > 0:
        return _("%(attribute)s: often %(value)s") % values
    text = _("%(attribute)s: seldom %(value)s") if trait.here else _("%(attribute)s: not %(value)s")
    return text % values


def _is_pair(first: Choice, second: Choice) -> bool:
    pair = first.here + second.here
    return pair >= PAIR and first.everyone + second.everyone <= FEWER * pair


def _answer_words(trait: Trait) -> str:
    text = ""
    if trait.here >= ALL:
        text = _("%(attribute)s: yes")
    elif trait.here <= 1 - ALL:
        text = _("%(attribute)s: no")
    elif trait.here >= MOSTLY:
        text = _("%(attribute)s: mostly yes")
    elif trait.here <= 1 - MOSTLY:
        text = _("%(attribute)s: mostly no")
    elif trait.size >= NOTABLE:
        text = _("%(attribute)s: often yes") if trait.strength > 0 else _("%(attribute)s: often no")
    return text and text % {"attribute": trait.short}


def _number_words(trait: Trait, detail: int) -> str:
    short, degree = trait.short, _degree(trait, detail)
    if what := passed_since(trait.attribute):
        return _(_time_words(trait, degree)) % {"what": what}
    if short.casefold() in BIRTH_YEARS:
        return _(AGE_WORDS[MOST - degree])
    if short.casefold() in AGES:
        return _(AGE_WORDS[degree + MOST])
    if trait.is_nothing:
        return _(NONE) % {"attribute": short}
    if not degree and trait.is_apart:
        return _(IN_THE_MIDDLE) % {"attribute": short}
    scale = COUNTS if is_counted(trait.attribute) else AMOUNTS
    return _(scale[degree + MOST]) % {"attribute": short}


def _time_words(trait: Trait, degree: int) -> str:
    """What is less than others' is not recent for that, nor is what is more long ago."""
    days = trait.here * days_of_unit(trait.attribute)
    if degree < 0 and days > RECENT_DAYS:
        return MORE_RECENT
    if degree > 0 and days < LONG_DAYS:
        return LONGER_AGO
    return RECENCY[degree + MOST]


def _degree(trait: Trait, detail: int) -> int:
    """Return how far from everyone: 0 for average, then slightly, clearly and very, negative below."""
    is_higher = trait.strength > 0
    is_apart = trait.is_apart and (trait.here > trait.everyone) == is_higher
    steps = 0
    if trait.size >= STRONG and detail >= 1:
        steps = MOST
    elif trait.size >= NOTABLE:
        steps = 2
    elif is_apart or (trait.size >= SLIGHT and detail == 2):
        steps = 1
    return steps if is_higher else -steps
