"""Everything people read can be translated: no text in a template is outside a translation tag."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils import translation
from django.utils.translation.template import templatize

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
# The same in every language.
UNTRANSLATED = {"Segmenter", "CSV", "XLSX", "PNG", "SVG", "SHA", "k"}
ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')
SHOWN_INPUTS = {"submit", "button", "reset"}
SPOKEN = {"alt", "title", "aria-label", "aria-description", "placeholder", "aria-roledescription"}
# Filters whose argument is text, and arguments that are translated or not words: `_("never")`, `"–"`.
WORDED = re.compile(r"""\|(default|default_if_none|yesno|pluralize|add):?(_\()?(["'][^"']*["'])?""")
# The contents are translated, or are not text but a class in an attribute of the enclosing page.
BEGIN = re.compile(r"blocktrans(late)?\b|block \w+_class$")
END = re.compile(r"endblock(trans(late)?)?\b")


class Words(HTMLParser):
    """Collects the text of a page's markup that people see or hear, with its line."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("code", "script", "style")
        is_shown = tag == "input" and dict(attrs).get("type") in SHOWN_INPUTS
        for name, value in attrs:
            if name in SPOKEN or (name == "value" and is_shown):
                self.note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("code", "script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            # If a tag ends in each branch of a condition, attributes of the second branch look like text.
            self.note(ATTRIBUTE.sub("", data))

    def note(self, text: str) -> None:
        words = set(re.findall(r"[^\W\d_]+", text)) - UNTRANSLATED
        if words:
            self.found.append((self.getpos()[0], " ".join(text.split())))


def bare_words(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of anything outside translation tags, in the page or in a filter."""
    markup, is_inside = "", False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK and BEGIN.match(token.contents):
            is_inside = True
        elif token.token_type == TokenType.BLOCK and END.match(token.contents):
            is_inside = False
        elif is_inside:
            continue
        elif token.token_type == TokenType.TEXT:
            markup += token.contents
        elif token.token_type != TokenType.COMMENT and markup.rfind("<") <= markup.rfind(">"):
            for name, marked, words in WORDED.findall(token.contents):
                if name == "pluralize" or (not marked and re.search(r"[^\W\d_]", words)):
                    yield token.lineno, f"|{name}:{words}"
    parser = Words()
    parser.feed(markup)
    yield from parser.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_all_text_in_templates_is_translatable(path):
    found = [f"line {line}: {words}" for line, words in bare_words(path.read_text())]
    assert not found, "\n".join(found)


def test_every_template_can_be_extracted_by_makemessages():
    assert len(TEMPLATES) > 50
    extracted = "".join(templatize(path.read_text(), origin=str(path)) for path in TEMPLATES)
    assert "Skip to content" in extracted


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<img alt="a picture">',
        "{{ name|default:'never' }}",
        "customer{{ count|pluralize }}",
        "{% if x %}yes{% endif %}",
        "{% translate 'Fine' %} but not this",
        '<input type="submit" value="Send">',
    ],
)
def test_untranslated_text_is_detected(source):
    assert list(bare_words(source))


@pytest.mark.parametrize(
    "source",
    [
        "{% translate 'Hello' %}",
        "{% blocktranslate %}Hello <b>you</b>{% endblocktranslate %}",
        '{{ name|default:_("never") }}',
        "{{ name|default:'–' }} × 12 %",
        "<p class=\"{{ level|default:'info' }}\">12</p>",
        "{# a remark #}<code>manage.py up</code>",
        '<p class="muted" aria-hidden="true">{{ text }}</p>',
        "{% block main_class %} wide{% endblock %}",
        '<td{% if x %} class="a">{{ x }}{% else %} class="b">{{ y }}{% endif %}</td>',
    ],
)
def test_translatable_text_is_accepted(source):
    assert not list(bare_words(source))


def test_only_languages_that_are_shipped_are_offered(client):
    assert [code for code, _ in settings.LANGUAGES] == ["en"]
    page = client.get("/accounts/login/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en"' in page


def test_dates_never_leave_day_and_month_in_doubt():
    with translation.override("en"):
        from django.utils.dateparse import parse_datetime
        from django.utils.formats import date_format

        moment = parse_datetime("2026-02-03T04:05:00Z")
        assert date_format(moment, "DATE_FORMAT") == "3 Feb 2026"
        assert date_format(moment, "DATETIME_FORMAT") == "3 Feb 2026, 04:05"


# ---- Python ------------------------------------------------------------------------------------------------

PACKAGES = ("common", "audit", "jobs", "customers", "segmentation", "segmenter")
# Commands and server start-up speak English, like their options.
SPEAKING_ENGLISH = re.compile(
    r"management/|migrations/|embedded|production\.py|secret\.py|supervisor\.py|sample\.py"
)
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (Path(settings.BASE_DIR) / package).rglob("*.py")
    if not SPEAKING_ENGLISH.search(str(path.relative_to(settings.BASE_DIR)))
)
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext"}
# The arguments of these never appear on a page.
UNREAD = {
    "ValueError",
    "TypeError",
    "RuntimeError",
    "AssertionError",
    "TimeoutError",
    "TransactionManagementError",
    "SQL",
    "debug",
    "info",
    "warning",
    "exception",
}
SAYING = re.compile(r"Error$|^(Reject|Refusal|Question|Failure|Verdict|BadRequest|Http404|PermissionDenied)$")
SAYING_METHODS = {"add_error", "report"}
SENTENCE = re.compile(r"[A-Z“].*\w .*[.:?!]$", re.DOTALL)
WORDS = re.compile(r"[^\W\d_]{2,}\S* \S")


def _called(call: ast.Call) -> str:
    """The name of the called function, marked if it is one of `messages`."""
    if isinstance(call.func, ast.Attribute):
        is_message = isinstance(call.func.value, ast.Name) and call.func.value.id == "messages"
        return "report" if is_message else call.func.attr
    return getattr(call.func, "id", "")


def _text(node: ast.AST) -> str:
    """The text of a literal, with a placeholder for each value."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "0" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def untranslated(node: ast.AST, *, is_said: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line and text of anything that bypasses gettext: whole sentences, and messages to people."""
    if isinstance(node, ast.Call):
        name = _called(node)
        if name in MARKS:
            # A message that is formatted before the lookup is never found.
            yield from ((node.lineno, ast.unparse(each)) for each in node.args if not _can_be_found(each))
            return
        if name in UNREAD:
            return
        is_said = is_said or name in SAYING_METHODS or SAYING.search(name) is not None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # documentation
    text = _text(node)
    if SENTENCE.match(text) or (is_said and WORDS.search(text)):
        yield node.lineno, text
    elif not text:
        for child in ast.iter_child_nodes(node):
            yield from untranslated(child, is_said=is_said)


def _can_be_found(message: ast.AST) -> bool:
    return not isinstance(message, ast.JoinedStr | ast.BinOp) and not (
        isinstance(message, ast.Call) and _called(message) == "format"
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_no_sentence_bypasses_gettext(path):
    found = [f"line {line}: {words}" for line, words in untranslated(ast.parse(path.read_text()))]
    assert not found, "\n".join(found)


def test_every_module_is_looked_at():
    assert len(MODULES) > 150


@pytest.mark.parametrize(
    "source",
    [
        'raise RunRefusedError("choose another one")',
        'raise RunRefusedError(f"choose fewer than {limit} features")',
        'raise RunRefusedError("choose %d features" % limit)',
        'Reject(line, f"The row has {count} cells")',
        'AmbiguousFileError("which sheet is it", "--sheet")',
        'messages.error(request, "this did not work")',
        'form.add_error("k", "must be smaller than that")',
        'claim.report("reading the customers")',
        'text = f"At most {limit} may be chosen."',
        '_(f"At most {limit} may be chosen.")',
        '_("At most {} may be chosen.".format(limit))',
        '_("At most %d may be chosen." % limit)',
    ],
)
def test_a_sentence_that_bypasses_gettext_is_detected(source):
    assert list(untranslated(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        'raise RunRefusedError(_("choose another one"))',
        'text = _("At most %(limit)s may be chosen.")\nraise RunRefusedError(text % {"limit": limit})',
        'form.add_error("k_max", _("must be smaller than that"))',
        'claim.report(gettext_noop("reading the customers"))',
        'raise ValueError(f"{count} sizes do not fit.")',
        'def f():\n    """Says what it does."""',
        'key = f"run {run.pk} {version.pk}"',
    ],
)
def test_translated_or_unread_strings_are_accepted(source):
    assert not list(untranslated(ast.parse(source)))
