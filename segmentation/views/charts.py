"""Charts, drawn from what a run froze: no customer is read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.core.cache import caches
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.module_loading import import_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from audit.reading import count_shown
from common.file_policy import file_policy
from customers.exports.csv import stream_csv
from segmentation.chart_data.axes import Axes, Choice
from segmentation.chart_data.registry import CHARTS, SIZE_HISTORY, Chart, Source, Wanted, segment_marks
from segmentation.charts.style import ChartStyle
from segmentation.comparison.timeline import read_sizes
from segmentation.models import RunPicture, Segmentation, SegmentationRun
from segmentation.querysets import HEAVY

WIDTHS = {"full": 1080, "wide": 720, "narrow": 360}
# Columns of JSON; a chart reads those it needs.
LARGE = (*HEAVY, "advice")
CONTENT_TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"}


@require_safe
@permission_required("segmenter.view_segmentationrun", raise_exception=True)
@cache_control(private=True, no_cache=True)  # a segment may have another name by now
@file_policy
def chart(request: HttpRequest, run_id: int, name: str, format: str) -> HttpResponse:  # noqa: A002
    kind = CHARTS[name]
    runs = SegmentationRun.objects.exclude(k=None).defer(*(set(LARGE) - set(kind.columns)))
    if name == "scatter":
        runs = runs.annotate(first_picture=F("pictures__0"))
    run = get_object_or_404(runs.select_related("segmentation").with_clusters(), pk=run_id)
    wanted = Wanted(
        run,
        _read_choice(run, request) if name == "scatter" else None,
        is_linked="download" not in request.GET and format == "svg",
        may_run=request.user.has_perm("segmenter.add_segmentationrun"),
    )
    return _answer(
        request,
        lambda: _drawn(request, kind, wanted, format, f"{name}-{run.pk}"),
        # A run never changes: the chart also shows its segments' present names, and links on.
        drawn_from=(wanted.may_run, segment_marks(wanted)),
        file_name=f"{name}-run-{run.pk}.{format}",
        is_kept=format == "svg",
    )


@require_safe
@permission_required("segmenter.view_segmentation", raise_exception=True)
@cache_control(private=True, no_cache=True)  # a segment may have another name by now
@file_policy
def segmentation_sizes(request: HttpRequest, segmentation_id: int, format: str) -> HttpResponse:  # noqa: A002
    """The chart of sizes from run to run."""
    history = read_sizes(get_object_or_404(Segmentation, pk=segmentation_id))
    return _answer(
        request,
        lambda: _drawn(request, SIZE_HISTORY, history, format, "sizes-through"),
        drawn_from=history,
        file_name=f"sizes-of-segmentation-{segmentation_id}.{format}",
    )


def _answer(
    request: HttpRequest,
    draw: Callable[[], bytes],
    *,
    drawn_from: object,
    file_name: str,
    is_kept: bool = False,
) -> HttpResponse:
    """Respond with a chart, or with 304 if the browser has it already: then nothing is drawn.

    `drawn_from` is all that decides what the chart looks like, besides the address and the program. A chart
    that `is_kept` is drawn once for everybody whom this process shows it within a quarter of an hour.
    """
    known = f"{PROGRAM} {get_language()} {request.get_full_path()} {drawn_from!r}"
    etag = quote_etag(sha256(known.encode()).hexdigest())
    response = get_conditional_response(request, etag=etag)
    if response is None:
        chart = _kept(etag, draw) if is_kept else draw()
        response = HttpResponse(chart, content_type=CONTENT_TYPES[file_name.rpartition(".")[2]])
        # Pages show it all the same; opened by itself it is kept as a file and never runs as a page.
        response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["ETag"] = etag
    return response


def _kept(etag: str, draw: Callable[[], bytes]) -> bytes:
    """The chart as it was drawn before, if this process has it still."""
    drawn = caches["charts"]
    known: bytes | None = drawn.get(etag)
    if known is None:
        known = draw()
        drawn.set(etag, known)
    return known


def _digest_of_program() -> str:
    """A digest of the code, of its words and of whom it draws with: a new release draws anew."""
    sources: list[Path] = []
    for app in ("common", "customers", "segmentation"):
        sources += Path(settings.BASE_DIR, app).rglob("*.py")
    for folder in settings.LOCALE_PATHS:
        sources += Path(folder).rglob("*.mo")
    digest = sha256(b"".join(source.read_bytes() for source in sorted(sources)))
    return f"{digest.hexdigest()} {version('matplotlib')}"


# Draws every chart of the process: matplotlib opens its fonts anew for each thread that draws.
ARTIST = ThreadPoolExecutor(1, thread_name_prefix="artist")

# When the code is loaded: what is put in its place later is another program.
PROGRAM = _digest_of_program()


def _drawn(
    request: HttpRequest,
    kind: Chart[Source],
    source: Source,
    format: str,  # noqa: A002
    prefix: str,
) -> bytes:
    """The bytes of a chart; `prefix` begins the ids in a drawing, of which a page may hold several."""
    try:
        if format == "csv":
            table = kind.tabulate(source)
            if table.has_customers:
                count_shown(request, f"{_(kind.title)} as numbers, {prefix}", len(table.rows))
            return b"".join(stream_csv(table.header, table.rows))
        inputs = kind.read(source)
    except RunPicture.DoesNotExist as missing:
        raise Http404(str(missing)) from None
    language, style, is_download = get_language(), _read_style(request), "download" in request.GET

    def draw() -> bytes:
        with override(language):
            figure = import_string(kind.draw)(*inputs, style)
            from segmentation.charts import rendering

            if format == "png":
                return rendering.render_png(figure)
            words = {"title": _(kind.title), "description": kind.describe(*inputs)}
            return rendering.render_svg(figure, **words, prefix=prefix, background=is_download)

    return ARTIST.submit(draw).result()


def _read_style(request: HttpRequest) -> ChartStyle:
    """The theme and the width that the address asks for."""
    return ChartStyle(
        theme="dark" if request.GET.get("theme") == "dark" else "light",
        width=WIDTHS.get(request.GET.get("width", ""), WIDTHS["wide"]),
    )


def _read_choice(run: SegmentationRun, request: HttpRequest) -> Choice | None:
    """Which axes the address names; `None`, the run's first picture, where it names none."""
    if "x" not in request.GET and "y" not in request.GET:
        return None
    choice = Axes(run).choose(request.GET.get("x", ""), request.GET.get("y", ""))
    if not choice.is_drawn:
        raise Http404(_("This run has no such chart."))
    return choice
