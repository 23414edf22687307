"""Why a customer is in a segment and not in the next: the distances, what pulls, and what would move.

Derived from the model that the run froze. Web processes do this, so it needs neither the other customers nor
scikit-learn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from customers.lists.cells import write_value
from customers.models import Attribute, Customer
from segmentation.analysis.results import ClusterProfiles, FloatArray, from_json
from segmentation.analysis.rules.model import FrozenModel, ModelColumn
from segmentation.models import Cluster, ClusterAssignment, SegmentationRun
from segmentation.segments.shifts import Shift, find_shifts

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
    """The distances to the two nearest middles, and the features that pull, strongest first.

    Of a customer on the border also what would move them to the next segment.
    """

    distance: float
    second: Cluster | None
    second_distance: float | None
    pulls: tuple[Pull, ...]
    shifts: tuple[Shift, ...] = ()

    @property
    def is_borderline(self) -> bool:
        return self.second_distance is not None and self.second_distance < 1.15 * self.distance


def explain(
    assignment: ClusterAssignment,
    clusters: Sequence[Cluster],
    run: SegmentationRun,
    customer: Customer | None,
    attributes: Sequence[Attribute],
    profiles: ClusterProfiles,
) -> Reasons:
    """Explain an assignment.

    Parameters
    ----------
    assignment
        What the run decided.
    clusters
        All of the run.
    run
        With the model it froze; a run of an earlier release froze none, and no feature is named.
    customer
        With the values the run saw, or today's; `None` if there are neither.
    attributes
        Of the dataset.
    profiles
        Of the run.
    """
    own = next(each for each in clusters if each.label == assignment.label)
    others = [each for each in clusters if each.label != assignment.label]
    second_distance = assignment.distance + assignment.margin if others else None
    unexplained = Reasons(assignment.distance, None, second_distance, ())
    model = from_json(FrozenModel, run.model)
    values = [_value(column, customer, attributes) for column in model.columns if customer is not None]
    if not values or not others or any(map(math.isnan, values)):
        return unexplained
    scaled, centroids = model.scaled(np.array([values]))[0], np.array(model.centroids)
    distances = np.sqrt(((scaled - centroids) ** 2).sum(axis=1))
    if not math.isclose(distances[own.label], assignment.distance, rel_tol=TOLERANCE, abs_tol=1e-6):
        return unexplained
    second = min(others, key=lambda each: distances[each.label])
    strengths = (scaled - centroids[second.label]) ** 2 - (scaled - centroids[own.label]) ** 2
    pulls = _pulls(run, values, strengths, own, second)
    reasons = Reasons(assignment.distance, second, second_distance, pulls)
    if reasons.is_borderline:
        shifts = find_shifts(model, run.feature_names, values, second.label, profiles)
        return replace(reasons, shifts=tuple(shifts))
    return reasons


def _value(column: ModelColumn, customer: Customer, attributes: Sequence[Attribute]) -> float:
    """The customer's value in the column's units, or what stands in for a missing one; else NaN."""
    attribute = next((each for each in attributes if each.name == column.attribute), None)
    found = None if attribute is None else customer.value(attribute)
    if found is None:
        return math.nan if column.filled is None or attribute is None else column.filled
    if column.value is not None:
        return float(found == column.value)
    if column.reference is not None and isinstance(found, str):
        return float((date.fromisoformat(column.reference) - date.fromisoformat(found[:10])).days)
    return found if isinstance(found, float) else math.nan


def _pulls(
    run: SegmentationRun, values: Sequence[float], strengths: FloatArray, own: Cluster, second: Cluster
) -> tuple[Pull, ...]:
    """What each feature adds to the difference of the squared distances."""
    found = [
        Pull(name, write_value(value), near, far, strength > 0, abs(strength))
        for name, value, near, far, strength in zip(
            run.feature_names, values, own.centroid, second.centroid, strengths.tolist(), strict=True
        )
    ]
    total = sum(each.strength for each in found) or 1.0
    worth = [each for each in found if each.strength >= LEAST_PULL * total]
    return tuple(sorted(worth, key=lambda each: -each.strength))
