"""Charts, drawn from what a run froze: no customer is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from csp.decorators import csp_replace
from django.contrib.auth.decorators import permission_required
from django.db import connection
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from segmenter.analysis.results import (
    Advice,
    ClusterProfiles,
    ElbowSweep,
    NumberProfile,
    PairPicture,
    SweepScores,
    from_json,
)
from segmenter.charts import descriptions
from segmenter.charts.inputs import ElbowChart, SegmentMark
from segmenter.charts.style import ChartStyle
from segmenter.models import Cluster, SegmentationRun
from segmenter.policy import FILE_POLICY

WIDTHS = {"wide": 800, "narrow": 360}
CLUSTERS = Prefetch("clusters", Cluster.objects.select_related("segment"))


@dataclass(frozen=True)
class Chart:
    """One kind of chart: what it is called, what it is drawn from, how it is drawn and put into words.

    `draw` is a path: matplotlib loads when the first chart is drawn.
    """

    title: str
    draw: str
    describe: Callable[..., str]
    read: Callable[[SegmentationRun, int], tuple[Any, ...]]


@require_safe
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
@cache_control(private=True, no_cache=True)  # a segment may have another name by now
@csp_replace(FILE_POLICY)  # type: ignore[arg-type]  # its type knows views without arguments only
def chart(request: HttpRequest, run_id: int, name: str, format: str) -> HttpResponse:  # noqa: A002
    runs = SegmentationRun.objects.exclude(k=None).prefetch_related(CLUSTERS)
    run, pair = get_object_or_404(runs, pk=run_id), read_pair(request)
    style = ChartStyle(
        theme="dark" if request.GET.get("theme") == "dark" else "light",
        width=WIDTHS["narrow" if request.GET.get("width") == "narrow" else "wide"],
    )
    kind = CHARTS[name]
    inputs = kind.read(run, pair)
    figure = import_string(kind.draw)(*inputs, style)
    from segmenter.charts import rendering

    if format == "png":
        response = HttpResponse(rendering.render_png(figure), content_type="image/png")
    else:
        svg = rendering.render_svg(
            figure,
            title=kind.title,
            description=kind.describe(*inputs),
            prefix=f"{name}-{run.pk}-{pair}",
            background="download" in request.GET,
        )
        response = HttpResponse(svg, content_type="image/svg+xml")
    # Pages show it all the same; opened by itself it is kept as a file and never runs as a page.
    response["Content-Disposition"] = f'attachment; filename="{name}-run-{run.pk}.{format}"'
    return response


def describe_chart(run: SegmentationRun, name: str, pair: int = 0) -> str:
    """The chart in words."""
    return CHARTS[name].describe(*CHARTS[name].read(run, pair))


def read_pair(request: HttpRequest) -> int:
    """Which picture of a pair of axes the address names; the first one where none is named."""
    asked = request.GET.get("pair", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0


def elbow_chart(run: SegmentationRun) -> ElbowChart:
    return ElbowChart.from_results(
        from_json(ElbowSweep, run.sweep),
        from_json(SweepScores, run.scores),
        from_json(Advice, run.advice),
        k=run.k,
    )


def segment_marks(run: SegmentationRun) -> list[SegmentMark]:
    """The run's clusters as the charts know them: label, name, colour, size, address."""
    return [
        SegmentMark(
            label=cluster.label,
            name=cluster.segment.name,
            colour=cluster.segment.colour,
            size=cluster.size,
            href=cluster.get_absolute_url(),
        )
        for cluster in run.clusters.all()
    ]


def pair_picture(run: SegmentationRun, pair: int) -> PairPicture:
    """The picture of the pair of axes with this number."""
    # A list page or this one alone may have read it from the database already.
    picture = run.__dict__.get("first_picture") if pair == 0 else None
    if picture is None:
        if pair >= len(run.pictures):
            raise Http404("This run has no such picture.")
        picture = run.pictures[pair]
    return from_json(PairPicture, picture)


def _number_profiles(run: SegmentationRun) -> tuple[NumberProfile, ...]:
    return tuple(from_json(ClusterProfiles, run.profiles).numbers)


CHARTS = {
    "elbow": Chart(
        title="Elbow graph",
        draw="segmenter.charts.elbow.draw_elbow",
        describe=descriptions.describe_elbow,
        read=lambda run, pair: (elbow_chart(run),),
    ),
    "scatter": Chart(
        title="Scatter plot",
        draw="segmenter.charts.scatter.draw_scatter",
        describe=descriptions.describe_scatter,
        read=lambda run, pair: (pair_picture(run, pair), segment_marks(run)),
    ),
    "sizes": Chart(
        title="Segment sizes",
        draw="segmenter.charts.sizes.draw_sizes",
        describe=descriptions.describe_sizes,
        read=lambda run, pair: (segment_marks(run),),
    ),
    "profile": Chart(
        title="Profiles",
        draw="segmenter.charts.profile.draw_profile",
        describe=descriptions.describe_profile,
        read=lambda run, pair: (_number_profiles(run), segment_marks(run)),
    ),
    "distributions": Chart(
        title="Distributions",
        draw="segmenter.charts.distributions.draw_distributions",
        describe=descriptions.describe_distributions,
        read=lambda run, pair: (_number_profiles(run), segment_marks(run)),
    ),
}


def picture_names(run: SegmentationRun) -> list[tuple[int, str]]:
    """The number and the axes of every picture of a pair, without reading the pictures."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT picture.position - 1, picture.value->>'x_name', picture.value->>'y_name' "
            "FROM segmenter_segmentationrun, "
            "jsonb_array_elements(pictures) WITH ORDINALITY AS picture(value, position) WHERE id = %s",
            [run.pk],
        )
        return [(number, f"{x_name} × {y_name}") for number, x_name, y_name in cursor.fetchall()]
