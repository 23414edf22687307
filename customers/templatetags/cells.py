"""Template tags for customers' values."""

from django import template
from django.template.defaultfilters import floatformat
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from common.number_format import format_percent
from customers.importing.check import PreviewCell
from customers.lists.cells import Cell, ListedCustomer, Value, write_value
from customers.models import Attribute

register = template.Library()


@register.filter
def is_number(value: object) -> bool:
    return isinstance(value, float)


@register.filter
def shown(value: Value, attribute: Attribute) -> str:
    """An attribute's value for display."""
    return write_value(value, attribute)


@register.filter
def preview_value(cell: PreviewCell) -> str:
    """What the import would store, as lists of customers will show it."""
    return write_value(cell.stored, Attribute(kind=cell.use))


@register.simple_tag
def table_cells(row: ListedCustomer, attributes: int) -> SafeString:
    """The cells of a row. Not a template: a page has thousands of cells, and this takes half the time."""
    measures = map(_measure_cell, row.measures)
    if row.customer is None:
        gone = _("No longer in the dataset")
        told = [_wide_cell(gone, row.leading), *measures, _wide_cell("", attributes - row.leading)]
    else:
        leading, others = row.cells[: row.leading], row.cells[row.leading :]
        told = [*map(_table_cell, leading), *measures, *map(_table_cell, others)]
    return SafeString("".join(told))


def _wide_cell(text: str, columns: int) -> str:
    return f'<td colspan="{columns}" class="muted">{escape(text)}</td>' if columns else ""


def _table_cell(cell: Cell) -> str:
    text, was = escape(cell.text), _was(cell) if cell.has_changed else ""
    if cell.attribute.is_number:
        return f'<td class="number">{text}{was}</td>'
    if cell.is_long:
        return f'<td dir="auto"><div class="long">{text}</div>{was}</td>'
    kind = ' class="short"' if cell.is_short else ""
    return f'<td dir="auto"{kind}>{text}{was}</td>'


def _measure_cell(value: float | None) -> str:
    return f'<td class="number">{"–" if value is None else floatformat(value, 3)}</td>'


def _was(cell: Cell) -> SafeString:
    words = _("was %(before)s") % {"before": Truncator(cell.text_before).chars(40)}
    return format_html('<span class="was">{}</span>', words)


@register.filter
def percent(share: float) -> str:
    """A share (0 to 1) as a percentage: “12.3 %”."""
    return format_percent(share, 1)


@register.filter
def file_size(size: int) -> str:
    return f"{size / 1024**2:.1f} MB" if size >= 1024**2 else f"{max(1, size // 1024)} kB"
