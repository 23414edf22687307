"""How pages show segments, charts and customers' values."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from segmenter.axes import Choice
from segmenter.cards import format_value
from segmenter.charts.palette import segment_colour
from segmenter.charts.palette import segment_marker as marker_symbol
from segmenter.models import Segment, SegmentationRun
from segmenter.views import charts

register = template.Library()


@register.simple_tag
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


@register.inclusion_tag("segmenter/_chart.html")
def chart(
    run: SegmentationRun, name: str, choice: Choice | None = None, *, narrow: bool = False
) -> dict[str, Any]:
    """One of the run's charts: a picture for every theme and width, its words, and files to take along."""
    query = "?" + urlencode({"x": choice.x, "y": choice.y}) if choice else ""
    address = {
        kind: reverse("segmenter:chart", args=[run.pk, name, kind]) + query for kind in ("svg", "png", "csv")
    }
    return {
        **address,
        "name": name,
        "narrow": narrow,
        "title": charts.CHARTS[name].title,
        "words": charts.describe_chart(run, name, choice),
        "joint": "&" if query else "?",
    }


@register.simple_tag
def score(value: float | None) -> str:
    """A number with as many decimals as say something, a dash where there is none."""
    return "–" if value is None else format_value(value)


@register.simple_tag
def share(part: int, whole: int) -> str:
    """For example “40.5 %”; “less than 0.1 %” rather than 0."""
    percent = 100 * part / whole if whole else 0.0
    return "less than 0.1 %" if 0 < percent < 0.05 else f"{localize(round(percent, 1))} %"


@register.filter
def size(number: int) -> int:
    """A number without its sign, which the page writes in front."""
    return abs(number)
