"""Template tags for numbers."""

from django import template
from django.utils.translation import gettext as _

from common.number_format import HARDLY_ANY, format_percent, format_share, format_value, is_hardly_any

register = template.Library()


@register.simple_tag
def score(value: float | None) -> str:
    """A number with a meaningful number of decimals; a dash if there is none."""
    return "–" if value is None else format_value(value)


@register.simple_tag
def share(part: int, whole: int) -> str:
    """A percentage, for example “40.5 %”; “less than 0.1 %” rather than 0."""
    if is_hardly_any(part, whole):
        return _("less than %(share)s") % {"share": format_percent(HARDLY_ANY, 1)}
    return format_share(part, whole)


@register.filter
def size(number: int) -> int:
    """A number without its sign, for pages that write the sign themselves."""
    return abs(number)
