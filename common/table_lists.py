"""Lists that people sort, filter and page: what may be asked for is written down, all else is refused."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_filters import FilterSet
from django_tables2 import RequestConfig, Table

PAGE_SIZE = 25


def build_table(
    request: HttpRequest,
    table_class: type[Table],
    rows: QuerySet[Any],
    filter_class: type[FilterSet] | None = None,
) -> Table:
    """Return a table of the rows that the address asks for, sorted as it asks, one page of it.

    The filter, if there is one, is the table's attribute `filter`.

    Raises
    ------
    BadRequest
        The address sorts or filters by something that is no column or filter of this list.
    """
    found = filter_class(request.GET, rows, request=request) if filter_class else None
    allowed = {"sort", "page", *(found.filters if found else ())}
    if unknown := set(request.GET) - allowed:
        raise BadRequest(_("This list has no %(name)s.") % {"name": repr(sorted(unknown)[0])})
    if found is not None and not found.is_valid():
        raise BadRequest(_("A filter has a value that it does not know."))
    table = table_class(found.qs if found is not None else rows)
    _check_order(table, request.GET.getlist("sort"))
    RequestConfig(request, paginate={"per_page": PAGE_SIZE, "silent": True}).configure(table)
    table.filter = found
    return table


def _check_order(table: Table, asked: list[str]) -> None:
    orderable = {column.name for column in table.columns if column.orderable}
    for name in asked:
        if name.removeprefix("-") not in orderable:
            raise BadRequest(_("This list cannot be sorted by that."))
