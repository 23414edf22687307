"""From headers to attributes: what each column of a file is used for, proposed and declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from django.utils.translation import gettext as _

from customers.exports.customer_list import ADDED, APART
from customers.exports.rejects import LINE, REASON
from customers.importing.columns.dates import ORDERS
from customers.importing.columns.headers import AGES, INCOMES, SCORES, Header, mean_the_same, tidy, understand
from customers.importing.columns.numbers import NumberFormat
from customers.importing.columns.profiling import ColumnProfile
from customers.importing.errors import AmbiguousFileError, ImportRefusedError
from customers.importing.wording import list_names
from customers.models import Attribute

Use = Literal["id", "number", "text", "date", "skip"]
# What a list of rejected rows says beside the rows themselves.
REJECT_COLUMNS = (LINE, REASON)
MAX_NAME = 200
USES: tuple[Use, ...] = ("id", "number", "text", "date", "skip")


@dataclass(frozen=True)
class ColumnMapping:
    """What a column of a file is used for."""

    header: str
    use: Use
    # Of the attribute; empty for the id and for what is left out.
    name: str = ""
    decimal: str = "."
    thousands: str = ""
    symbol: str = ""
    # For dates: "iso", "day-first" or "month-first".
    order: str = "iso"
    # What stands for a missing value, besides the empty cell.
    missing: tuple[str, ...] = ()
    is_whole: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def number_format(self) -> NumberFormat:
        return NumberFormat(self.decimal, self.thousands, self.symbol)

    @property
    def date_example(self) -> str:
        return str(ORDERS[self.order][1])

    @property
    def is_attribute(self) -> bool:
        return self.use in ("number", "text", "date")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "missing": list(self.missing)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ColumnMapping:
        return cls(**{**values, "missing": tuple(values.get("missing", ()))})


@dataclass(frozen=True)
class Question:
    """Something only a person can decide, and the option that decides it on the command line."""

    sentence: str
    option: str
    header: str = ""


@dataclass(frozen=True)
class Proposal:
    """A use for every column, what must be asked, and what people should know."""

    columns: tuple[ColumnMapping, ...]
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def settled(self) -> tuple[ColumnMapping, ...]:
        """The columns, if nothing is left to ask.

        Raises
        ------
        AmbiguousFileError
            Naming the option that settles the first question.
        """
        for question in self.questions:
            raise AmbiguousFileError(question.sentence, question.option)
        return self.columns


def propose_mapping(
    headers: Sequence[str],
    profiles: Sequence[ColumnProfile],
    attributes: Iterable[Attribute] = (),
    *,
    declared: Mapping[str, ColumnMapping] | None = None,
    earlier: Sequence[ColumnMapping] = (),
    decimal: str = "",
    missing: tuple[str, ...] | None = None,
) -> Proposal:
    """Propose what each column is used for.

    Parameters
    ----------
    headers, profiles
        Of the file's columns, as written and as the cells are.
    attributes
        Of the dataset: a known one keeps its kind.
    declared
        What somebody said about single columns, by header; it is taken as it is.
    earlier
        What the columns of the dataset's latest file were used for.
    decimal, missing
        What somebody said about all number columns; the cells decide when nothing was said.

    Raises
    ------
    ImportRefusedError
        Two columns have the same header, or no line of headers is there.
    """
    understood = [understand(header) for header in headers]
    _refuse_unusable(understood)
    said = _said(headers, declared or {})
    known = list(attributes)
    id_index, questions = _find_id(understood, profiles, said, earlier, known)
    before, added = _Earlier(earlier, known), _find_added(understood, id_index, known)
    columns, warnings = [], _left_out(understood, added)
    for index, (header, profile) in enumerate(zip(understood, profiles, strict=True)):
        if index == id_index:
            column, question = ColumnMapping(headers[index], "id"), None
        elif said[index] is None and (not header.name or header.name in REJECT_COLUMNS or index in added):
            column, question = ColumnMapping(headers[index], "skip"), None
            if profile.filled and not header.name:
                text = _("Column %(number)s has no header and is left out.")
                warnings.append(text % {"number": index + 1})
        else:
            others = {other.name.casefold() for other in understood if other is not header}
            free = [attribute for attribute in known if attribute.name.casefold() not in others]
            column, question = _propose_column(
                header, profile, free, said[index], before.find(header), decimal, missing
            )
        questions += [question] if question else []
        columns.append(replace(column, header=headers[index]))
    return Proposal(tuple(columns), tuple(questions), tuple(warnings))


def check_mapping(columns: Sequence[ColumnMapping]) -> None:
    """Refuse a mapping that cannot be carried out.

    Raises
    ------
    ImportRefusedError
        There is not exactly one id, or two columns go into one attribute.
    """
    ids = [column.header for column in columns if column.use == "id"]
    if not ids:
        raise ImportRefusedError(_("No column is the customer id: every import needs one."))
    if len(ids) > 1:
        text = _("Only one column can be the customer id, not %(names)s.")
        raise ImportRefusedError(text % {"names": list_names(ids)})
    names = Counter(understand(column.name).name.casefold() for column in columns if column.is_attribute)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        text = _("Two columns would go into one attribute: %(names)s.")
        raise ImportRefusedError(text % {"names": list_names(twice)})
    unnamed = [column.header for column in columns if column.is_attribute and not column.name.strip()]
    if unnamed:
        text = _("The attribute of column %(names)s needs a name.")
        raise ImportRefusedError(text % {"names": list_names(unnamed)})


def _refuse_unusable(headers: Sequence[Header]) -> None:
    keys = Counter(header.name.casefold() for header in headers if header.name)
    twice = [header.name for header in headers if keys[header.name.casefold()] > 1]
    if twice:
        text = _("Two columns have the same header, %(names)s: give each one its own.")
        raise ImportRefusedError(text % {"names": list_names(sorted(set(twice)))})
    digits = sum(header.name.replace(".", "").replace("-", "").isdigit() for header in headers)
    if digits and digits * 2 >= len(headers) and all(header.id_rank is None for header in headers):
        raise ImportRefusedError(
            _(
                "The first line seems to hold a customer and not the names of the columns: "
                "add a line of headers."
            )
        )


def _said(headers: Sequence[str], declared: Mapping[str, ColumnMapping]) -> list[ColumnMapping | None]:
    """What was declared for each column; a header that the file has not is a mistake worth telling."""
    by_name = {tidy(header).casefold(): column for header, column in declared.items()}
    names = [tidy(header).casefold() for header in headers]
    unknown = [header for header in declared if tidy(header).casefold() not in names]
    if unknown:
        text = _("The file has no column %(unknown)s; it has %(names)s.")
        raise ImportRefusedError(text % {"unknown": list_names(unknown), "names": list_names(headers)})
    return [by_name.get(name) for name in names]


def _find_id(
    headers: Sequence[Header],
    profiles: Sequence[ColumnProfile],
    said: Sequence[ColumnMapping | None],
    earlier: Sequence[ColumnMapping],
    attributes: Sequence[Attribute],
) -> tuple[int | None, list[Question]]:
    """The index of the id's column; `None` and a question if there is none, or more than one may be it."""
    named = [index for index, column in enumerate(said) if column is not None and column.use == "id"]
    if named:
        return named[0], []
    free = [index for index, column in enumerate(said) if column is None]
    before = {understand(column.header).key for column in earlier if column.use == "id"}
    known = [index for index in free if headers[index].key in before]
    if known:
        return known[0], []
    for rank in (0, 1, 2, 3):
        found = [index for index in free if _id_rank(headers[index]) == rank]
        if len(found) > 1:  # what is an attribute already is not the id
            found = [index for index in found if not _is_attribute(headers[index], attributes)] or found
        if len(found) > 1:  # the one whose values differ from row to row
            found = [index for index in found if profiles[index].may_be_id] or found
        if len(found) > 1:
            names = list_names([headers[index].name for index in found])
            text = _("%(names)s could each be the customer id: say which.") % {"names": names}
            return None, [Question(text, _option(headers[found[0]]))]
        if found:
            return found[0], []
    names = list_names([header.name for header in headers if header.name])
    text = _(
        "No column looks like a customer id; the file has %(names)s. Say which column it is; if there is "
        "none, add one to the file: without it nobody is known again next time."
    )
    return None, [Question(text % {"names": names}, _option(headers[0]))]


def _id_rank(header: Header) -> int | None:
    if header.id_rank is not None:
        return header.id_rank
    return 3 if header.looks_like_id else None


def _is_attribute(header: Header, attributes: Iterable[Attribute]) -> bool:
    return named(header.name, attributes) is not None


def _find_added(
    headers: Sequence[Header], id_index: int | None, attributes: Sequence[Attribute]
) -> frozenset[int]:
    """Columns that an export adds to the attributes: called so, in a file that else has known ones alone."""
    names = {attribute.name.casefold() for attribute in attributes}
    new = [
        index
        for index, header in enumerate(headers)
        if index != id_index
        and header.name.casefold() not in {"", *names}
        and header.name not in REJECT_COLUMNS
    ]
    is_export = bool(names) and all(headers[index].name.removesuffix(APART) in ADDED for index in new)
    return frozenset(new) if is_export else frozenset()


def _left_out(headers: Sequence[Header], added: Iterable[int]) -> list[str]:
    names = [headers[index].name for index in sorted(added)]
    text = _("%(names)s: added by an export of this dataset, and left out.")
    return [text % {"names": list_names(names)}] if names else []


class _Earlier:
    """What the columns of an earlier file were used for, by header."""

    def __init__(self, columns: Sequence[ColumnMapping], attributes: Iterable[Attribute]) -> None:
        understood = [(understand(column.header), column) for column in columns]
        self.by_name = {header.name.casefold(): column for header, column in understood}
        self.by_key = {header.key: column for header, column in understood}
        self.names = {attribute.name.casefold() for attribute in attributes}

    def find(self, header: Header) -> ColumnMapping | None:
        """The column with this header; a like one unless an attribute bears this very name."""
        name = header.name.casefold()
        if name in self.by_name or name in self.names:
            return self.by_name.get(name)
        return self.by_key.get(header.key)


def _option(header: Header) -> str:
    return f'--map "{header.name}=id"'


def _propose_column(
    header: Header,
    profile: ColumnProfile,
    attributes: Sequence[Attribute],
    said: ColumnMapping | None,
    earlier: ColumnMapping | None,
    decimal: str,
    missing: tuple[str, ...] | None,
) -> tuple[ColumnMapping, Question | None]:
    wanted = said.name if said else earlier.name if earlier else ""
    attribute = named(wanted, attributes) if wanted else None
    if attribute is None and not (said and said.name):
        attribute = find_attribute(header.name, attributes)
    use = said.use if said else _propose_use(header, profile, attribute, earlier)
    if use in ("id", "skip"):
        return ColumnMapping(header.name, use), None
    name = (attribute.name if attribute else wanted or header.name)[:MAX_NAME]
    if use != "number":
        return ColumnMapping(header.name, use, name, order=profile.date_order or "iso"), None
    guess = profile.number_format(decimal)
    if guess.is_ambiguous and earlier and earlier.use == "number":
        guess = profile.number_format(earlier.decimal)
    column = ColumnMapping(
        header.name,
        "number",
        name,
        decimal=guess.format.decimal,
        thousands=guess.format.thousands,
        symbol=guess.format.symbol,
        missing=profile.markers if missing is None else missing,
    )
    question = None
    if guess.is_ambiguous:
        text = _("In %(header)s, “%(example)s” may be %(readings)s: say which.")
        values = {"header": header.name, "example": guess.example, "readings": guess.readings}
        question = Question(text % values, "--decimal", header.name)
    return _with_range(column, header, profile, attribute), question


def _propose_use(
    header: Header, profile: ColumnProfile, attribute: Attribute | None, earlier: ColumnMapping | None
) -> Use:
    if earlier is not None and earlier.use == "skip":
        return "skip"
    if attribute is not None:
        return attribute.kind  # type: ignore[return-value]  # the kinds of attributes are uses
    if profile.is_number(header.is_number) and not header.names_something:
        return "number"
    return "date" if profile.date_order else "text"


def named(name: str, attributes: Iterable[Attribute]) -> Attribute | None:
    """The attribute of that name, in whichever case."""
    same = [attribute for attribute in attributes if attribute.name.casefold() == name.casefold()]
    return next((attribute for attribute in same if attribute.name == name), same[0] if same else None)


def find_attribute(header: str, attributes: Sequence[Attribute]) -> Attribute | None:
    """The attribute that a header means: of the same name, or the same thing by another."""
    like = [attribute for attribute in attributes if mean_the_same(attribute.name, header)]
    return named(header, attributes) or (like[0] if len(like) == 1 else None)


def _with_range(
    column: ColumnMapping, header: Header, profile: ColumnProfile, attribute: Attribute | None
) -> ColumnMapping:
    """Add what values are allowed: as the dataset keeps it, or as the header says and the cells agree."""
    if attribute is not None:
        return replace(
            column, is_whole=attribute.is_whole, minimum=attribute.minimum, maximum=attribute.maximum
        )
    lowest, highest, whole = header.lowest, header.highest, False
    if header.key in AGES:
        lowest, highest, whole = 1, 120, True
    elif header.key in INCOMES:
        lowest = 0
    elif header.key in SCORES and lowest is None:
        lowest, highest = 1, 100
    if not profile.mostly_within(lowest, highest, whole=whole):
        return column
    return replace(column, minimum=lowest, maximum=highest, is_whole=whole)
