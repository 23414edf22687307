"""Tables that people sort, filter and page through; unknown parameters are refused."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_filters import FilterSet
from django_tables2 import RequestConfig, Table

PAGE_SIZE = 25
SORT_AND_PAGE = ("sort", "page")
Filters = TypeVar("Filters", bound=FilterSet)


def build_table(
    request: HttpRequest,
    table_class: type[Table],
    rows: QuerySet[Any],
    filter_class: type[FilterSet] | None = None,
) -> Table:
    """Return one page of the rows, filtered and sorted by the query string.

    The filter set, if there is one, is available as `table.filter`.

    Raises
    ------
    BadRequest
        The query string sorts or filters by something this list does not have.
    """
    found = find_rows(request, rows, filter_class) if filter_class else None
    if found is None:
        _check_names(request, set(SORT_AND_PAGE))
    table = table_class(found.qs if found is not None else rows)
    _check_order(table, request.GET.getlist("sort"))
    RequestConfig(request, paginate={"per_page": PAGE_SIZE, "silent": True}).configure(table)
    table.filter = found
    return table


def find_rows(
    request: HttpRequest,
    rows: QuerySet[Any],
    filter_class: type[Filters],
    besides: Collection[str] = SORT_AND_PAGE,
) -> Filters:
    """Return a list's filters as the query string sets them; their `qs` has the rows.

    `besides` has the parameters that may stand there besides the filters.

    Raises
    ------
    BadRequest
        The query string filters by something this list does not have.
    """
    found = filter_class(request.GET, rows, request=request)
    _check_names(request, {*besides, *found.filters})
    if not found.is_valid():
        raise BadRequest(_("One of the filters has a value that is not allowed."))
    return found


def _check_names(request: HttpRequest, allowed: set[str]) -> None:
    if unknown := set(request.GET) - allowed:
        raise BadRequest(_("This list cannot be filtered by %(name)s.") % {"name": repr(sorted(unknown)[0])})


def _check_order(table: Table, asked: list[str]) -> None:
    orderable = {column.name for column in table.columns if column.orderable}
    for name in asked:
        if name.removeprefix("-") not in orderable:
            raise BadRequest(_("This list cannot be sorted by that."))
