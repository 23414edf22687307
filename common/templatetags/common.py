"""What every page may use."""

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
    """A sign beside words, which say the same: one of static/vendor/tabler-icons/icons.svg."""
    address = static("vendor/tabler-icons/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', address, name)


@register.simple_block_tag
def crumbs(content: str) -> SafeString | str:
    """The way to the page, around the links that it gives; nothing where it gives none."""
    if not content.strip():
        return ""
    return format_html('<nav class="crumbs" aria-label="{}">{}</nav>', _("You are here"), content)


@register.simple_tag
def table_rows(table: Table) -> SafeString:
    """The rows of a page of a table; how a column's cells look is asked once, not for each of them."""
    looks = {column.name: column.attrs["td"].as_html() for column in table.columns}
    rows = (
        format_html_join(
            "", "<td {}>{}</td>", ((looks[column.name], localize(cell)) for column, cell in row.items())
        )
        for row in table.paginated_rows
    )
    return format_html_join("\n", "<tr>{}</tr>", ((row,) for row in rows))


@register.simple_tag(takes_context=True)
def page_slot(context: Context, name: str) -> SafeString:
    """What rooms above have for this place of a page: the templates that the setting PAGE_SLOTS names."""
    assert context.template is not None  # noqa: S101 - tells mypy: a page is being rendered
    found = [context.template.engine.get_template(each) for each in settings.PAGE_SLOTS.get(name, ())]
    return format_html_join("", "{}", ((each.render(context),) for each in found))
