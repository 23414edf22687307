"""Names and one-line descriptions of clusters, from their differences to everyone."""

import re
from collections import Counter
from collections.abc import Sequence

from segmenter.analysis.results import NumberProfile

# Differences in standard deviations from which a mean is called high, and very high.
NOTABLE = 0.5
STRONG = 1.5
SLIGHT = 0.2
MAX_IN_NAME = 3
FILLERS = frozenset(
    ["annual", "yearly", "score", "index", "number", "no", "of", "total", "average", "avg", "mean"]
)
AGES = frozenset(["age", "alter", "edad", "âge", "leeftijd"])


def short_attribute_name(name: str) -> str:
    """Return an attribute's name without units, brackets and filler words.

    "Annual Income (k$)" becomes "income", "Spending Score (1-100)" "spending".
    """
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}", " ", name)
    bare = re.sub(r"([a-zà-ÿ])([A-ZÀ-Þ])", r"\1 \2", bare)
    words = re.findall(r"[^\W_]+", bare) or re.findall(r"[^\W_]+", name)
    kept = [word for word in words if word.casefold() not in FILLERS] or words
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in kept) or name


def propose_names(profiles: Sequence[NumberProfile], n_clusters: int) -> tuple[str, ...]:
    """Return a short name for each cluster, unique among them.

    Parameters
    ----------
    profiles : sequence of NumberProfile
        Of the features, in their order.
    n_clusters : int
    """
    if n_clusters == 1:
        return ("All customers",)
    names = [_name(profiles, label, detail=0) for label in range(n_clusters)]
    for detail in (1, 2):
        repeated = {name for name, count in Counter(names).items() if count > 1}
        if not repeated:
            break
        names = [
            _name(profiles, label, detail=detail) if name in repeated else name
            for label, name in enumerate(names)
        ]
    return _numbered(names)


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names with a number behind each repetition."""
    unique: list[str] = []
    for name in names:
        candidate, number = name, 2
        while candidate in unique:
            candidate, number = f"{name} ({number})", number + 1
        unique.append(candidate)
    return tuple(unique)


def _name(profiles: Sequence[NumberProfile], label: int, *, detail: int) -> str:
    limit = SLIGHT if detail == 2 else NOTABLE
    room = MAX_IN_NAME + 2 * (detail == 2)
    differences = [abs(profile.standard_differences[label] or 0.0) for profile in profiles]
    ranked = sorted(range(len(profiles)), key=lambda column: -differences[column])
    named = {column for column in ranked[:room] if differences[column] >= limit}
    if len(profiles) <= 2:
        named = set(range(len(profiles)))
    parts = [_part(profiles[column], label, detail) for column in sorted(named)]
    parts = [part for part in parts if part]
    text = ", ".join(parts) or "close to average"
    return text[0].upper() + text[1:]


def _part(profile: NumberProfile, label: int, detail: int) -> str:
    difference = profile.standard_differences[label] or 0.0
    if ": " in profile.name:
        return _category_part(profile, label)
    name = short_attribute_name(profile.name)
    if name in AGES:
        words = ("younger", "older", "average age")
        return _degree(difference, detail, *words)
    if name.endswith("s") and not name.endswith(("ss", "us", "is")):
        return f"{_degree(difference, detail, 'few', 'many', 'average')} {name}"
    return f"{_degree(difference, detail, 'low', 'high', 'average')} {name}"


def _category_part(profile: NumberProfile, label: int) -> str:
    """Return words for one value of a text attribute; its mean is the share of customers that have it."""
    share = profile.clusters[label].mean or 0.0
    value = profile.name.split(": ", 1)[1]
    return f"mostly {value}" if share >= 0.5 else ""


def _degree(difference: float, detail: int, low: str, high: str, middle: str) -> str:
    word = high if difference > 0 else low
    if abs(difference) >= STRONG and detail >= 1:
        return f"much {word}" if word in ("younger", "older") else f"very {word}"
    if abs(difference) >= NOTABLE:
        return word
    if abs(difference) >= SLIGHT and detail == 2:
        return f"slightly {word}" if word in ("younger", "older") else f"rather {word}"
    return middle


def describe(profiles: Sequence[NumberProfile], label: int) -> str:
    """Return one line in plain words: where the cluster differs most, in original units."""
    notable = sorted(
        (profile for profile in profiles if abs(profile.standard_differences[label] or 0.0) >= NOTABLE),
        key=lambda profile: -abs(profile.standard_differences[label] or 0.0),
    )
    if not notable:
        return "Close to the average of everyone in every feature."
    parts = [_difference_in_words(profile, label) for profile in notable[:MAX_IN_NAME]]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _difference_in_words(profile: NumberProfile, label: int) -> str:
    mean, everyone = profile.clusters[label].mean or 0.0, profile.everyone.mean or 0.0
    if ": " in profile.name:
        attribute, value = profile.name.split(": ", 1)
        return f"{100 * mean:.0f} % {value} in {attribute}, against {100 * everyone:.0f} % of everyone"
    word = "higher" if mean > everyone else "lower"
    means = f"{format_number(mean)} on average, against {format_number(everyone)} for everyone"
    return f"{word} {profile.name}: {means}"


def format_number(value: float) -> str:
    """Return a number as people write it: 1,234 or 82.1 or 0.046."""
    if value != 0 and not 1e-3 <= abs(value) < 1e12:
        return f"{value:.2g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"
