"""Template tags for every page."""

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django_tables2 import Table

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon from static/vendor/tabler-icons/icons.svg; the text beside it says the same."""
    address = static("vendor/tabler-icons/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', address, name)


@register.simple_block_tag
def crumbs(content: str) -> SafeString | str:
    """A breadcrumb trail around the links in the block; nothing if there are none."""
    if not content.strip():
        return ""
    return format_html('<nav class="crumbs" aria-label="{}">{}</nav>', _("You are here"), content)


@register.simple_tag
def table_rows(table: Table) -> SafeString:
    """The rows of one page of a table; cell attributes are computed once per column, not once per cell."""
    attributes = {column.name: column.attrs["td"].as_html() for column in table.columns}
    rows = (
        format_html_join(
            "", "<td {}>{}</td>", ((attributes[column.name], localize(cell)) for column, cell in row.items())
        )
        for row in table.paginated_rows
    )
    return format_html_join("\n", "<tr>{}</tr>", ((row,) for row in rows))


@register.simple_tag(takes_context=True)
def page_slot(context: Context, name: str) -> SafeString:
    """What other apps add at this point of a page: the templates listed in the setting PAGE_SLOTS."""
    assert context.template is not None  # noqa: S101 - for mypy: a template is being rendered
    found = [context.template.engine.get_template(each) for each in settings.PAGE_SLOTS.get(name, ())]
    return format_html_join("", "{}", ((each.render(context),) for each in found))
