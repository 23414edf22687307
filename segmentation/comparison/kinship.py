"""Which segments split and which merged between two runs, from who went where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from common.number_format import format_percent_floored
from segmentation.models import Cluster, Segment

# A part of a split has at least this share of the customers of the whole, and a source of a merger this share
# of what came of it; smaller flows are people who moved.
LEAST_SHARE = 0.2
# And most of its own customers come from the whole, or went into it.
MOST = 0.5

Counts = Mapping[tuple[int | None, int | None], int]


@dataclass(frozen=True)
class Kin:
    """The other segment, and which share of the whole the part is, among customers of both runs."""

    segment: Segment
    share: float


@dataclass(frozen=True)
class Kinship:
    """Splits and mergers by segment.

    Attributes
    ----------
    split_from
        Of a segment that the earlier run did not have: what it was part of.
    parts
        Of a segment that split: the segments that the earlier run did not have.
    merged_into
        Of a segment that the later run no longer has: what it is part of.
    taken_in
        Of a segment that others merged into: those that the later run no longer has.
    """

    split_from: Mapping[int, Kin] = field(default_factory=dict)
    parts: Mapping[int, Sequence[Kin]] = field(default_factory=dict)
    merged_into: Mapping[int, Kin] = field(default_factory=dict)
    taken_in: Mapping[int, Sequence[Kin]] = field(default_factory=dict)


NO_KINSHIP = Kinship()


def find_kinship(before: Iterable[Cluster], after: Iterable[Cluster], counts: Counts | None) -> Kinship:
    """Find what split and what merged.

    Parameters
    ----------
    before, after
        The clusters of two runs of one segmentation, with their segments.
    counts
        How many customers went from which label to which; `None` where nobody has counted them.
    """
    then, now = list(before), list(after)
    stayed = {key: size for key, size in (counts or {}).items() if None not in key}
    split_from, parts = _wholes(then, now, stayed)
    backwards = {(later, earlier): size for (earlier, later), size in stayed.items()}
    merged_into, taken_in = _wholes(now, then, backwards)
    return Kinship(split_from, parts, merged_into, taken_in)


def _wholes(
    wholes: Sequence[Cluster], others: Sequence[Cluster], sizes: Counts
) -> tuple[dict[int, Kin], dict[int, list[Kin]]]:
    """Find which of the others are parts of a whole; return those with a segment that no whole has."""
    known = {whole.segment_id for whole in wholes}
    whole_of: dict[int, Kin] = {}
    parts_of: dict[int, list[Kin]] = {}
    for whole in wholes:
        parts = list(_parts(whole, others, sizes))
        if len(parts) < 2:
            continue
        for part, share in parts:
            if part.segment_id not in known:
                whole_of[part.segment_id] = Kin(whole.segment, share)
                parts_of.setdefault(whole.segment_id, []).append(Kin(part.segment, share))
    return whole_of, parts_of


def _parts(whole: Cluster, others: Sequence[Cluster], sizes: Counts) -> Iterator[tuple[Cluster, float]]:
    """Yield the others that are a part of this one, and which share of it each is."""
    total = sum(size for (label, _other), size in sizes.items() if label == whole.label)
    for other in others:
        common = sizes.get((whole.label, other.label), 0)
        own = sum(size for (_whole, label), size in sizes.items() if label == other.label)
        if common and common >= LEAST_SHARE * total and common >= MOST * own:
            yield other, common / total


def describe_kinship(segment_id: int, kinship: Kinship) -> str:
    """One sentence on what split or merged; empty if nothing did."""
    if kin := kinship.split_from.get(segment_id):
        values = {"name": kin.segment, "share": format_percent_floored(kin.share)}
        return _("Split off from “%(name)s”: %(share)s of its customers.") % values
    if kin := kinship.merged_into.get(segment_id):
        return _("Merged into “%(name)s”.") % {"name": kin.segment}
    if parts := kinship.parts.get(segment_id):
        return _("It split: part of it is now %(names)s.") % {"names": _names(parts)}
    if sources := kinship.taken_in.get(segment_id):
        return _("It took in %(names)s.") % {"names": _names(sources)}
    return ""


def _names(kin: Sequence[Kin]) -> str:
    return get_text_list([f"“{each.segment}”" for each in kin], _("and"))
