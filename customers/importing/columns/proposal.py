"""Proposing a mapping from headers and cells: a use for every column, and questions for people to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from django.utils.translation import gettext as _

from customers.exports.customer_list import ADDED, APART
from customers.exports.rejects import LINE, REASON
from customers.importing.columns.dates.guessing import DIGITS, date_notes, says_date
from customers.importing.columns.headers import AGES, INCOMES, Header, mean_the_same, tidy, understand
from customers.importing.columns.id_column import Question, find_id
from customers.importing.columns.mapping import ColumnMapping, Use, named
from customers.importing.columns.number_formats import FormatGuess
from customers.importing.columns.profiling import ColumnProfile
from customers.importing.errors import AmbiguousFileError, ImportRefusedError, list_names
from customers.models import Attribute

# The columns that a list of rejected rows adds.
REJECT_COLUMNS = (LINE, REASON)
MAX_NAME = 200
Said = TypeVar("Said")


@dataclass(frozen=True)
class Proposal:
    """A use for every column, questions and warnings."""

    columns: tuple[ColumnMapping, ...]
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()

    def settled(self) -> tuple[ColumnMapping, ...]:
        """The columns, if there are no open questions.

        Raises
        ------
        AmbiguousFileError
            With the option that answers the first question.
        """
        for question in self.questions:
            raise AmbiguousFileError(question.sentence, question.option)
        return self.columns


@dataclass(frozen=True)
class Answers:
    """What somebody said about how values are written; what is empty is found out."""

    # The decimal sign of all numbers, and of single columns by header; unless all cells contradict it.
    decimal: str = ""
    decimals: Mapping[str, str] = field(default_factory=dict)
    # The order of day, month and year, likewise.
    order: str = ""
    orders: Mapping[str, str] = field(default_factory=dict)
    # Markers of missing values; `None` to find them.
    missing: tuple[str, ...] | None = None

    def by_column(self, headers: Sequence[str]) -> list[Answers]:
        """What was said of each column."""
        decimals, orders = _by_name(headers, self.decimals), _by_name(headers, self.orders)
        names = [tidy(header).casefold() for header in headers]
        return [
            replace(self, decimal=decimals.get(name, self.decimal), order=orders.get(name, self.order))
            for name in names
        ]


def propose_mapping(
    headers: Sequence[str],
    profiles: Sequence[ColumnProfile],
    attributes: Iterable[Attribute] = (),
    *,
    declared: Mapping[str, ColumnMapping] | None = None,
    earlier: Sequence[ColumnMapping] = (),
    answers: Answers | None = None,
) -> Proposal:
    """Propose what each column is used for.

    Parameters
    ----------
    headers, profiles
        The file's headers as written, and the profiles of its columns.
    attributes
        The dataset's attributes; a known attribute keeps its kind.
    declared, answers
        What somebody said: of single columns, by header, and of how values are written.
    earlier
        The mapping of the dataset's latest file.

    Raises
    ------
    ImportRefusedError
        Two columns have the same header, or there is no header row.
    """
    understood = [understand(header) for header in headers]
    _refuse_unusable(understood)
    said, known = _said(headers, declared or {}), list(attributes)
    id_index, questions = find_id(understood, profiles, said, earlier, known)
    said_of = (answers or Answers()).by_column(headers)
    added, before = _find_added(understood, id_index, known), _Earlier(earlier, known)
    columns, warnings = [], _left_out(understood, added)
    for index, header in enumerate(understood):
        one = _Column(header, profiles[index], said[index], before.find(header))
        warnings += (notes := one.leave_out_notes(index + 1, known) if index != id_index else [])
        if index == id_index or one.is_left_out or notes or (index in added and said[index] is None):
            columns.append(ColumnMapping(headers[index], "id" if index == id_index else "skip"))
            continue
        found = one.propose(_not_named(known, understood, header), said_of[index])
        questions += [found.question] if found.question else []
        warnings += found.notes
        columns.append(replace(found.column, header=headers[index]))
    return Proposal(tuple(columns), tuple(questions), tuple(warnings))


def _refuse_unusable(headers: Sequence[Header]) -> None:
    keys = Counter(header.name.casefold() for header in headers if header.name)
    twice = [header.name for header in headers if keys[header.name.casefold()] > 1]
    if twice:
        text = _("Two columns have the same header, %(names)s: rename one of them in the file.")
        raise ImportRefusedError(text % {"names": list_names(sorted(set(twice)))})
    digits = sum(header.name.replace(".", "").replace("-", "").isdigit() for header in headers)
    if digits and digits * 2 >= len(headers) and all(header.id_rank is None for header in headers):
        raise ImportRefusedError(
            _(
                "The first line looks like a customer, not like column headers: "
                "add a header row at the top of the file."
            )
        )


def _said(headers: Sequence[str], declared: Mapping[str, ColumnMapping]) -> list[ColumnMapping | None]:
    """The explicit setting for each column, if any."""
    by_name = _by_name(headers, declared)
    return [by_name.get(tidy(header).casefold()) for header in headers]


def _by_name(headers: Sequence[str], said: Mapping[str, Said]) -> dict[str, Said]:
    """What was said of single columns, by a header that ignores case; refuse headers that the file lacks."""
    names = {tidy(header).casefold() for header in headers}
    unknown = [header for header in said if tidy(header).casefold() not in names]
    if unknown:
        text = _("The file has no column %(unknown)s. Its columns are %(names)s.")
        raise ImportRefusedError(text % {"unknown": list_names(unknown), "names": list_names(headers)})
    return {tidy(header).casefold(): value for header, value in said.items()}


def _find_added(
    headers: Sequence[Header], id_index: int | None, attributes: Sequence[Attribute]
) -> frozenset[int]:
    """Columns added by an export: they have its headers, and all other columns are known attributes."""
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
    text = _("%(names)s: left out, because an export of this dataset added them.")
    return [text % {"names": list_names(names)}] if names else []


class _Earlier:
    """The uses of an earlier file's columns, by header."""

    def __init__(self, columns: Sequence[ColumnMapping], attributes: Iterable[Attribute]) -> None:
        understood = [(understand(column.header), column) for column in columns]
        self.by_name = {header.name.casefold(): column for header, column in understood}
        self.by_key = {header.key: column for header, column in understood}
        self.names = {attribute.name.casefold() for attribute in attributes}

    def find(self, header: Header) -> ColumnMapping | None:
        """The column with this header, or a similar one unless an attribute has exactly this name."""
        name = header.name.casefold()
        if name in self.by_name or name in self.names:
            return self.by_name.get(name)
        return self.by_key.get(header.key)


def _options(option: str, header: Header, *answers: str) -> str:
    """The options of the command that answer a question about a column, each with one of the answers."""
    return f" {_('or')} ".join(f'{option} "{header.name}={answer}"' for answer in answers)


def _not_named(attributes: Iterable[Attribute], headers: Iterable[Header], header: Header) -> list[Attribute]:
    """The attributes not named by any other of these headers."""
    names = {other.name.casefold() for other in headers if other is not header}
    return [attribute for attribute in attributes if attribute.name.casefold() not in names]


@dataclass(frozen=True)
class _Proposed:
    """A use for one column, a question if there is one, and what to say about it."""

    column: ColumnMapping
    question: Question | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Column:
    """What is known about a column before a use is proposed for it."""

    header: Header
    profile: ColumnProfile
    said: ColumnMapping | None
    earlier: ColumnMapping | None  # in the dataset's latest file

    @property
    def is_left_out(self) -> bool:
        """Whether it has no explicit use and no header."""
        return self.said is None and self.header.name in ("", *REJECT_COLUMNS)

    def leave_out_notes(self, number: int, attributes: Sequence[Attribute]) -> list[str]:
        """Why a column that nobody has spoken of is left out, if it is not worth an attribute."""
        if self.is_left_out:
            text = _("Column %(number)s has no header and was left out.")
            return [text % {"number": number}] if not self.header.name and self.profile.filled else []
        is_known = named(self.header.name, attributes) is not None
        if self.said is not None or self.earlier is not None or is_known:
            return []
        if self.header.is_index and self.profile.is_sequence:
            text = _("“%(name)s” was left out: it only numbers the rows. (On the command line: %(option)s.)")
        elif self.profile.is_long_text:
            text = _("“%(name)s” was left out: it is long free text. (On the command line: %(option)s.)")
        else:
            return []
        return [text % {"name": self.header.name, "option": f'--map "{self.header.name}=text"'}]

    def propose(self, attributes: Sequence[Attribute], answers: Answers) -> _Proposed:
        """A use for the column, possibly one of these attributes, and a question if there is one."""
        name, attribute = self._target(attributes)
        use = self.said.use if self.said else self._use(attribute, answers)
        if use == "date":
            return self._propose_date(name, answers, is_known=bool(attribute or self.said))
        if use != "number":
            return _Proposed(ColumnMapping(self.header.name, use, name if use == "text" else ""))
        guess = self._guess_format(answers.decimal)
        column = ColumnMapping(
            self.header.name,
            "number",
            name,
            decimal=guess.format.decimal,
            thousands=guess.format.thousands,
            symbol=guess.format.symbol,
            has_thousandths=guess.has_thousandths,
            is_unproven=guess.is_unproven,
            missing=self.profile.markers if answers.missing is None else answers.missing,
        )
        return _Proposed(self._with_range(column, attribute), self._ask_format(guess))

    def _propose_date(self, name: str, answers: Answers, *, is_known: bool) -> _Proposed:
        guess = self.profile.date_guess(answers.order)
        missing = self.profile.markers if answers.missing is None else answers.missing
        column = ColumnMapping(self.header.name, "date", name, order=guess.order or "iso", missing=missing)
        question = None
        if guess.readings:
            text = _("In %(header)s, %(readings)s: choose the date format.")
            values = {"header": self.header.name, "readings": guess.readings}
            question = Question(text % values, _options("--dates", self.header, "day-first", "month-first"))
        elif guess.order == "epoch" and not (is_known or answers.order or says_date(self.header.name)):
            text = _("In %(header)s, “%(example)s” could be a moment, in seconds, or a number: choose which.")
            values = {"header": self.header.name, "example": self.profile.digit_dates.example}
            question = Question(text % values, _options("--map", self.header, "date", "number"))
        notes = date_notes(self.header.name, guess)
        return _Proposed(column, question and replace(question, header=self.header.name), notes)

    def _target(self, attributes: Sequence[Attribute]) -> tuple[str, Attribute | None]:
        """The name of the attribute it fills, and the attribute if it exists."""
        wanted = self.said.name if self.said else self.earlier.name if self.earlier else ""
        attribute = named(wanted, attributes) if wanted else None
        if attribute is None and not (self.said and self.said.name):
            attribute = _find_attribute(self.header.name, attributes)
        return (attribute.name if attribute else wanted or self.header.name)[:MAX_NAME], attribute

    def _use(self, attribute: Attribute | None, answers: Answers) -> Use:
        if self.earlier is not None and self.earlier.use == "skip":
            return "skip"
        if attribute is not None:
            return attribute.kind  # type: ignore[return-value]  # the kinds of attributes are uses
        order = self.profile.date_guess().order
        if order in DIGITS and not self._are_dates(order, answers):
            order = ""
        if not order and self.profile.is_number(self.header.is_number) and not self.header.names_something:
            return "number"
        return "date" if order else "text"

    def _are_dates(self, order: str, answers: Answers) -> bool:
        """Whether digits that can be dates are some, or should be asked about."""
        if self.header.names_something:
            return False
        is_said = answers.order == order or says_date(self.header.name)
        return is_said or order == "compact" or (order == "epoch" and not self.header.is_number)

    def _guess_format(self, decimal: str) -> FormatGuess:
        """Guess the format; the dataset's latest file answers what is open if it had cells like these."""
        guess = self.profile.number_format(decimal)
        before, sign = self.earlier, guess.open_sign
        if not sign or before is None or before.use != "number":
            return guess
        if before.thousands == sign or (before.decimal == sign and before.has_thousandths):
            return self.profile.number_format(before.decimal)
        return guess

    def _ask_format(self, guess: FormatGuess) -> Question | None:
        if not guess.is_ambiguous:
            return None
        text = _("In %(header)s, %(readings)s: choose the number format.")
        name = self.header.name
        option = _options("--decimal", self.header, ",", ".")
        return Question(text % {"header": name, "readings": guess.readings}, option, name)

    def _with_range(self, column: ColumnMapping, attribute: Attribute | None) -> ColumnMapping:
        """Add the allowed range: the dataset's, or the one the header implies if the cells fit it."""
        if attribute is not None:
            return replace(
                column, is_whole=attribute.is_whole, minimum=attribute.minimum, maximum=attribute.maximum
            )
        lowest, highest, whole = self.header.lowest, self.header.highest, False
        if self.header.key in AGES:
            lowest, highest, whole = 1, 120, True
        elif self.header.key in INCOMES:
            lowest = 0
        if not self.profile.mostly_within(lowest, highest, whole=whole):
            return column
        return replace(column, minimum=lowest, maximum=highest, is_whole=whole)


def _find_attribute(header: str, attributes: Sequence[Attribute]) -> Attribute | None:
    """The attribute a header refers to, by the same name or by another name for the same thing."""
    like = [attribute for attribute in attributes if mean_the_same(attribute.name, header)]
    return named(header, attributes) or (like[0] if len(like) == 1 else None)
