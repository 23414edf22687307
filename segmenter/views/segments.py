"""One segment of a run: its customers, its name."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.recording import record
from customers.exporting import attributes_of
from customers.filtering import filter_editor
from customers.listing import Listing, has_empty_fields, within_limits
from customers.paging import TooSlow
from segmenter.forms import SegmentForm
from segmenter.members import SORTS, count_features, features_first, read_members
from segmenter.models import Cluster
from segmenter.origins import origin_of, read_origin


def orders() -> list[tuple[str, str]]:
    """The orders that people ask for by a name of their own."""
    return [
        ("distance", _("most typical")),
        ("margin", _("borderline to another segment")),
        ("id", _("first to come in")),
    ]


def _get_cluster(run_id: int, number: int) -> Cluster:
    return get_object_or_404(Cluster.objects.with_owners(), run=run_id, number=number)


@require_safe
@permission_required("segmenter.view_segment", raise_exception=True)
def segment_detail(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    cluster = _get_cluster(run_id, number)
    dataset = cluster.run.segmentation.dataset
    origin = read_origin(request.GET, dataset)
    attributes = features_first(cluster, attributes_of(dataset))
    listing = Listing.read(request.GET, dataset, attributes, sorts=SORTS, more=origin)
    other = origin_of(listing.selection)
    seen_by = other.run if other and other.run else cluster.run
    if has_empty_fields(request):
        return redirect(f"{request.path}{listing.address()}")
    context = {
        "cluster": cluster,
        "run": cluster.run,
        "dataset": dataset,
        "listing": listing,
        "columns": listing.columns(
            ("distance", _("Distance")),
            ("margin", _("Margin")),
            leading=count_features(cluster, attributes),
        ),
        "orders": [(name, label, listing.address(sort=name)) for name, label in orders()],
        "seen_by": seen_by,
        "is_newer": cluster.run.version_id != dataset.current_version_id,
        "is_marked": seen_by.version_id != dataset.current_version_id and not seen_by.version.dropped_at,
    }
    try:
        with within_limits(listing):
            context["list"] = read_members(cluster, listing)
            context["editor"] = filter_editor(dataset, listing)
    except TooSlow:
        return render(request, "segmenter/segment_detail.html", context, status=503)
    return render(request, "segmenter/segment_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.change_segment", raise_exception=True)
def segment_rename(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    """Change the name or the notes: pages have the form in place, this one shows it where it was wrong."""
    cluster = _get_cluster(run_id, number)
    segment = cluster.segment
    before = {"name": segment.name, "notes": segment.notes}
    # Whoever has not touched the notes leaves them as they are now, not as the page had them.
    posted = request.POST.dict()
    if "seen_notes" in posted and posted.get("notes") == posted["seen_notes"]:
        del posted["notes"]
    data = {**before, **posted} if request.method == "POST" else None
    form = SegmentForm(data, instance=segment)
    if data is None or not form.is_valid():
        context = {"cluster": cluster, "run": cluster.run, "before": before["name"], "form": form}
        return render(request, "segmenter/segment_rename.html", context)
    form.save()
    if segment.name != before["name"]:
        record(request, "renamed a segment", segment, before=before["name"])
        said = _("The segment is now called “%(name)s”, in every run.")
    else:
        said = _("Saved for “%(name)s”.")
    if segment.notes != before["notes"]:
        record(request, "changed the notes of a segment", segment, before=before["notes"])
    messages.success(request, said % {"name": segment.name})
    from_run = request.POST.get("back") == "run"
    return redirect(f"{cluster.run.get_absolute_url()}#segment-{number}" if from_run else cluster)
