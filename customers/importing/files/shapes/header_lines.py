"""Headers that do not stand in the first line: titles above them, two header lines, pivot tables."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from customers.importing.columns.headers import key_of, understand
from customers.importing.errors import ImportRefusedError

# The headers are looked for in this many rows.
HEAD_ROWS = 40
MOST_LINES_ABOVE = 25
# What spreadsheets write into the corner of a pivot table, without accents and spaces.
PIVOT_CORNERS = {
    key_of(words)
    for words in (
        *("Row Labels", "Column Labels", "Zeilenbeschriftungen", "Spaltenbeschriftungen"),
        *("Étiquettes de lignes", "Étiquettes de colonnes", "Etiquetas de fila", "Etiquetas de columna"),
        *("Etichette di riga", "Etichette di colonna", "Rótulos de Linha", "Rótulos de Coluna"),
        *("Rijlabels", "Kolomlabels", "Etykiety wierszy", "Etykiety kolumn", "Radetiketter"),
        *("Kolumnetiketter", "Rækkenavne", "Popisky řádků", "Названия строк", "Названия столбцов"),
        *("Satır Etiketleri", "行ラベル", "列ラベル", "行标签", "列标签", "行標籤", "행 레이블"),
    )
}


def refuse_lines_above(rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Refuse a file whose headers do not stand in its first row.

    Parameters
    ----------
    rows
        The first rows that are not blank: the line each begins on, and its cells.

    Raises
    ------
    ImportRefusedError
        It names the line with the headers, and says what to remove.
    """
    cells = [[cell.strip() for cell in row] for _line, row in rows[:HEAD_ROWS]]
    if len(cells) < 3:
        return
    _refuse_corners(cells)
    used = _used_columns(cells)
    missing = len(used) - _names(cells[0], used)
    for index in range(1, min(MOST_LINES_ABOVE, len(cells) - 1)):
        row = cells[index]
        if len(used) - _names(row, used) < missing and _look_like_headers(row, cells[index + 1 :]):
            _refuse(rows[index][0], cells[:index])


def _refuse(line: int, above: Sequence[Sequence[str]]) -> None:
    names = [cell for cell in above[-1] if cell]
    if len(above) == 1 and len(names) > 1:
        text = _(
            "There are two header lines: the one above line %(line)s names groups of columns. Keep only line "
            "%(line)s, with a name of its own for each column, and remove everything above the header row."
        )
    else:
        text = _("The column headers seem to be in line %(line)s: remove everything above the header row.")
    raise ImportRefusedError(text % {"line": line})


def _refuse_corners(rows: Sequence[Sequence[str]]) -> None:
    if {key_of(cell) for row in rows[:5] for cell in row} & PIVOT_CORNERS:
        refuse_pivot()


def refuse_pivot() -> None:
    """Raise: the sheet is a pivot table."""
    raise ImportRefusedError(
        _(
            "This is a pivot table, not a list of customers: bring the rows it was made from, or copy its "
            "values to a new sheet with one header row and one row for each customer."
        )
    )


def _used_columns(rows: Sequence[Sequence[str]]) -> list[int]:
    """The columns that most rows fill, leaving aside what may be titles."""
    below = rows[len(rows) // 3 :]
    width = max(len(row) for row in below)
    counts = [sum(len(row) > index and bool(row[index]) for row in below) for index in range(width)]
    return [index for index, count in enumerate(counts) if 2 * count >= len(below)]


def _names(row: Sequence[str], used: Sequence[int]) -> int:
    """How many of these columns the row gives a name of their own."""
    return len({row[index].casefold() for index in used if index < len(row)} - {""})


def _look_like_headers(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    names = [cell.casefold() for cell in row if cell]
    if len(names) < 2 or len(set(names)) < len(names):
        return False
    columns = [
        [other[index] for other in below if index < len(other) and other[index]] for index in range(len(row))
    ]
    numeric = [_share_numeric(cells) for cells in columns]
    over = sum(
        share >= 0.8 and bool(cell) and not _has_digit(cell) for cell, share in zip(row, numeric, strict=True)
    )
    ids = any(_names_an_id(cell, cells) for cell, cells in zip(row, columns, strict=True))
    numbers = sum(_share_numeric([cell]) > 0 and not _is_year(cell) for cell in row)
    return (over > numbers) or (ids and numbers == 0)


def _names_an_id(cell: str, below: Sequence[str]) -> bool:
    """Whether it is a header for ids, and what stands below could be ids."""
    is_name = understand(cell).id_rank is not None
    return is_name and len(below) > 1 and len(set(below)) > 0.5 * len(below) and cell not in below


def _share_numeric(cells: Sequence[str]) -> float:
    if not cells:
        return 0
    return sum(_has_digit(cell) and not any(map(str.isalpha, cell)) for cell in cells) / len(cells)


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _is_year(cell: str) -> bool:
    return cell.isdigit() and len(cell) == 4 and cell[:2] in ("19", "20")
