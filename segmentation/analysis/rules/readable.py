"""Rules that people can say: at most two boxes of three conditions, measured on customers not used for them.

A box is grown condition by condition, a few of the best kept on the way, as in subgroup discovery (Friedman
and Fisher 1999; Lavrac et al. 2004). Thresholds are the roundest numbers between quantiles.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentation.analysis.results import BoolArray, Clustering, FeatureMatrix, FloatArray
from segmentation.analysis.rules.model import ModelColumn

MOST_BOXES, MOST_CONDITIONS = 2, 3
# A rule is told from this precision and coverage on; made so, it has some to spare.
LEAST_PRECISION, LEAST_COVERAGE, TO_SPARE = 0.80, 0.30, 0.05
# A second box has to bring so much.
WORTH_A_BOX = 0.03
# Customers that a rule is made on, and measured on at most; at least so many must fit to measure it.
MADE_ON, MEASURED_ON, FEWEST_FITTING = 8_000, 40_000, 10
# Thresholds of a number, and boxes that are kept while they grow.
THRESHOLDS, BEAM = 31, 5
# A rule that misses some is better than one that takes in others.
BETA = 0.5

CodeArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Condition:
    """One condition on a feature, in original units.

    Attributes
    ----------
    feature
        Its name; of a text that of the attribute.
    test
        `at-least` or `below` a `number`; `is` or `is-not` a `text`; `yes` or `no` of 1 and 0.
    """

    feature: str
    test: str
    number: float | None = None
    text: str | None = None


@dataclass(frozen=True)
class ReadableRule:
    """What customers of a cluster have in common: they meet all conditions of one of the boxes.

    Attributes
    ----------
    precision
        Of those who fit, the share that is in the cluster.
    coverage
        Of the cluster, the share that fits.
    measured_on, fitting
        How many customers these were measured on, and how many of them fit.
    """

    label: int
    boxes: tuple[tuple[Condition, ...], ...]
    precision: float
    coverage: float
    measured_on: int
    fitting: int


@dataclass(frozen=True, eq=False)
class _Scale:
    """Ascending thresholds of a feature: a value's code counts those that it reaches."""

    thresholds: FloatArray
    is_yes_or_no: bool

    @classmethod
    def of(cls, values: FloatArray) -> "_Scale":
        return cls(_thresholds(values), np.unique(values).tolist() == [0.0, 1.0])

    def codes(self, values: FloatArray) -> CodeArray:
        return np.searchsorted(self.thresholds, values, side="right").astype(np.uint8)


@dataclass(frozen=True)
class _Box:
    """By feature the codes from `low` to below `high`; a feature without a limit is not named."""

    low: tuple[tuple[int, int], ...] = ()
    high: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> int:
        return len(self.low) + len(self.high)

    def fits(self, codes: CodeArray) -> BoolArray:
        inside = np.ones(len(codes), dtype=np.bool_)
        for column, code in self.low:
            inside &= codes[:, column] >= code
        for column, code in self.high:
            inside &= codes[:, column] < code
        return inside


def find_readable_rules(
    features: FeatureMatrix,
    clustering: Clustering,
    sources: Mapping[str, ModelColumn],
    *,
    random_state: int = 0,
) -> tuple[ReadableRule, ...]:
    """Return a rule for each cluster that has one worth telling, in the order of the labels.

    Parameters
    ----------
    features, clustering
        What was clustered, and the result.
    sources
        For each feature by name where its values come from.
    random_state
        Which customers the rules are made on.
    """
    if clustering.k == 1:
        return ()
    order = np.random.default_rng(random_state).permutation(features.n_samples)[: MADE_ON + MEASURED_ON]
    n_made = min(MADE_ON, len(order) // 2)
    values, labels = features.values[order], clustering.labels[order]
    scales = [_Scale.of(column[:n_made]) for column in values.T]
    coded = (scale.codes(column) for scale, column in zip(scales, values.T, strict=True))
    codes = np.stack(list(coded), axis=1)
    making, measuring = slice(0, n_made), slice(n_made, None)
    found = []
    for label in range(clustering.k):
        boxes = _find_boxes(codes[making], labels[making] == label)
        conditions = tuple(_conditions(box, scales, features.names, sources) for box in boxes)
        rule = _measure(label, boxes, conditions, codes[measuring], labels[measuring] == label)
        if rule is not None:
            found.append(rule)
    return tuple(found)


def _measure(
    label: int,
    boxes: Sequence[_Box],
    conditions: tuple[tuple[Condition, ...], ...],
    codes: CodeArray,
    is_member: BoolArray,
) -> ReadableRule | None:
    """Return the rule as it does on these customers; `None` if it is not worth telling."""
    fits = _fit_any(boxes, codes)
    fitting, right, members = (int(np.count_nonzero(each)) for each in (fits, fits & is_member, is_member))
    if fitting < FEWEST_FITTING or right < LEAST_PRECISION * fitting or right < LEAST_COVERAGE * members:
        return None
    return ReadableRule(label, conditions, right / fitting, right / members, len(codes), fitting)


def _fit_any(boxes: Sequence[_Box], codes: CodeArray) -> BoolArray:
    fits = np.zeros(len(codes), dtype=np.bool_)
    for box in boxes:
        fits |= box.fits(codes)
    return fits


def _find_boxes(codes: CodeArray, is_member: BoolArray) -> list[_Box]:
    """Return the box that tells the members best, and a second one of those it misses if that brings much."""
    boxes: list[_Box] = []
    worth = 0.0
    for _ in range(MOST_BOXES):
        rest = ~_fit_any(boxes, codes)
        box = _grow(codes[rest], is_member[rest])
        if box is None:
            break
        now = _worth(*_counts(_fit_any([*boxes, box], codes), is_member), int(is_member.sum()))
        if now < worth + (WORTH_A_BOX if boxes else 0.0):
            break
        boxes, worth = [*boxes, box], now
    return boxes


def _counts(fits: BoolArray, is_member: BoolArray) -> tuple[int, int]:
    return int(np.count_nonzero(fits & is_member)), int(np.count_nonzero(fits))


def _worth(right: float, fitting: float, members: float, beta: float = BETA) -> float:
    """Return the F measure (van Rijsbergen 1979) of precision and coverage."""
    return (1 + beta**2) * right / (beta**2 * members + fitting) if fitting else 0.0


def _grow(codes: CodeArray, is_member: BoolArray) -> _Box | None:
    """Return the best box that is precise enough, grown from everyone."""
    members = int(is_member.sum())
    best: tuple[float, _Box | None] = (0.0, None)
    beam = [_Box()]
    for _ in range(MOST_CONDITIONS):
        grown: dict[_Box, float] = {}
        for box in beam:
            for larger, right, fitting in _narrowed(box, codes, is_member):
                grown[larger] = _worth(right, fitting, members, 1.0)
                if right >= (LEAST_PRECISION + TO_SPARE) * fitting:
                    best = max(best, (_worth(right, fitting, members), larger), key=lambda each: each[0])
        beam = sorted(grown, key=lambda each: -grown[each])[:BEAM]
    return best[1]


def _narrowed(box: _Box, codes: CodeArray, is_member: BoolArray) -> Iterator[tuple[_Box, int, int]]:
    """Yield the box with one more condition, or one that is stricter, and whom it then holds."""
    inside = box.fits(codes)
    held, ours = codes[inside], is_member[inside]
    low, high = dict(box.low), dict(box.high)
    for column in range(codes.shape[1]):
        everyone = np.cumsum(np.bincount(held[:, column]))
        members = np.cumsum(np.bincount(held[ours, column], minlength=len(everyone)))
        for code in range(1, len(everyone)):
            below, right = int(everyone[code - 1]), int(members[code - 1])
            above, others = int(everyone[-1]) - below, int(members[-1]) - right
            if below and above:
                lower = _Box(_as_items(low | {column: code}), box.high)
                upper = _Box(box.low, _as_items(high | {column: code}))
                yield lower, others, above
                yield upper, right, below


def _as_items(limits: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(limits.items()))


def _thresholds(values: FloatArray) -> FloatArray:
    """Return the roundest numbers between neighbouring quantiles, or between the few values there are."""
    distinct = np.unique(values)
    if len(distinct) <= THRESHOLDS + 1:
        pairs = zip(distinct[:-1].tolist(), distinct[1:].tolist(), strict=True)
    else:
        places = np.arange(1, THRESHOLDS + 1) / (THRESHOLDS + 1)
        reach = 0.4 / (THRESHOLDS + 1)
        lows, highs = (np.quantile(values, places + side, method="lower") for side in (-reach, reach))
        # Where many have one value the number lies just above, so that it tells them from the others.
        after = distinct[np.minimum(np.searchsorted(distinct, highs, side="right"), len(distinct) - 1)]
        highs = np.where(lows < highs, highs, after)
        pairs = zip(lows.tolist(), highs.tolist(), strict=True)
    return np.unique([roundest(low, high) for low, high in pairs if low < high])


def roundest(low: float, high: float) -> float:
    """Return the number above `low` and up to `high` that has the fewest digits."""
    if low < 0 <= high:
        return 0.0
    exponent = math.floor(math.log10(max(abs(low), abs(high)))) + 1
    for power in range(exponent, exponent - 17, -1):
        for step in (5, 2, 1):
            # Whole multiples of a step: tenths are divided by, as 0.1 is no exact number.
            scale = 10.0**-power
            multiple = math.floor(high * scale / step) * step
            number = multiple / scale if power < 0 else float(multiple * 10**power)
            if low < number <= high:
                return number
    return high


def _conditions(
    box: _Box, scales: Sequence[_Scale], names: Sequence[str], sources: Mapping[str, ModelColumn]
) -> tuple[Condition, ...]:
    """Say a box in original units, in the order of the features."""
    limits = sorted([(*limit, False) for limit in box.low] + [(*limit, True) for limit in box.high])
    return tuple(
        _condition(names[column], sources[names[column]], scales[column], code, is_upper=is_upper)
        for column, code, is_upper in limits
    )


def _condition(name: str, source: ModelColumn, scale: _Scale, code: int, *, is_upper: bool) -> Condition:
    if source.value is not None:
        return Condition(source.attribute, "is-not" if is_upper else "is", text=source.value)
    if scale.is_yes_or_no:
        return Condition(name, "no" if is_upper else "yes")
    return Condition(name, "below" if is_upper else "at-least", float(scale.thresholds[code - 1]))
