"""A list of customers as described by its URL: who, in which order, page size and position."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from customers.lists.cells import ListedCustomer, cells_of
from customers.lists.paging import KeysetOrder, KeysetPage, keyset_page, time_limit
from customers.lists.selection import Condition, Parameters, Selection
from customers.models import Attribute, Customer, CustomerQuerySet, Dataset

SIZES = (25, 50, 100, 200)
USUAL_SIZE = 50
MOST_COUNTED = 10_000
# Query parameters of a list besides the selection.
OWN_PARAMETERS = ("sort", "size", "after", "before", "filter")


@dataclass(frozen=True)
class Listing:
    """What the URL of a list asks for; `editing` is the attribute whose filter is being edited."""

    selection: Selection
    attributes: tuple[Attribute, ...]
    sort: str
    usual_sort: str
    size: int = USUAL_SIZE
    after: str = ""
    before: str = ""
    editing: Attribute | None = None

    @classmethod
    def read(
        cls,
        params: QueryDict,
        dataset: Dataset,
        attributes: Sequence[Attribute],
        *,
        sorts: Sequence[str],
        more: Sequence[Condition] = (),
    ) -> Listing:
        """Read the query string.

        Parameters
        ----------
        params
            The query parameters.
        dataset, attributes
            The dataset and its attributes.
        sorts
            What this list can be sorted by besides attributes; the first is the default.
        more
            Further conditions from the URL; see `Selection.read`.

        Raises
        ------
        BadRequest
            It contains something unknown; the exception says what.
        """
        selection = Selection.read(params, dataset, also=OWN_PARAMETERS, attributes=attributes, more=more)
        return cls(
            selection=selection,
            attributes=tuple(attributes),
            sort=_read_sort(params.get("sort", ""), attributes, sorts),
            usual_sort=sorts[0],
            size=_read_size(params.get("size", "")),
            after=params.get("after", ""),
            before=params.get("before", ""),
            editing=_read_attribute(params.get("filter", ""), attributes),
        )

    # ---- Order ---------------------------------------------------------------------------------------------

    @property
    def sorted_by(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def is_by_customer(self) -> bool:
        """Whether the list is sorted by the customers' own data, not by a run's results."""
        return self.sorted_by == "customer" or self.sorted_by.isdigit()

    def customer_order(self) -> KeysetOrder:
        """The order of the customers' rows."""
        if self.sorted_by == "customer":
            return KeysetOrder("id", "customer_id", is_descending=self.is_descending, is_pattern=True)
        if self.sorted_by == "id":
            return KeysetOrder("id", is_descending=self.is_descending)
        attribute = next(each for each in self.attributes if str(each.pk) == self.sorted_by)
        return KeysetOrder("id", attribute.path, is_descending=self.is_descending, may_be_missing=True)

    # ---- Addresses -----------------------------------------------------------------------------------------

    @property
    def query_string(self) -> str:
        """The canonical query string of this list, starting at its first page."""
        return urlencode(self._parameters())

    def _parameters(self) -> Parameters:
        sort = (("sort", self.sort),) if self.sort != self.usual_sort else ()
        size = (("size", str(self.size)),) if self.size != USUAL_SIZE else ()
        return (*self.selection.parameters, *sort, *size)

    def address(self, **changes: object) -> str:
        """The URL of a changed list: `listing.address(size=100)`. Begins with a question mark."""
        return f"?{replace(self, **changes).query_string}"  # type: ignore[arg-type]

    def sort_address(self, name: str) -> str:
        """The URL that sorts by this column; if it is already sorted by it, in the other direction."""
        is_so = self.sort == name
        return self.address(sort=f"-{name}" if is_so else name)

    def columns(self, *measures: tuple[str, str], leading: int = 0) -> list[Column]:
        """The column headers: the customer, the attributes, and measures with these names and labels.

        The measures come after the first `leading` attributes.
        """
        attributes = [(str(each.pk), each.name, each.is_number) for each in self.attributes]
        told = [(name, label, True) for name, label in measures]
        wanted = [("customer", _("Customer"), False), *attributes[:leading], *told, *attributes[leading:]]
        way = "descending" if self.is_descending else "ascending"
        return [
            Column(label, self.sort_address(name), way if name == self.sorted_by else "", is_number)
            for name, label, is_number in wanted
        ]

    @property
    def sizes(self) -> list[tuple[int, str]]:
        """The page sizes on offer, and the URLs of those lists."""
        return [(size, self.address(size=size)) for size in SIZES]

    @property
    def without_selection(self) -> str:
        return self.address(selection=Selection())

    @property
    def chips(self) -> list[tuple[Condition, str]]:
        """Each condition, and the URL without it."""
        conditions = self.selection.conditions
        return [(each, self.address(selection=self.selection.without(each))) for each in conditions]

    # ---- Forms ---------------------------------------------------------------------------------------------

    def kept(self, attribute: Attribute | None, *names: str) -> Parameters:
        """The hidden fields of a filter form: all parameters except those it asks for itself."""
        own = self.selection.of(attribute).parameters if attribute else ()
        return tuple(each for each in self._parameters() if each not in own and each[0] not in names)

    @property
    def kept_by_all(self) -> Parameters:
        return self.kept(None)

    @property
    def kept_by_search(self) -> Parameters:
        return self.kept(None, "id", "text")

    @property
    def searched(self) -> dict[str, str]:
        """The search terms for ids and texts."""
        return {name: value for name, value in self.selection.parameters if name in ("id", "text")}

    @property
    def has_texts(self) -> bool:
        return any(attribute.kind == Attribute.Kind.TEXT for attribute in self.attributes)


@dataclass(frozen=True)
class Column:
    """A column header: the URL it links to, and its current sort direction, if any."""

    label: str
    address: str
    direction: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class ListPage:
    """A page of a list; `count` is the length of the whole list, `None` if more than 10,000."""

    rows: list[ListedCustomer]
    page: KeysetPage
    count: int | None


def read_customers(dataset: Dataset, listing: Listing) -> ListPage:
    """Read the page of customers that the listing asks for, `within_limits`."""
    everybody = Customer.objects.of(dataset)
    few = find_few(everybody, listing.selection)
    chosen = listing.selection.apply(everybody) if few is None else everybody.filter(id__in=few)
    page = keyset_page(
        chosen,
        listing.customer_order(),
        after=listing.after,
        before=listing.before,
        size=listing.size,
        among=everybody,
    )
    count = None if few is None else len(few)
    if listing.selection.is_everybody:
        count = dataset.customer_count
    customers = {each.id: each for each in everybody.filter(id__in=page.keys)}
    cells = cells_of(customers.values(), listing.attributes, {})
    rows = [ListedCustomer(key, customers[key], cells[key]) for key in page.keys if key in customers]
    return ListPage(rows, page, count)


def within_limits(listing: Listing) -> AbstractContextManager[None]:
    """Limit the time of a page that must scan many customers; a stored order has an index for it.

    Raises
    ------
    TooSlow
        It took too long.
    """
    has_index = listing.selection.is_everybody and not listing.sorted_by.isdigit()
    return nullcontext() if has_index else time_limit()


def find_few(everybody: CustomerQuerySet, selection: Selection) -> list[int] | None:
    """The ids of the selected customers, `None` if there are more than 10,000 or everybody is selected.

    A small selection costs a single scan of all customers: counting, sorting and paging then use the ids. A
    large one is recognised after scanning part of them.
    """
    if selection.is_everybody:
        return None
    selected = selection.apply(everybody).order_by()
    ids = list(selected.values_list("id", flat=True)[: MOST_COUNTED + 1])
    return ids if len(ids) <= MOST_COUNTED else None


def has_empty_fields(request: HttpRequest) -> bool:
    """Whether the URL comes from a form, which sends empty fields too, and can be shortened."""
    return any(not value for _name, values in request.GET.lists() for value in values)


def _read_sort(written: str, attributes: Sequence[Attribute], sorts: Sequence[str]) -> str:
    known = {*sorts, *(str(attribute.pk) for attribute in attributes)}
    if written and written.removeprefix("-") not in known:
        raise BadRequest(_("This list cannot be sorted like that."))
    return written or sorts[0]


def _read_size(written: str) -> int:
    """The page size; a size that is too large is capped at the largest on offer."""
    if written and not (written.isascii() and written.isdigit()):
        raise BadRequest(_("The page size must be a number of rows."))
    return min(max(int(written[:10]), 1), SIZES[-1]) if written else USUAL_SIZE


def _read_attribute(written: str, attributes: Sequence[Attribute]) -> Attribute | None:
    if not written:
        return None
    for attribute in attributes:
        if str(attribute.pk) == written:
            return attribute
    raise BadRequest(_("This list does not have that filter."))
