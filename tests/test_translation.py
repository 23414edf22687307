"""Every word that people see can be translated: none stands in a template outside of a translation tag."""

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
# Filters that hold words, and what stands behind them when these are translated or none: `_("never")`, `"–"`.
WORDED = re.compile(r"""\|(default|default_if_none|yesno|pluralize|add):?(_\()?(["'][^"']*["'])?""")
# What is between them is translated; or is no text but a class, in an attribute of the page around the block.
BEGIN = re.compile(r"blocktrans(late)?\b|block \w+_class$")
END = re.compile(r"endblock(trans(late)?)?\b")


class Words(HTMLParser):
    """Collects what a reader sees or hears of a page's markup, with the line it begins on."""

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
            # Where a tag ends in each branch of a condition, attributes of the second look like text.
            self.note(ATTRIBUTE.sub("", data))

    def note(self, text: str) -> None:
        words = set(re.findall(r"[^\W\d_]+", text)) - UNTRANSLATED
        if words:
            self.found.append((self.getpos()[0], " ".join(text.split())))


def bare_words(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and words of what stands outside of translation tags, in the page or in a filter."""
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
def test_no_word_stands_outside_of_a_translation_tag(path):
    found = [f"line {line}: {words}" for line, words in bare_words(path.read_text())]
    assert not found, "\n".join(found)


def test_every_template_can_be_extracted_by_makemessages():
    assert len(TEMPLATES) > 50
    extracted = "".join(templatize(path.read_text(), origin=str(path)) for path in TEMPLATES)
    assert "Skip to the content" in extracted


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
def test_bare_words_are_noticed(source):
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
def test_what_can_be_translated_is_left_alone(source):
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
