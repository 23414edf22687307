"""Datasets and their customers."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from audit.reading import count_shown
from audit.recording import record
from common.conflicts import ConflictError
from customers.forms import DatasetForm
from customers.lists.filter_form import filter_editor
from customers.lists.listing import Listing, has_empty_fields, read_customers, within_limits
from customers.lists.paging import TooSlow, time_limit
from customers.models import Dataset
from customers.overview import overview_of

PAGE_SIZE = 50
RECENT = 10


@require_safe
@permission_required("customers.view_dataset", raise_exception=True)
def dataset_list(request: HttpRequest) -> HttpResponse:
    datasets = Dataset.objects.select_related("current_version")
    page = Paginator(datasets, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "customers/dataset_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.add_dataset", raise_exception=True)
def dataset_create(request: HttpRequest) -> HttpResponse:
    form = DatasetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        from customers.importing.pipeline import create_dataset

        try:
            dataset = create_dataset(form.cleaned_data["name"], request.user)
            record(request, "made a dataset", dataset)
            return redirect("customers:import-create", dataset.slug)
        except ConflictError as error:  # taken at this very moment
            form.add_error("name", str(error))
    return render(request, "customers/dataset_create.html", {"form": form})


@require_safe
@permission_required("customers.view_dataset", raise_exception=True)
def dataset_detail(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version__job"), slug=slug)
    context = {
        "dataset": dataset,
        "attributes": list(dataset.attributes.all()),
        "imports": dataset.imports.select_related("job", "created_by")[:RECENT],
    }
    return render(request, "customers/dataset_detail.html", context)


@require_safe
@permission_required("customers.view_customer", raise_exception=True)
def dataset_overview(request: HttpRequest, slug: str) -> HttpResponse:
    """An overview of every attribute's values: a page, or just the table for htmx."""
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    is_part = request.headers.get("HX-Request") == "true"
    template = "customers/_overview.html" if is_part else "customers/dataset_overview.html"
    try:
        with time_limit():
            rows = overview_of(dataset).items()
    except TooSlow:
        return render(request, "customers/dataset_overview.html", {"dataset": dataset}, status=503)
    return render(request, template, {"dataset": dataset, "rows": rows})


@require_safe
@permission_required("customers.view_customer", raise_exception=True)
def customer_list(request: HttpRequest, slug: str) -> HttpResponse:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    listing = Listing.read(request.GET, dataset, list(dataset.attributes.all()), sorts=("id", "customer"))
    if has_empty_fields(request):
        return redirect(f"{request.path}{listing.address()}")
    context = {"dataset": dataset, "listing": listing, "columns": listing.columns()}
    try:
        with within_limits(listing):
            context["list"] = page = read_customers(dataset, listing)
            context["editor"] = filter_editor(dataset, listing)
    except TooSlow:
        return render(request, "customers/customer_list.html", context, status=503)
    count_shown(request, f"customers of {dataset}", len(page.rows))
    return render(request, "customers/customer_list.html", context)
