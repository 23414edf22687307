"""How pages show customers' values."""

from django import template
from django.utils.formats import localize

register = template.Library()


@register.filter
def is_number(value: object) -> bool:
    return isinstance(value, float)


@register.filter
def plain(value: object) -> str:
    """A customer's value as people write it: 15 rather than 15.0, – where it is missing."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return str(localize(int(value) if value.is_integer() and abs(value) < 2**53 else value))
    return str(value)


@register.filter
def file_size(size: int) -> str:
    return f"{size / 1024**2:.1f} MB" if size >= 1024**2 else f"{max(1, size // 1024)} kB"
