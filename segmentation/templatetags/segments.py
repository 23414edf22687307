"""How pages show segments, charts and customers' values."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from segmentation.chart_data.axes import Choice
from segmentation.chart_data.registry import CHARTS, SIZE_HISTORY, describe_chart
from segmentation.charts.inputs import SizeHistory
from segmentation.models import Cluster, Segmentation, SegmentationRun
from segmentation.segments.markers import segment_marker, size_bar

register = template.Library()
register.simple_tag(segment_marker)
register.simple_tag(size_bar)


@register.simple_tag
def cluster_link(cluster: Cluster) -> SafeString:
    """The segment's marker and name, which leads to the segment as that run found it."""
    marker, address = segment_marker(cluster.segment), cluster.get_absolute_url()
    return format_html('{} <a href="{}">{}</a>', marker, address, cluster.segment)


@register.simple_tag
def run_link(run: SegmentationRun) -> SafeString:
    """“Run 12”, which leads there."""
    words = _("Run %(number)s") % {"number": run.pk}
    return format_html('<a href="{}">{}</a>', run.get_absolute_url(), words)


@register.inclusion_tag("segmentation/_chart.html")
def size_chart(segmentation: Segmentation, history: SizeHistory) -> dict[str, Any]:
    """The chart of a segmentation's sizes from run to run."""
    kinds = ("svg", "png", "csv")
    addresses = {
        kind: reverse("segmentation:segmentation-sizes", args=[segmentation.pk, kind]) for kind in kinds
    }
    return {
        **addresses,
        "name": "history",
        "width": "full",
        "title": _(SIZE_HISTORY.title),
        "words": SIZE_HISTORY.describe(history),
        "joint": "?",
    }


@register.inclusion_tag("segmentation/_chart.html")
def chart(run: SegmentationRun, name: str, choice: Choice | None = None) -> dict[str, Any]:
    """One of the run's charts: a picture for every theme and width, its words, and files to download."""
    query = "?" + urlencode({"x": choice.x, "y": choice.y}) if choice else ""
    address = {
        kind: reverse("segmentation:chart", args=[run.pk, name, kind]) + query
        for kind in ("svg", "png", "csv")
    }
    return {
        **address,
        "name": name,
        "title": _(CHARTS[name].title),
        "words": describe_chart(run, name, choice),
        "joint": "&" if query else "?",
    }
