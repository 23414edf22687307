"""The customers of a segment, page by page: keys first, in the order of an index, and then who they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db.models import QuerySet

from customers.lists.cells import ListedCustomer, cells_of
from customers.lists.listing import MOST_COUNTED, Listing, ListPage, find_few
from customers.lists.paging import KeysetOrder, TooSlow, keyset_page, one_by_one
from customers.models import Attribute, Customer
from segmentation.comparison.origin_filter import origin_of
from segmentation.models import Cluster, ClusterAssignment

# What a run knows of a customer and an index has in order; the first is the usual one: typical ones first.
SORTS = ("distance", "margin", "id", "customer")


def read_members(cluster: Cluster, listing: Listing) -> ListPage:
    """Read the page that the listing asks for, `within_limits` of it."""
    assignments = ClusterAssignment.objects.filter(run=cluster.run_id, label=cluster.label)
    everybody = Customer.objects.of(cluster.run.segmentation.dataset)
    if listing.selection.is_everybody:
        members = everybody.filter(id__in=assignments.values("customer_id"))
        rows = members if listing.is_by_customer else assignments
        return _read(cluster, listing, rows, count=cluster.size)
    origin, selection, chosen = origin_of(listing.selection), listing.selection, assignments
    if origin is not None:
        chosen, selection = origin.narrow(chosen), selection.without(origin)
    selected = selection.apply(everybody)
    members = selected.filter(id__in=chosen.values("customer_id"))
    if not selection.is_everybody:
        few = find_few(everybody, selection)
        within: Any = selected.values("id") if few is None else few
        chosen = chosen.filter(customer_id__in=within)
    ids = list(chosen.order_by().values_list("customer_id", flat=True)[: MOST_COUNTED + 1])
    if len(ids) <= MOST_COUNTED:
        found = everybody.filter(id__in=ids)
        rows = found if listing.is_by_customer else assignments.filter(customer_id__in=ids)
        return _read(cluster, listing, rows, count=len(ids))
    if listing.is_by_customer:
        return _read(cluster, listing, members, count=None)
    with suppress(TooSlow), one_by_one():
        return _read(cluster, listing, chosen, count=None)
    return _read(cluster, listing, chosen, count=None)


def features_first(cluster: Cluster, attributes: Sequence[Attribute]) -> list[Attribute]:
    """The attributes in the order of a segment's list: features first."""
    places = {pk: place for place, pk in enumerate(cluster.run.segmentation.features)}
    return sorted(attributes, key=lambda each: places.get(each.pk, len(places)))


def count_features(cluster: Cluster, attributes: Sequence[Attribute]) -> int:
    """How many of the attributes are features."""
    return sum(each.pk in cluster.run.segmentation.features for each in attributes)


def _read(cluster: Cluster, listing: Listing, rows: QuerySet[Any], *, count: int | None) -> ListPage:
    """Read a page of these rows, be they customers or assignments."""
    among: QuerySet[Any] = ClusterAssignment.objects.filter(run=cluster.run_id, label=cluster.label)
    if listing.is_by_customer:
        among = Customer.objects.of(cluster.run.segmentation.dataset)
    page = keyset_page(
        rows, _order(listing), after=listing.after, before=listing.before, size=listing.size, among=among
    )
    return ListPage(_listed(cluster, listing, page.keys), page, count)


def _order(listing: Listing) -> KeysetOrder:
    """Of customers, or of assignments."""
    if listing.is_by_customer:
        return listing.customer_order()
    by = "" if listing.sorted_by == "id" else listing.sorted_by
    return KeysetOrder("customer_id", by, is_descending=listing.is_descending)


def _listed(cluster: Cluster, listing: Listing, ids: list[int]) -> list[ListedCustomer]:
    """Who they are, their place in the segment, and what the run saw if its version is kept.

    Of those who came from a segment of another run: what that run saw.
    """
    version_id = cluster.run.segmentation.dataset.current_version_id
    origin = origin_of(listing.selection)
    seen = (origin.run if origin else cluster.run).version_id
    found = list(Customer.objects.filter(version_id__in={version_id, seen}, id__in=ids))
    customers = {each.id: each for each in found if each.version_id == version_id}
    earlier = {each.id: each for each in found if version_id != each.version_id}
    places = {
        each.customer_id: each
        for each in ClusterAssignment.objects.filter(run=cluster.run_id, customer_id__in=ids)
    }
    cells = cells_of(customers.values(), listing.attributes, earlier)
    leading = count_features(cluster, listing.attributes)
    return [
        ListedCustomer(key, customers.get(key), cells.get(key, []), _measures(places[key]), leading)
        for key in ids
        if key in places
    ]


def _measures(assignment: ClusterAssignment) -> tuple[float | None, ...]:
    """Distance and margin; where there is one segment only, none is second nearest."""
    margin = assignment.margin if math.isfinite(assignment.margin) else None
    return assignment.distance, margin
