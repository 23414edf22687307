"""The page of one customer, to which the apps above add what they know."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from audit.reading import count_shown
from customers.models import Customer, Dataset


@require_safe
@permission_required("customers.view_customer", raise_exception=True)
def customer_detail(request: HttpRequest, slug: str, customer_id: int) -> HttpResponse:
    dataset = get_object_or_404(Dataset.objects.select_related("current_version"), slug=slug)
    customer = get_object_or_404(Customer.objects.of(dataset), id=customer_id)
    count_shown(request, f"single customers of {dataset}", 1)
    context = {"dataset": dataset, "customer": customer, "attributes": list(dataset.attributes.all())}
    return render(request, "customers/customer_detail.html", context)
