"""A selection of a dataset's customers: read from a URL, and written as a query, as a URL and in words.

The URL names attributes by id, and allows only these conditions:

    id=A10              the customer id begins with this
    text=anna           any text contains this, ignoring case
    7.from=30, 7.to=40  a number or date in this range, both ends included; either may be left out
    7.is=Berlin         a text equals this value; may be repeated
    7.has=anna          a text contains this, ignoring case
    7.missing=yes       the value is missing; no: it is known

Anything else is refused. ORM field names and lookups never come from a URL.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import Combinable
from django.http import QueryDict
from django.utils.translation import gettext as _

from audit.pseudonyms import digest_of
from customers.lists.cells import write_value
from customers.models import Attribute, CustomerQuerySet, Dataset

MAX_LENGTH = 200
MAX_CHOICES = 50
# Separates a customer's texts when all are searched at once: not a character anybody can search for.
BETWEEN_TEXTS = "\uffff"
PART_OF_A_DATE = re.compile(r"[0-9-]+")

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Condition:
    """One condition on customers: in words, as query parameters, and as a query.

    `recorded` are the words for the audit trail where `words` hold what somebody searched for.
    """

    words: str
    parameters: Parameters
    query: Q
    attribute: Attribute | None = None
    recorded: str = ""


@dataclass(frozen=True)
class Selection:
    """The customers of a dataset who meet every condition; everybody if there are none."""

    conditions: tuple[Condition, ...] = ()

    @classmethod
    def read(
        cls,
        params: QueryDict,
        dataset: Dataset,
        *,
        also: Collection[str] = (),
        attributes: Sequence[Attribute] | None = None,
        more: Sequence[Condition] = (),
    ) -> Selection:
        """Read a selection from a query string.

        Parameters
        ----------
        params
            The query parameters. Empty ones are ignored: forms send every field.
        dataset
            The dataset whose attributes may be named.
        also
            Other parameters of the page, such as its sort order and columns.
        attributes
            The dataset's attributes, if already fetched.
        more
            Further conditions, read by a caller who knows about more than the dataset.

        Raises
        ------
        BadRequest
            A parameter is unknown, or its value does not suit the attribute; the exception says which.
        """
        known = list(dataset.attributes.all()) if attributes is None else attributes
        read = {name for condition in more for name, _value in condition.parameters}
        return cls((*_Reader(params, known).read({*also, *read}), *more))

    def apply(self, customers: CustomerQuerySet) -> CustomerQuerySet:
        """Filter these customers by the selection."""
        for condition in self.conditions:
            customers = customers.filter(condition.query)
        return customers

    def without(self, condition: Condition) -> Selection:
        return Selection(tuple(each for each in self.conditions if each is not condition))

    def of(self, attribute: Attribute | None) -> Selection:
        """The conditions on this attribute."""
        return Selection(tuple(each for each in self.conditions if each.attribute == attribute))

    @property
    def parameters(self) -> Parameters:
        return tuple(each for condition in self.conditions for each in condition.parameters)

    @property
    def query_string(self) -> str:
        """The canonical query string of this selection, without the question mark."""
        return urlencode(self.parameters)

    @property
    def words(self) -> str:
        """The selection in words, for pages."""
        return "; ".join(condition.words for condition in self.conditions) or _("all customers")

    @property
    def recorded(self) -> str:
        """The selection in words for the audit trail: keyed digests stand for ids, texts and exact values."""
        told = [condition.recorded or condition.words for condition in self.conditions]
        return "; ".join(told) or _("all customers")

    @property
    def is_everybody(self) -> bool:
        return not self.conditions


class _Reader:
    """Reads one query string and keeps track of which parameters have been used."""

    def __init__(self, params: QueryDict, attributes: Sequence[Attribute]) -> None:
        self.params = params
        self.attributes = attributes
        self.known: set[str] = set()

    def read(self, also: Collection[str]) -> list[Condition]:
        conditions = [each for each in self._read_all() if each is not None]
        if unknown := set(self.params) - self.known - set(also):
            raise BadRequest(
                _("This list cannot be filtered by “%(name)s”.") % {"name": min(unknown)[:MAX_LENGTH]}
            )
        return conditions

    def _read_all(self) -> Iterator[Condition | None]:
        yield self._read_customer_id()
        yield self._read_any_text()
        for attribute in self.attributes:
            if attribute.kind == Attribute.Kind.TEXT:
                yield self._read_choices(attribute)
                yield self._read_part(attribute)
            else:
                yield self._read_range(attribute)
            yield self._read_missing(attribute)

    # ---- Conditions ----------------------------------------------------------------------------------------

    def _read_customer_id(self) -> Condition | None:
        if not (wanted := self._one("id")):
            return None
        words = _("Customer ID begins with “%(text)s”")
        query = Q(customer_id__startswith=wanted)
        return _searched(words, wanted, Condition("", (("id", wanted),), query))

    def _read_any_text(self) -> Condition | None:
        """Search all texts except dates, whose stored form nobody would search for."""
        if not (wanted := self._one("text")):
            return None
        words, query = _("Any text contains “%(text)s”"), _any_contains(self.attributes, wanted)
        return _searched(words, wanted, Condition("", (("text", wanted),), query))

    def _read_range(self, attribute: Attribute) -> Condition | None:
        names = f"{attribute.pk}.from", f"{attribute.pk}.to"
        low, high = (self._bound(name, attribute) for name in names)
        bounds = [
            (name, bound, lookup)
            for name, bound, lookup in zip(names, (low, high), ("gte", "lte"), strict=True)
            if bound is not None
        ]
        if not bounds:
            return None
        query = Q(**{f"{attribute.path}__{lookup}": bound for _name, bound, lookup in bounds})
        parameters = tuple((name, _plain(bound)) for name, bound, _lookup in bounds)
        is_exact = low is not None and low == high
        recorded = _is(attribute, digest_of(_plain(low))) if is_exact and low is not None else ""
        return Condition(_range_words(attribute, low, high), parameters, query, attribute, recorded)

    def _read_choices(self, attribute: Attribute) -> Condition | None:
        name = f"{attribute.pk}.is"
        if not (wanted := sorted(set(self._many(name)))):
            return None
        listed, digests = (
            _(" or ").join(f"“{text}”" for text in texts) for texts in (wanted, map(digest_of, wanted))
        )
        # Forms send a line break as CRLF, whatever the stored text has.
        meant = {*wanted, *(text.replace("\r\n", "\n") for text in wanted)}
        words, recorded = (
            _("%(attribute)s is %(texts)s") % {"attribute": attribute, "texts": texts}
            for texts in (listed, digests)
        )
        parameters = tuple((name, text) for text in wanted)
        query = Q(**{f"{attribute.path}__in": sorted(meant)})
        return Condition(words, parameters, query, attribute, recorded)

    def _read_part(self, attribute: Attribute) -> Condition | None:
        name = f"{attribute.pk}.has"
        if not (wanted := self._one(name)):
            return None
        query = Q(**{f"{attribute.path}__icontains": wanted})
        words = _("%(attribute)s contains “%(text)s”")
        return _searched(words, wanted, Condition("", ((name, wanted),), query, attribute))

    def _read_missing(self, attribute: Attribute) -> Condition | None:
        name = f"{attribute.pk}.missing"
        if not (wanted := self._one(name)):
            return None
        if wanted not in ("yes", "no"):
            raise BadRequest(
                _("“Missing” for %(attribute)s must be “yes” or “no”.") % {"attribute": attribute}
            )
        is_missing = wanted == "yes"
        words = _("%(attribute)s is missing") if is_missing else _("%(attribute)s is known")
        query = Q(**{f"{attribute.path}__isnull": is_missing})
        return Condition(words % {"attribute": attribute}, ((name, wanted),), query, attribute)

    # ---- Values --------------------------------------------------------------------------------------------

    def _many(self, name: str) -> list[str]:
        """The non-empty values of a parameter, with the checks that apply to all of them."""
        self.known.add(name)
        values = [value for value in self.params.getlist(name) if value.strip()]
        if any(sign in value for value in values for sign in ("\0", BETWEEN_TEXTS)):
            raise BadRequest(_("The search contains a character that no customer's data can contain."))
        if len(values) > MAX_CHOICES:
            raise BadRequest(_("You can choose at most %(most)s values at once.") % {"most": MAX_CHOICES})
        return values

    def _one(self, name: str) -> str:
        values = [value.strip() for value in self._many(name)]
        if len(set(values)) > 1:
            raise BadRequest(_("“%(name)s” appears more than once in the URL.") % {"name": name})
        if values and len(values[0]) > MAX_LENGTH:
            raise BadRequest(_("A search can be at most %(most)s characters long.") % {"most": MAX_LENGTH})
        return values[0] if values else ""

    def _bound(self, name: str, attribute: Attribute) -> float | str | None:
        if not (written := self._one(name)):
            return None
        try:
            return read_number(written) if attribute.is_number else date.fromisoformat(written).isoformat()
        except ValueError:
            wanted = _("a number such as 12.5") if attribute.is_number else _("a date such as 2026-12-31")
            raise BadRequest(
                _("%(attribute)s cannot be compared with “%(text)s”: enter %(wanted)s.")
                % {"attribute": attribute, "text": written, "wanted": wanted}
            ) from None


def _searched(words: str, text: str, condition: Condition) -> Condition:
    """The condition with its words: for pages with the text, for the audit trail with its keyed digest."""
    told, recorded = (
        words % {"attribute": condition.attribute, "text": each} for each in (text, digest_of(text))
    )
    return replace(condition, words=told, recorded=recorded)


def read_number(written: str) -> float:
    """Read a number from a URL; `ValueError` if it is not a number or is infinite."""
    number = float(written)
    if not math.isfinite(number) or "_" in written:
        raise ValueError(written)
    return number


def _any_contains(attributes: Iterable[Attribute], wanted: str) -> Q:
    """Whether any of these attributes' texts contains this, ignoring case.

    A customer's texts are searched as one long text, which halves the time for a million customers. Dates are
    among them and are left out only where the search could match part of one.
    """
    kept = [each for each in attributes if not each.is_number]
    texts = [each.position for each in kept if each.kind == Attribute.Kind.TEXT]
    if not texts:
        return Q(pk__in=[])  # of no text at all, none contains anything
    array: Combinable = F("texts")
    if len(texts) < len(kept) and PART_OF_A_DATE.fullmatch(wanted):
        array = Func(*map(_slice, _ranges(texts)), template="(%(expressions)s)", arg_joiner=" || ")
    text = Func(array, Value(BETWEEN_TEXTS), function="array_to_string")
    pattern = Value(f"%{connection.ops.prep_for_like_query(wanted)}%")
    # Not ILIKE, which compares lower case: Σ has two lower-case forms, and in Turkish that of I is ı.
    sides = [Func(side, function="UPPER") for side in (text, pattern)]
    return Q(Func(*sides, template="(%(expressions)s)", arg_joiner=" LIKE ", output_field=BooleanField()))


def _slice(places: tuple[int, int]) -> Func:
    return Func(F("texts"), template=f"(%(expressions)s)[{places[0] + 1}:{places[1] + 1}]")


def _ranges(positions: Iterable[int]) -> list[tuple[int, int]]:
    """Group consecutive positions into ranges: 0, 1, 2, 5 become (0, 2) and (5, 5)."""
    ranges: list[tuple[int, int]] = []
    for position in sorted(positions):
        if ranges and ranges[-1][1] == position - 1:
            ranges[-1] = ranges[-1][0], position
        else:
            ranges.append((position, position))
    return ranges


def _plain(bound: float | str) -> str:
    if isinstance(bound, str):
        return bound
    return str(int(bound)) if bound.is_integer() and abs(bound) < 1e15 else repr(bound)


def _is(attribute: Attribute, value: str) -> str:
    return _("%(attribute)s is %(low)s") % {"attribute": attribute, "low": value}


def _range_words(attribute: Attribute, low: float | str | None, high: float | str | None) -> str:
    written = {name: write_value(bound, attribute) for name, bound in (("low", low), ("high", high))}
    ends = {"attribute": attribute, **written}
    if low is not None and low == high:
        return _is(attribute, written["low"])
    if low is None:
        return _("%(attribute)s up to %(high)s") % ends
    if high is None:
        return _("%(attribute)s from %(low)s") % ends
    return _("%(attribute)s from %(low)s to %(high)s") % ends
