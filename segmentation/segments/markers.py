"""Small drawings of segments in pages and tables: the marker of one, the sizes of a run's."""

from collections.abc import Sequence
from itertools import accumulate

from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.number_format import format_count
from segmentation.charts.palette import ThemeName, segment_colour
from segmentation.charts.palette import segment_marker as marker_symbol
from segmentation.models import Cluster, Segment, SegmentationRun

# Of the small bar of sizes, in its own units.
BAR_WIDTH = 120


def segment_marker(segment: Segment) -> SafeString:
    """The segment's marker in its colour, the same as in every chart."""
    return format_html(
        '<svg class="marker" viewBox="0 0 16 16" aria-hidden="true">'
        '<g text-anchor="middle" font-size="15">'
        '<text class="light-only" x="8" y="13" fill="{}">{}</text>'
        '<text class="dark-only" x="8" y="13" fill="{}">{}</text></g></svg>',
        segment_colour(segment.colour, "light"),
        marker_symbol(segment.colour),
        segment_colour(segment.colour, "dark"),
        marker_symbol(segment.colour),
    )


def size_bar(run: SegmentationRun) -> SafeString | str:
    """The sizes of a run's segments as one small bar, each in its colour; said in words as well."""
    clusters = list(run.clusters.all())
    total = sum(cluster.size for cluster in clusters)
    if not total:
        return ""
    words = ", ".join(f"{cluster.segment} {format_count(cluster.size)}" for cluster in clusters)
    bars = [_bar(clusters, total, theme) for theme in ("light", "dark")]
    return format_html(
        '<svg class="sizes" viewBox="0 0 {} 12" role="img"><title>{}</title>{}{}</svg>',
        BAR_WIDTH,
        words,
        *bars,
    )


def _bar(clusters: Sequence[Cluster], total: int, theme: ThemeName) -> SafeString:
    """One rectangle for each cluster, side by side; each at least wide enough to be seen."""
    lengths = [max(1.5, (BAR_WIDTH - len(clusters)) * cluster.size / total) for cluster in clusters]
    starts = accumulate(lengths, lambda start, length: start + length + 1, initial=0.0)
    # Numbers and colours of our own: nothing to escape, and a list has hundreds of them.
    parts = SafeString(
        "".join(
            f'<rect x="{start:.1f}" width="{length:.1f}" height="12" rx="1" '
            f'fill="{segment_colour(cluster.segment.colour, theme)}"/>'
            for start, length, cluster in zip(starts, lengths, clusters, strict=False)
        )
    )
    return format_html('<g class="{}-only">{}</g>', theme, parts)
