"""Where one customer stands among all, from what a run froze: no other customer is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common.number_format import format_percent
from customers.lists.cells import write_value
from customers.models import Attribute, Customer
from segmentation.analysis.results import ClusterProfiles, NumberProfile, TextProfile

# Of the drawing.
WIDTH, HEIGHT = 120, 30


@dataclass(frozen=True)
class Bar:
    """One step of the histogram, and whether the customer is in it."""

    x: float
    y: float
    width: float
    height: float
    is_here: bool


@dataclass(frozen=True)
class Standing:
    """One value of a customer against everyone's; just the value if nothing is known about others."""

    attribute: Attribute
    text: str
    words: str = ""
    bars: tuple[Bar, ...] = ()


def compare_with_all(
    customer: Customer, attributes: Iterable[Attribute], profiles: ClusterProfiles | None
) -> list[Standing]:
    """Compare every value of a customer with what a run froze, if it knew the attribute."""
    numbers = {each.name: each for each in profiles.numbers} if profiles else {}
    texts = {each.name: each for each in profiles.texts} if profiles else {}
    standings = []
    for attribute in attributes:
        value = customer.value(attribute)
        if isinstance(value, float) and attribute.name in numbers:
            standings.append(_compare_number(attribute, value, numbers[attribute.name]))
        elif isinstance(value, str) and attribute.name in texts:
            standings.append(_compare_text(attribute, value, texts[attribute.name]))
        else:
            standings.append(Standing(attribute, write_value(value, attribute)))
    return standings


def _compare_number(attribute: Attribute, value: float, profile: NumberProfile) -> Standing:
    text = write_value(value, attribute)
    counts = [sum(column) for column in zip(*profile.bin_counts, strict=True)]
    if not counts or not sum(counts):
        return Standing(attribute, text)
    edges = profile.bin_edges
    here = min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)
    below = _share_below(value, edges, counts, here)
    return Standing(attribute, text, _place_words(value, below, profile), _bars(counts, here))


def _share_below(value: float, edges: Sequence[float], counts: Sequence[int], here: int) -> float:
    """The share of customers with a lower value, as if those of a step were spread over it evenly."""
    width = edges[here + 1] - edges[here]
    within = min(max((value - edges[here]) / width, 0.0), 1.0) if width else 0.5
    return (sum(counts[:here]) + within * counts[here]) / sum(counts)


def _place_words(value: float, below: float, profile: NumberProfile) -> str:
    quantiles = profile.everyone.quantiles
    if quantiles and value > quantiles[-1]:
        return _("higher than everyone’s")
    if quantiles and value < quantiles[0]:
        return _("lower than everyone’s")
    # Where many have the same value, quantiles fall together.
    if quantiles and quantiles[0] < quantiles[-1] and quantiles.count(value) > 1:
        return _common_words(value, quantiles)
    share = round(below, 2)
    if share >= 0.5:
        return _("higher than about %(share)s of all") % {"share": format_percent(min(share, 0.99))}
    return _("lower than about %(share)s of all") % {"share": format_percent(min(1 - share, 0.99))}


def _common_words(value: float, quantiles: Sequence[float]) -> str:
    """Of a value that many have."""
    if value == quantiles[0]:
        return _("the lowest value, which many have")
    if value == quantiles[-1]:
        return _("the highest value, which many have")
    return _("a value that many have")


def _bars(counts: Sequence[int], here: int) -> tuple[Bar, ...]:
    step, most = WIDTH / len(counts), max(counts)
    bars = []
    for index, count in enumerate(counts):
        height = max(HEIGHT * count / most, 1.0 if count or index == here else 0.0)
        bars.append(Bar(index * step, HEIGHT - height, step * 0.86, height, index == here))
    return tuple(bars)


def _compare_text(attribute: Attribute, value: str, profile: TextProfile) -> Standing:
    text = write_value(value, attribute)
    known = profile.everyone.count - profile.everyone.missing
    count = dict(profile.everyone.values).get(value)
    if not count or not known:
        return Standing(attribute, text)
    words = _("like %(share)s of all") % {"share": format_percent(count / known, 1)}
    return Standing(attribute, text, words)
