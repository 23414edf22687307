"""How pages show customers' values."""

from django import template
from django.utils.formats import localize

from customers.cells import Value, write_value
from customers.models import Attribute

register = template.Library()


@register.filter
def is_number(value: object) -> bool:
    return isinstance(value, float)


@register.filter
def shown(value: Value, attribute: Attribute) -> str:
    """A value of an attribute as people write it."""
    return write_value(value, attribute)


@register.filter
def percent(share: float) -> str:
    """A share of 1: “12.3 %”."""
    return f"{localize(round(100 * share, 1))} %"


@register.filter
def file_size(size: int) -> str:
    return f"{size / 1024**2:.1f} MB" if size >= 1024**2 else f"{max(1, size // 1024)} kB"
