"""Which column is the customer id: by its name, and by being full and different in every row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.importing.columns.headers import Header, understand
from customers.importing.columns.mapping import ColumnMapping, named
from customers.importing.columns.profiling import ColumnProfile
from customers.importing.errors import list_names
from customers.models import Attribute

RANKS = range(4)


@dataclass(frozen=True)
class Question:
    """A question that only a person can answer, and the command-line option that answers it."""

    sentence: str
    option: str
    header: str = ""


def find_id(
    headers: Sequence[Header],
    profiles: Sequence[ColumnProfile],
    said: Sequence[ColumnMapping | None],
    earlier: Sequence[ColumnMapping],
    attributes: Sequence[Attribute],
) -> tuple[int | None, list[Question]]:
    """The index of the id column; `None` and a question if there is none, or more than one candidate."""
    named_so = [index for index, column in enumerate(said) if column is not None and column.use == "id"]
    if named_so:
        return named_so[0], []
    free = [index for index, column in enumerate(said) if column is None]
    before = {understand(column.header).key for column in earlier if column.use == "id"}
    known = [index for index in free if headers[index].key in before]
    if known:
        return known[0], []
    ranks = {index: rank for index in free if (rank := _id_rank(headers[index])) is not None}
    unique = {index for index in ranks if profiles[index].is_full and profiles[index].may_be_id}
    for rank in RANKS:
        found = [
            index for index in free if ranks.get(index) == rank and _may_be(index, ranks, profiles, unique)
        ]
        if len(found) > 1:  # what is an attribute already is not the id
            found = [index for index in found if not _is_attribute(headers[index], attributes)] or found
        if len(found) > 1:  # the one whose values differ from row to row
            found = [index for index in found if index in unique] or found
        if len(found) > 1:
            names = list_names([headers[index].name for index in found])
            text = _("More than one column could be the customer id: %(names)s. Choose one.")
            return None, [Question(text % {"names": names}, _option(headers[found[0]]))]
        if found:
            return found[0], []
    return None, [_ask_for_id(headers)]


def _may_be(index: int, ranks: dict[int, int], profiles: Sequence[ColumnProfile], unique: set[int]) -> bool:
    """Whether nothing speaks against a column with such a name: gaps, or values that other columns lack."""
    better = any(ranks[other] > ranks[index] for other in unique)
    is_gappy, is_repeated = not profiles[index].is_full, not profiles[index].may_be_id
    return not (better and (is_gappy or (is_repeated and ranks[index] > 0)))


def _ask_for_id(headers: Sequence[Header]) -> Question:
    names = list_names([header.name for header in headers if header.name])
    others = [header.name for header in headers if header.names_other and header.is_of_orders]
    if others:
        text = _(
            "No column looks like a customer id; %(others)s seems to number orders. Bring one row for each "
            "customer, with the customer's id. The file has %(names)s."
        )
        return Question(text % {"others": list_names(others), "names": names}, _option(headers[0]))
    text = _(
        "No column looks like a customer id; the file has %(names)s. Choose the right column; if there is "
        "none, add one to the file: without it, customers cannot be recognised in the next file."
    )
    return Question(text % {"names": names}, _option(headers[0]))


def _id_rank(header: Header) -> int | None:
    if header.id_rank is not None:
        return header.id_rank
    return 3 if header.looks_like_id and not header.names_other else None


def _is_attribute(header: Header, attributes: Iterable[Attribute]) -> bool:
    return named(header.name, attributes) is not None


def _option(header: Header) -> str:
    return f'--map "{header.name}=id"'
