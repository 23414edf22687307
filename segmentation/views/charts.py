"""Charts, drawn from what a run froze: no customer is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.db.models import F, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from common.file_policy import file_policy
from customers.exports.csv import stream_csv
from segmentation.analysis.results import (
    Advice,
    ClusterProfiles,
    ElbowSweep,
    NumberProfile,
    PairPicture,
    SweepScores,
    from_json,
)
from segmentation.chart_data.axes import Axes, Choice, read_picture
from segmentation.charts.inputs import ElbowChart, SegmentMark
from segmentation.charts.style import ChartStyle
from segmentation.charts.text import data_tables, descriptions
from segmentation.models import Cluster, SegmentationRun

WIDTHS = {"full": 1080, "wide": 720, "narrow": 360}
# Attributes in a chart that has a row or a panel for each; the file of its numbers has all of them.
MOST_DRAWN = 30
# Features in them: a text counts once for each of its values, and 600 made a picture of a hundred screens.
MOST_FEATURES_DRAWN = 60
CLUSTERS = Prefetch("clusters", Cluster.objects.select_related("segment"))
# Columns of JSON; a chart reads those it needs.
LARGE = ("sweep", "scores", "advice", "profiles", "pictures")
CONTENT_TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True)
class Wanted:
    """What a chart is drawn of: a run, for a scatter plot two axes, and whether its marks lead somewhere."""

    run: SegmentationRun
    choice: Choice | None = None
    is_linked: bool = True
    may_run: bool = False


@dataclass(frozen=True)
class Chart:
    """One kind of chart: what it is called, what it is drawn from, how it is drawn, told and tabulated.

    `draw` is a path: matplotlib loads when the first chart is drawn.
    """

    title: str
    draw: str
    describe: Callable[..., str]
    tabulate: Callable[[Wanted], data_tables.NumberTable]
    read: Callable[[Wanted], tuple[Any, ...]]
    columns: tuple[str, ...] = ()


@require_safe
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
@cache_control(private=True, no_cache=True)  # a segment may have another name by now
@file_policy
def chart(request: HttpRequest, run_id: int, name: str, format: str) -> HttpResponse:  # noqa: A002
    kind = CHARTS[name]
    runs = SegmentationRun.objects.exclude(k=None).defer(*(set(LARGE) - set(kind.columns)))
    if name == "scatter":
        runs = runs.annotate(first_picture=F("pictures__0"))
    run = get_object_or_404(runs.select_related("segmentation").prefetch_related(CLUSTERS), pk=run_id)
    wanted = Wanted(
        run,
        read_choice(run, request) if name == "scatter" else None,
        is_linked="download" not in request.GET and format == "svg",
        may_run=request.user.has_perm("segmenter.add_segmentationrun"),
    )
    return answer_with_chart(
        request,
        lambda: _drawn(request, name, wanted, format),
        # A run never changes: besides it a chart shows how its segments are called now, and leads on.
        drawn_from=(wanted.may_run, segment_marks(wanted)),
        content_type=CONTENT_TYPES[format],
        file_name=f"{name}-run-{run.pk}.{format}",
    )


def answer_with_chart(
    request: HttpRequest,
    draw: Callable[[], bytes],
    *,
    drawn_from: object,
    content_type: str,
    file_name: str,
) -> HttpResponse:
    """Answer with a chart, or with 304 where the browser has it already: then nothing is drawn.

    `drawn_from` is all that decides what the chart looks like, besides the address and the program.
    """
    known = f"{PROGRAM} {get_language()} {request.get_full_path()} {drawn_from!r}"
    etag = quote_etag(sha256(known.encode()).hexdigest())
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(draw(), content_type=content_type)
        # Pages show it all the same; opened by itself it is kept as a file and never runs as a page.
        response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["ETag"] = etag
    return response


def _digest_of_program() -> str:
    """A digest of the code, of its words and of whom it draws with: a new release draws anew."""
    sources: list[Path] = []
    for app in ("common", "customers", "segmentation"):
        sources += Path(settings.BASE_DIR, app).rglob("*.py")
    for folder in settings.LOCALE_PATHS:
        sources += Path(folder).rglob("*.mo")
    digest = sha256(b"".join(source.read_bytes() for source in sorted(sources)))
    return f"{digest.hexdigest()} {version('matplotlib')}"


# When the code is loaded: what is put in its place later is another program.
PROGRAM = _digest_of_program()


def _drawn(request: HttpRequest, name: str, wanted: Wanted, format: str) -> bytes:  # noqa: A002
    kind = CHARTS[name]
    if format == "csv":
        table = kind.tabulate(wanted)
        return b"".join(stream_csv(table.header, table.rows))
    inputs = kind.read(wanted)
    figure = import_string(kind.draw)(*inputs, read_style(request))
    from segmentation.charts import rendering

    if format == "png":
        return rendering.render_png(figure)
    return rendering.render_svg(
        figure,
        title=_(kind.title),
        description=kind.describe(*inputs),
        prefix=f"{name}-{wanted.run.pk}",
        background="download" in request.GET,
    )


def read_style(request: HttpRequest) -> ChartStyle:
    """The theme and the width that the address asks for."""
    return ChartStyle(
        theme="dark" if request.GET.get("theme") == "dark" else "light",
        width=WIDTHS.get(request.GET.get("width", ""), WIDTHS["wide"]),
    )


def read_choice(run: SegmentationRun, request: HttpRequest) -> Choice | None:
    """Which axes the address names; `None`, the run's first picture, where it names none."""
    if "x" not in request.GET and "y" not in request.GET:
        return None
    choice = Axes(run).choose(request.GET.get("x", ""), request.GET.get("y", ""))
    if not choice.is_drawn:
        raise Http404(_("This run has no such picture."))
    return choice


def describe_chart(run: SegmentationRun, name: str, choice: Choice | None = None) -> str:
    """The chart in words."""
    return CHARTS[name].describe(*CHARTS[name].read(Wanted(run, choice)))


def elbow_chart(wanted: Wanted) -> ElbowChart:
    """The chart of the sweep; every k leads to the page that starts a run with it, for those who may."""
    run, sweep = wanted.run, from_json(ElbowSweep, wanted.run.sweep)
    hrefs: list[str | None] = []
    if wanted.is_linked and wanted.may_run:
        hrefs = [None if k == run.k else reverse("segmentation:run-k", args=[run.pk, k]) for k in sweep.ks]
    scores, advice = from_json(SweepScores, run.scores), from_json(Advice, run.advice)
    return ElbowChart.from_results(sweep, scores, advice, k=run.k, hrefs=hrefs)


def segment_marks(wanted: Wanted) -> list[SegmentMark]:
    """The run's clusters as the charts know them: label, name, colour, size, address."""
    return [
        SegmentMark(
            label=cluster.label,
            name=cluster.segment.name,
            colour=cluster.segment.colour,
            size=cluster.size,
            href=cluster.get_absolute_url() if wanted.is_linked else None,
        )
        for cluster in wanted.run.clusters.all()
    ]


def pair_picture(wanted: Wanted) -> PairPicture:
    """The picture of the axes, of the run's first pair where none are named."""
    if wanted.choice is not None:
        picture = read_picture(wanted.run, wanted.choice)
        if picture is None:
            raise Http404(_("This run has no such picture."))
        return picture
    # A page may have read it from the database already.
    first = wanted.run.__dict__.get("first_picture") or next(iter(wanted.run.pictures), None)
    if first is None:
        raise Http404(_("This run has no picture."))
    return from_json(PairPicture, first)


def number_profiles(wanted: Wanted) -> tuple[NumberProfile, ...]:
    return tuple(from_json(ClusterProfiles, wanted.run.profiles).numbers)


def drawn_profiles(numbers: Sequence[NumberProfile]) -> tuple[NumberProfile, ...]:
    """The features, up to `MOST_FEATURES_DRAWN`, and other attributes, up to `MOST_DRAWN` with the features.

    Of either kind those that the segments explain best.
    """
    best = sorted(range(len(numbers)), key=lambda place: -numbers[place].explained)
    features = [place for place in best if numbers[place].is_feature][:MOST_FEATURES_DRAWN]
    others = [place for place in best if not numbers[place].is_feature]
    drawn = [*features, *others[: max(0, MOST_DRAWN - len(features))]]
    return tuple(numbers[place] for place in sorted(drawn))


CHARTS = {
    "elbow": Chart(
        title=gettext_noop("Elbow graph"),
        draw="segmentation.charts.plots.elbow.draw_elbow",
        describe=descriptions.describe_elbow,
        tabulate=lambda wanted: data_tables.tabulate_elbow(
            from_json(ElbowSweep, wanted.run.sweep), from_json(SweepScores, wanted.run.scores)
        ),
        read=lambda wanted: (elbow_chart(wanted),),
        columns=("sweep", "scores", "advice"),
    ),
    "scatter": Chart(
        title=gettext_noop("Scatter plot"),
        draw="segmentation.charts.plots.scatter.draw_scatter",
        describe=descriptions.describe_scatter,
        tabulate=lambda wanted: data_tables.tabulate_scatter(pair_picture(wanted), segment_marks(wanted)),
        read=lambda wanted: (pair_picture(wanted), segment_marks(wanted)),
    ),
    "sizes": Chart(
        title=gettext_noop("Segment sizes"),
        draw="segmentation.charts.plots.sizes.draw_sizes",
        describe=descriptions.describe_sizes,
        tabulate=lambda wanted: data_tables.tabulate_sizes(segment_marks(wanted)),
        read=lambda wanted: (segment_marks(wanted),),
    ),
    "profile": Chart(
        title=gettext_noop("Profiles"),
        draw="segmentation.charts.plots.profile.draw_profile",
        describe=descriptions.describe_profile,
        tabulate=lambda wanted: data_tables.tabulate_profile(number_profiles(wanted), segment_marks(wanted)),
        read=lambda wanted: (drawn_profiles(number_profiles(wanted)), segment_marks(wanted)),
        columns=("profiles",),
    ),
    "distributions": Chart(
        title=gettext_noop("Distributions"),
        draw="segmentation.charts.plots.distributions.draw_distributions",
        describe=descriptions.describe_distributions,
        tabulate=lambda wanted: data_tables.tabulate_distributions(
            number_profiles(wanted), segment_marks(wanted)
        ),
        read=lambda wanted: (drawn_profiles(number_profiles(wanted)), segment_marks(wanted)),
        columns=("profiles",),
    ),
}
