"""What each chart shows, as a table of plain numbers to download. Free of matplotlib."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.i18n import gettext as _
from common.i18n import gettext_noop
from segmentation.analysis.results import ElbowSweep, NumberProfile, PairPicture, SweepScores
from segmentation.charts.inputs import SegmentMark, SizeHistory

Cell = str | int | float | None
QUANTILES = (
    gettext_noop("Minimum"),
    "5 %",
    "25 %",
    gettext_noop("Median"),
    "75 %",
    "95 %",
    gettext_noop("Maximum"),
)


@dataclass(frozen=True)
class NumberTable:
    """Column names, and rows as long as these; `has_customers` where each row is a customer."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    has_customers: bool = False


def tabulate_elbow(sweep: ElbowSweep, scores: SweepScores) -> NumberTable:
    """Return one row per k with its inertia and every score."""
    header = (
        "k",
        "WCSS",
        _("Silhouette"),
        _("Standard error"),
        _("Customers in its sample"),
        "Davies-Bouldin",
        "Calinski-Harabasz",
        _("Stability"),
        _("Smallest segment"),
    )
    rows = [
        (
            row.k,
            row.inertia,
            row.silhouette,
            row.silhouette_error,
            None if row.silhouette_exact else row.silhouette_sample,
            row.davies_bouldin,
            row.calinski_harabasz,
            row.stability,
            min(row.sizes, default=None),
        )
        for row in scores.rows
        if row.k in sweep.ks
    ]
    return NumberTable(header, rows)


def tabulate_sizes(marks: Sequence[SegmentMark]) -> NumberTable:
    """Return one row per segment with its size and its share."""
    total = sum(mark.size for mark in marks) or 1
    rows = [(mark.number, mark.name, mark.size, mark.size / total) for mark in marks]
    return NumberTable((_("Number"), _("Segment"), _("Customers"), _("Share")), rows)


def tabulate_scatter(picture: PairPicture, marks: Sequence[SegmentMark]) -> NumberTable:
    """Return one row per customer drawn as a point, or per cell and segment with its count."""
    names = {mark.label: mark.name for mark in marks}
    header = (picture.x_name, picture.y_name, _("Segment"))
    if picture.kind == "points":
        drawn = zip(picture.xs, picture.ys, picture.labels, strict=True)
        return NumberTable(header, [(x, y, names[label]) for x, y, label in drawn], has_customers=True)
    xs, ys = (_middles(edges) for edges in (picture.x_edges, picture.y_edges))
    counted = zip(picture.cells, picture.labels, picture.counts, strict=True)
    rows = [(xs[cell % len(xs)], ys[cell // len(xs)], names[label], count) for cell, label, count in counted]
    return NumberTable((*header, _("Customers")), rows)


def _middles(edges: Sequence[float]) -> list[float]:
    values = np.asarray(edges)
    return [float(value) for value in (values[:-1] + values[1:]) / 2]


def tabulate_profile(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark]) -> NumberTable:
    """Return one row per attribute and segment: mean, everyone's mean, and how far apart they are."""
    rows = [
        (
            profile.name,
            mark.name,
            profile.clusters[mark.label].mean,
            profile.everyone.mean,
            profile.differences[mark.label],
            profile.standard_differences[mark.label],
            profile.clusters[mark.label].missing,
        )
        for profile in profiles
        for mark in marks
    ]
    header = (
        _("Attribute"),
        _("Segment"),
        _("Mean"),
        _("Mean of everyone"),
        _("Difference"),
        _("In standard deviations"),
        _("Without a value"),
    )
    return NumberTable(header, rows)


def tabulate_distributions(profiles: Sequence[NumberProfile], marks: Sequence[SegmentMark]) -> NumberTable:
    """Return one row per attribute and segment, and one for everyone, with its quantiles."""
    rows: list[Sequence[Cell]] = []
    for profile in profiles:
        groups = [
            (_("Everyone"), profile.everyone),
            *((mark.name, profile.clusters[mark.label]) for mark in marks),
        ]
        for name, summary in groups:
            known = summary.count - summary.missing
            quantiles = summary.quantiles or (None,) * len(QUANTILES)
            rows.append((profile.name, name, known, summary.mean, summary.deviation, *quantiles))
    header = (
        _("Attribute"),
        _("Segment"),
        _("Customers with a value"),
        _("Mean"),
        _("Standard deviation"),
    )
    return NumberTable((*header, *map(_, QUANTILES)), rows)


def tabulate_history(history: SizeHistory) -> NumberTable:
    """Return one row per segment with its size in each run, nothing where a run did not find it."""
    retired = _("retired")
    rows = [(each.name, retired if each.is_retired else "", *each.sizes) for each in history.segments]
    return NumberTable((_("Segment"), _("State"), *history.runs), rows)
