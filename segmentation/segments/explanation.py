"""Why a customer is in a segment and not in the next: the distances, and the features that pull.

Derived from what the run froze: centroids and spreads in original units. Web processes do this, so it needs
neither the customers nor scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from customers.lists.cells import write_value
from customers.models import Attribute, Customer
from segmentation.analysis.results import ClusterProfiles, NumberSummary
from segmentation.models import Cluster, ClusterAssignment, Scaling, SegmentationRun
from segmentation.runs.recipes import prepared_of

# Farther from the stored distance than this share, a derived one is that of other values than the run saw.
TOLERANCE = 0.05
# A feature that accounts for less than this share of the difference is not worth a line.
LEAST_PULL = 0.05


@dataclass(frozen=True)
class Pull:
    """One feature: the customer's value, the middles of both segments, and to which of them it is nearer."""

    feature: str
    value: str
    own: float
    second: float
    is_to_own: bool
    strength: float


@dataclass(frozen=True)
class Reasons:
    """The distances to the two nearest middles, and the features that pull, strongest first."""

    distance: float
    second: Cluster | None
    second_distance: float | None
    pulls: tuple[Pull, ...]

    @property
    def is_borderline(self) -> bool:
        return self.second_distance is not None and self.second_distance < 1.15 * self.distance


def explain(
    assignment: ClusterAssignment,
    clusters: Sequence[Cluster],
    run: SegmentationRun,
    profiles: ClusterProfiles,
    customer: Customer | None,
    attributes: Sequence[Attribute],
) -> Reasons:
    """Explain an assignment.

    Parameters
    ----------
    assignment
        What the run decided.
    clusters
        All of the run.
    run, profiles
        What it froze.
    customer
        With the values the run saw, or today's; `None` if there are neither.
    attributes
        Of the dataset.
    """
    own = next(each for each in clusters if each.label == assignment.label)
    others = [each for each in clusters if each.label != assignment.label]
    second_distance = assignment.distance + assignment.margin if others else None
    values = _values(run, customer, attributes) if customer else None
    scales = _scales(run, clusters, profiles)
    if values is None or scales is None or not others:
        return Reasons(assignment.distance, None, second_distance, ())
    derived = {each.label: _distance(values, each, scales) for each in clusters}
    if not math.isclose(derived[own.label], assignment.distance, rel_tol=TOLERANCE, abs_tol=1e-6):
        return Reasons(assignment.distance, None, second_distance, ())
    second = min(others, key=lambda each: derived[each.label])
    return Reasons(assignment.distance, second, second_distance, _pulls(run, values, own, second, scales))


def _values(run: SegmentationRun, customer: Customer, attributes: Sequence[Attribute]) -> list[float] | None:
    """The customer's features as numbers, a text's values as 0 and 1; `None` if one is missing."""
    known: Mapping[str, Attribute] = {attribute.name: attribute for attribute in attributes}
    texts = [attribute.name for attribute in attributes if attribute.kind == Attribute.Kind.TEXT]
    dates = _dates(run)
    values = []
    for name in run.feature_names:
        value: float | str | None
        if name in dates:
            value = _days_before(dates[name], customer, known)
        elif name in known:
            value = customer.value(known[name])
        else:
            text = _text_of(name, texts)
            found = customer.value(known[text]) if text else None
            value = None if found is None else float(name == f"{text}: {found}")
        if not isinstance(value, float):
            return None
        values.append(value)
    return values


def _dates(run: SegmentationRun) -> dict[str, tuple[str, str]]:
    """The features that are days before a date: each with its attribute's name and that date."""
    prepared = prepared_of(run)
    newest = dict(prepared.reference_dates)
    # Numbers and dates come first, in this order.
    named = zip(run.feature_names, prepared.features, strict=False)
    return {feature: (name, newest[name]) for feature, name in named if name in newest}


def _days_before(
    reference: tuple[str, str], customer: Customer, known: Mapping[str, Attribute]
) -> float | None:
    name, newest = reference
    found = customer.value(known[name]) if name in known else None
    if not isinstance(found, str):
        return None
    return float((date.fromisoformat(newest) - date.fromisoformat(found[:10])).days)


def _text_of(feature: str, names: Iterable[str]) -> str | None:
    """The text one of whose values is this feature; names and values may hold colons themselves."""
    return max((name for name in names if feature.startswith(f"{name}: ")), key=len, default=None)


def _scales(
    run: SegmentationRun, clusters: Sequence[Cluster], profiles: ClusterProfiles
) -> list[float] | None:
    """By what each feature was divided; `None` if what the run froze does not say."""
    summaries = {each.name: each.everyone for each in profiles.numbers}
    variances = [_variance(index, clusters) for index in range(len(run.feature_names))]
    prepared = prepared_of(run)
    weighed = prepared.texts if prepared.texts_weigh_as_one else ()
    texts = [_text_of(name, weighed) for name in run.feature_names]
    scales = []
    for name, text, variance in zip(run.feature_names, texts, variances, strict=True):
        if text is not None:
            together = sum(each for each, other in zip(variances, texts, strict=True) if other == text)
            scales.append(_scale_of_text(run.segmentation.scaling, together))
        elif name in summaries:
            scales.append(scale_of(run.segmentation.scaling, summaries[name]))
        else:
            is_plain = run.segmentation.scaling in (Scaling.NONE, Scaling.MIN_MAX)
            scales.append(1.0 if is_plain else math.sqrt(variance))
    return scales if all(scales) else None


def _variance(index: int, clusters: Sequence[Cluster]) -> float:
    """Of a column of 0 and 1."""
    share = sum(each.size * each.centroid[index] for each in clusters) / max(
        sum(each.size for each in clusters), 1
    )
    return max(share * (1 - share), 0.0)


def _scale_of_text(scaling: str, variance: float) -> float:
    """By what all columns of a text are divided, as in `texts.block_spread`; their variances together."""
    return {Scaling.NONE: 1.0, Scaling.MIN_MAX: math.sqrt(2)}.get(Scaling(scaling), math.sqrt(variance))


def scale_of(scaling: str, everyone: NumberSummary) -> float:
    """By what a feature is divided, in its units; 0 where everyone has the same value."""
    quantiles = everyone.quantiles or (0.0,) * 7
    return {
        Scaling.NONE: 1.0,
        Scaling.STANDARD: everyone.deviation or 0.0,
        Scaling.MIN_MAX: quantiles[-1] - quantiles[0],
        Scaling.ROBUST: (quantiles[4] - quantiles[2]) or (everyone.deviation or 0.0),
    }[Scaling(scaling)]


def _distance(values: Sequence[float], cluster: Cluster, scales: Sequence[float]) -> float:
    steps = zip(values, cluster.centroid, scales, strict=True)
    return math.sqrt(sum(((value - middle) / scale) ** 2 for value, middle, scale in steps))


def _pulls(
    run: SegmentationRun, values: Sequence[float], own: Cluster, second: Cluster, scales: Sequence[float]
) -> tuple[Pull, ...]:
    """What each feature adds to the difference of the squared distances."""
    found = []
    for index, (value, scale) in enumerate(zip(values, scales, strict=True)):
        near, far = own.centroid[index], second.centroid[index]
        strength = (((value - far) / scale) ** 2) - (((value - near) / scale) ** 2)
        name = run.feature_names[index]
        found.append(Pull(name, write_value(value), near, far, strength > 0, abs(strength)))
    total = sum(each.strength for each in found) or 1.0
    worth = [each for each in found if each.strength >= LEAST_PULL * total]
    return tuple(sorted(worth, key=lambda each: -each.strength))
