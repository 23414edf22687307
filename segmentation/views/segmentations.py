"""A segmentation: its segments through the runs, and the next run."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from common.file_policy import file_policy
from customers.exports.csv import stream_csv
from segmentation.charts.inputs import SizeHistory
from segmentation.charts.text.data_tables import tabulate_history
from segmentation.charts.text.descriptions import describe_history
from segmentation.comparison.timeline import read_history, read_sizes
from segmentation.models import Segmentation
from segmentation.views.charts import CONTENT_TYPES, answer_with_chart, read_style

RECENT = 10


@require_safe
@permission_required("segmenter.view_segmentation", raise_exception=True)
def segmentation_detail(request: HttpRequest, segmentation_id: int) -> HttpResponse:
    segmentation = _get_segmentation(segmentation_id)
    history = read_history(segmentation, request.GET.get("page"))
    context = {
        "segmentation": segmentation,
        "dataset": segmentation.dataset,
        "history": history,
        "latest": history.columns[-1].run if history.columns and not history.page.has_previous() else None,
        "runs": segmentation.runs.listed().with_sizes()[:RECENT],
        "run_count": segmentation.runs.count(),
    }
    return render(request, "segmentation/segmentation_detail.html", context)


def _get_segmentation(segmentation_id: int) -> Segmentation:
    owners = Segmentation.objects.select_related("dataset__current_version")
    return get_object_or_404(owners, pk=segmentation_id)


@require_safe
@permission_required("segmenter.view_segmentation", raise_exception=True)
@cache_control(private=True, no_cache=True)  # a segment may have another name by now
@file_policy
def segmentation_sizes(request: HttpRequest, segmentation_id: int, format: str) -> HttpResponse:  # noqa: A002
    """The chart of sizes through the runs."""
    history = read_sizes(_get_segmentation(segmentation_id))
    return answer_with_chart(
        request,
        lambda: _drawn(request, history, format),
        drawn_from=history,
        content_type=CONTENT_TYPES[format],
        file_name=f"sizes-of-segmentation-{segmentation_id}.{format}",
    )


def _drawn(request: HttpRequest, history: SizeHistory, format: str) -> bytes:  # noqa: A002
    if format == "csv":
        table = tabulate_history(history)
        return b"".join(stream_csv(table.header, table.rows))
    from segmentation.charts.plots.history import draw_history
    from segmentation.charts.rendering import render_png, render_svg

    figure = draw_history(history, read_style(request))
    if format == "png":
        return render_png(figure)
    title, words = _("Sizes through the runs"), describe_history(history)
    is_file = "download" in request.GET
    return render_svg(figure, title=title, description=words, prefix="sizes-through", background=is_file)
