"""A run's segments as formulas of a spreadsheet: one row of them says who is in which, exactly as in the run.

The functions are those that every spreadsheet has. Texts are compared by `EXACT`, as `=` takes A for a.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from common.spreadsheets import column_letters
from segmentation.analysis.rules.model import FrozenModel, ModelColumn

# Spreadsheets hold no longer text within a formula.
LONGEST_TEXT = 255
# Their calendar begins in 1900, and repeats itself after so many years.
CALENDAR_YEARS = 400


@dataclass(frozen=True)
class Sheet:
    """The columns of the sheet: those to fill in, then those that are computed from them."""

    given: tuple[str, ...]
    computed: tuple[str, ...]

    @property
    def header(self) -> tuple[str, ...]:
        return self.given + self.computed


def lay_out(model: FrozenModel) -> Sheet:
    """Return the columns: each attribute once, a prepared one for each feature, scores, the answer."""
    given = tuple(dict.fromkeys(column.attribute for column in model.columns))
    prepared = (f"prepared {place}" for place in range(1, len(model.columns) + 1))
    scores = (f"score {number}" for number in range(1, len(model.centroids) + 1))
    return Sheet(given, (*prepared, *scores, "segment number", "segment name"))


def write_formulas(model: FrozenModel, names: Sequence[str], *, row: int) -> list[str]:
    """Return the formulas of one row, for the computed columns of `lay_out`.

    A customer who lacks a value that nothing stands in for gets empty texts.

    Parameters
    ----------
    model : FrozenModel
    names : sequence of str
        The segments' names by label; their numbers count from 1.
    row : int
        Of the sheet, counted from 1; attributes are in its first columns.
    """
    given = lay_out(model).given
    n_columns, k = len(model.columns), len(model.centroids)
    first, second, last = len(given), len(given) + n_columns, len(given) + n_columns + k
    prepared = [f"{column_letters(first + place)}{row}" for place in range(n_columns)]
    scores = f"{column_letters(second)}{row}:{column_letters(last - 1)}{row}"
    number = f"{column_letters(last)}{row}"
    complete = f"COUNT({prepared[0]}:{prepared[-1]})={n_columns}"
    told = ",".join(_text(name) for name in names)
    return [
        *(
            _prepared(column, f"{column_letters(given.index(column.attribute))}{row}")
            for column in model.columns
        ),
        *(f'=IF({complete},{score},"")' for score in _scores(model, prepared)),
        f'=IF({complete},MATCH(MAX({scores}),{scores},0),"")',
        f'=IF({complete},CHOOSE({number},{told}),"")',
    ]


def _prepared(column: ModelColumn, cell: str) -> str:
    """The column in scaled units; empty where a value is missing and none stands in."""
    value = cell
    if column.value is not None:
        value = f"IF(EXACT({cell},{_text(column.value)}),1,0)"
    elif column.reference is not None:
        value = _days_before(cell, date.fromisoformat(column.reference))
    if column.filled is not None:
        value = f'IF({cell}="",{column.filled!r},{value})'
    scaled = f"LN(1+{value})" if column.is_log1p else value
    scaled = f"({scaled}-({column.center!r}))/{column.scale!r}"
    return f'=IF({cell}="","",{scaled})' if column.filled is None else f"={scaled}"


def _days_before(cell: str, day: date) -> str:
    """The days from a cell to this day, be it a date of the spreadsheet's or a text such as 2026-01-31."""
    written = f"DATE(LEFT({cell},4)+{CALENDAR_YEARS},MID({cell},6,2),MID({cell},9,2))"
    ours = f"DATE({day.year + CALENDAR_YEARS},{day.month},{day.day})"
    today = f"DATE({day.year},{day.month},{day.day})"
    return f"IF(ISNUMBER({cell}),{today}-INT({cell}),{ours}-{written})"


def _scores(model: FrozenModel, prepared: Sequence[str]) -> Iterator[str]:
    """Of each centroid c the sum over the features of x·c, less half of the square of c."""
    for centroid in model.centroids:
        terms = [f"{cell}*({value!r})" for cell, value in zip(prepared, centroid, strict=True)]
        half = 0.5 * sum(value * value for value in centroid)
        yield f"{'+'.join(terms)}-{half!r}"


def _text(value: str) -> str:
    """A text within a formula: in pieces where it is long, and what cannot be written as its number."""
    pieces: list[str] = []
    for sign in value:
        if ord(sign) < ord(" "):
            pieces += [f"CHAR({ord(sign)})", '"']
        else:
            if not pieces or not pieces[-1].startswith('"') or len(pieces[-1]) > LONGEST_TEXT - 2:
                pieces.append('"')
            pieces[-1] += '""' if sign == '"' else sign
    return "&".join(piece if piece.startswith("CHAR") else f'{piece}"' for piece in pieces) or '""'
