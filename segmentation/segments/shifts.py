"""What would move a customer on the border to the next segment: one feature at a time, all else as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from common.number_format import format_apart
from customers.lists.cells import write_value
from segmentation.analysis.results import ClusterProfiles, FloatArray, NumberProfile
from segmentation.analysis.rules.model import FrozenModel
from segmentation.analysis.words.traits import is_yes_or_no

# Past the border by this share of the way there.
PAST = 1e-6


@dataclass(frozen=True)
class Shift:
    """A feature that would move the customer by itself: its value, and in words what it would have to be."""

    feature: str
    value: str
    needed: str


def find_shifts(
    model: FrozenModel,
    names: Sequence[str],
    values: Sequence[float],
    second: int,
    profiles: ClusterProfiles,
) -> list[Shift]:
    """Return what would bring a customer to the label `second`, within what the run saw of other customers.

    Parameters
    ----------
    model, names
        What decided, and the names of its columns.
    values
        The customer's, in original units, in the order of the columns.
    second
        The label of the next segment.
    profiles
        Of the run.
    """
    known = {each.name: each for each in profiles.numbers}
    point = model.scaled(np.array([values]))[0]
    own = int(model.nearest(point[np.newaxis])[0])
    found = [
        _shift(name, values[place], needed, known[name])
        for place, name in enumerate(names)
        if model.columns[place].value is None
        and name in known
        and (needed := _needed(model, point, place, own, second, known[name])) is not None
    ]
    return [*found, *_other_texts(model, point, second)]


def _needed(
    model: FrozenModel, point: FloatArray, place: int, own: int, second: int, profile: NumberProfile
) -> float | None:
    """The value at which the next segment is as near, in original units; `None` if there is none."""
    ours, theirs = np.array(model.centroids[own]), np.array(model.centroids[second])
    step = theirs[place] - ours[place]
    farther = ((point - theirs) ** 2).sum() - ((point - ours) ** 2).sum()
    if not step or profile.everyone.quantiles is None:
        return None
    there = point.copy()
    way = farther / (2 * step)
    there[place] += way * (1 + PAST)
    column = model.columns[place]
    value = float((point[place] + way) * column.scale + column.center)
    value = math.expm1(value) if column.is_log1p else value
    is_seen = profile.everyone.quantiles[0] <= value <= profile.everyone.quantiles[-1]
    return value if is_seen and model.nearest(there[np.newaxis])[0] == second else None


def _shift(name: str, value: float, needed: float, profile: NumberProfile) -> Shift:
    is_more = needed > value
    if is_yes_or_no(profile):
        return Shift(name, _("yes") if value else _("no"), _("yes") if is_more else _("no"))
    lowest, *_between, highest = profile.everyone.quantiles or (math.nan, math.nan)
    if all(each.is_integer() for each in (lowest, value, highest)):
        written = write_value(float(math.ceil(needed) if is_more else math.floor(needed)))
    else:
        _now, written = format_apart(value, needed)
    text = _("%(value)s or more") if is_more else _("%(value)s or less")
    return Shift(name, write_value(value), text % {"value": written})


def _other_texts(model: FrozenModel, point: FloatArray, second: int) -> Iterator[Shift]:
    """Other values of a text that would do, for each text."""
    texts: dict[str, list[int]] = {}
    for place, column in enumerate(model.columns):
        if column.value is not None:
            texts.setdefault(column.attribute, []).append(place)
    for attribute, places in texts.items():
        columns = [model.columns[place] for place in places]
        zeros = [-column.center / column.scale for column in columns]
        is_now = point[places] > zeros
        now = [column.value for column, is_it in zip(columns, is_now, strict=True) if is_it]
        there = np.repeat(point[np.newaxis], len(places), axis=0)
        there[:, places] = zeros
        there[range(len(places)), places] += [1 / column.scale for column in columns]
        told = [
            column.value
            for column, label in zip(columns, model.nearest(there).tolist(), strict=True)
            if label == second and column.value and column.value not in now
        ]
        if told:
            yield Shift(attribute, "".join(each or "" for each in now) or "–", get_text_list(told, _("or")))
