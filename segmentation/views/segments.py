"""One segment of a run, and its customers."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.reading import count_shown
from customers.lists.filter_form import filter_editor
from customers.lists.listing import Listing, has_empty_fields, within_limits
from customers.lists.paging import TooSlow
from segmentation.analysis.results import ClusterProfiles, from_json
from segmentation.analysis.words.naming import describe
from segmentation.comparison.origin_filter import origin_of, read_origin
from segmentation.models import Cluster
from segmentation.segments.cards import find_differences, list_facts
from segmentation.segments.customers import SORTS, count_features, features_first, read_members
from segmentation.segments.readable import word_rule_of
from segmentation.segments.rules import RULE_FORMS


def orders() -> list[tuple[str, str]]:
    """The named sort orders."""
    return [
        ("distance", _("most typical")),
        ("margin", _("closest to another segment")),
        ("id", _("oldest first")),
    ]


def _get_cluster(run_id: int, number: int) -> Cluster:
    return get_object_or_404(Cluster.objects.with_owners(), run=run_id, number=number)


@require_safe
@permission_required("segmenter.view_segment", raise_exception=True)
def segment_detail(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    cluster = _get_cluster(run_id, number)
    dataset = cluster.run.segmentation.dataset
    origin = read_origin(request.GET, dataset)
    attributes = features_first(cluster, list(dataset.attributes.all()))
    listing = Listing.read(request.GET, dataset, attributes, sorts=SORTS, more=origin)
    other = origin_of(listing.selection)
    seen_by = other.run if other else cluster.run
    if has_empty_fields(request):
        return redirect(f"{request.path}{listing.address()}")
    profiles = from_json(ClusterProfiles, cluster.run.profiles)
    context = {
        "cluster": cluster,
        "run": cluster.run,
        "dataset": dataset,
        "facts": list_facts(profiles, cluster),
        "differences": [each for each in find_differences(profiles, cluster.label) if not each.is_feature],
        "description": describe(profiles.numbers, cluster.label, profiles.texts),
        "rule": word_rule_of(cluster),
        "rule_forms": RULE_FORMS,
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
            context["list"] = page = read_members(cluster, listing)
            context["editor"] = filter_editor(dataset, listing)
    except TooSlow:
        return render(request, "segmentation/segment_detail.html", context, status=503)
    count_shown(request, f"{cluster.segment} of run {cluster.run_id}", len(page.rows))
    return render(request, "segmentation/segment_detail.html", context)
