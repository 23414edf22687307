"""One segment of a run: its customers, its name."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.recording import record
from customers.models import Attribute, Customer, Dataset
from customers.paging import keyset_page
from segmenter.forms import SegmentForm
from segmenter.models import Cluster, ClusterAssignment

# How the list can be ordered: the name in the address, and the fields of an index.
ORDERS = {
    "id": ["customer_id"],
    "typical": ["distance", "customer_id"],
    "borderline": ["margin", "customer_id"],
}
PAGE_SIZE = 50


def _get_cluster(run_id: int, number: int) -> Cluster:
    return get_object_or_404(Cluster.objects.with_owners(), run=run_id, number=number)


@require_safe
@permission_required("segmenter.view_segment", raise_exception=True)
def segment_detail(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    cluster = _get_cluster(run_id, number)
    dataset = cluster.run.segmentation.dataset
    order = request.GET.get("order", "typical")
    page = keyset_page(
        ClusterAssignment.objects.filter(run=run_id, label=cluster.label),
        ORDERS.get(order, ORDERS["typical"]),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        size=PAGE_SIZE,
    )
    attributes = list(dataset.attributes.all())
    context = {
        "cluster": cluster,
        "run": cluster.run,
        "dataset": dataset,
        "order": order if order in ORDERS else "typical",
        "page": page,
        "attributes": attributes,
        "rows": _with_todays_values(page.rows, dataset, attributes),
        "form": SegmentForm(instance=cluster.segment),
    }
    return render(request, "segmenter/segment_detail.html", context)


def _with_todays_values(
    assignments: list[ClusterAssignment], dataset: Dataset, attributes: list[Attribute]
) -> list[dict[str, Any]]:
    """The assignments with their customers as they are today; a customer who is gone has none."""
    ids = [assignment.customer_id for assignment in assignments]
    customers = {customer.id: customer for customer in Customer.objects.of(dataset).filter(id__in=ids)}
    return [
        {
            "assignment": assignment,
            "customer": customers.get(assignment.customer_id),
            "values": customers[assignment.customer_id].values(attributes)
            if assignment.customer_id in customers
            else [],
        }
        for assignment in assignments
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("segmenter.change_segment", raise_exception=True)
def segment_rename(request: HttpRequest, run_id: int, number: int) -> HttpResponse:
    """Change the name or the notes: pages have the form in place, this one shows it where it was wrong."""
    cluster = _get_cluster(run_id, number)
    segment = cluster.segment
    before = {"name": segment.name, "notes": segment.notes}
    # A form that has the name alone leaves the notes as they are.
    data = {**before, **request.POST.dict()} if request.method == "POST" else None
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


@require_safe
@permission_required("customers.view_customer", raise_exception=True)
def customer_detail(request: HttpRequest, slug: str, customer_id: int) -> HttpResponse:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    customer = get_object_or_404(Customer.objects.of(dataset), id=customer_id)
    attributes = list(dataset.attributes.all())
    assignments = ClusterAssignment.objects.filter(customer_id=customer.id)
    clusters = Cluster.objects.with_owners()
    labels = {assignment.run_id: assignment.label for assignment in assignments}
    context = {
        "dataset": dataset,
        "customer": customer,
        "values": zip(attributes, customer.values(attributes), strict=True),
        "clusters": [
            cluster
            for cluster in clusters.filter(run__in=labels).order_by("-run")
            if cluster.label == labels[cluster.run_id]
        ],
    }
    return render(request, "segmenter/customer_detail.html", context)
