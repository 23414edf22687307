"""A template uses only its own app and lower ones: higher apps add to it through slots. Lines are short."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import allauth
import pytest
from django.apps import apps
from django.conf import settings
from django.template import engines
from django.urls import URLResolver, get_resolver

CHECKOUT = Path(settings.BASE_DIR)
FOLDER = CHECKOUT / "templates"
TEMPLATES = {str(path.relative_to(FOLDER)): path.read_text() for path in sorted(FOLDER.rglob("*.html"))}
FLOORS = ["common", "audit", "jobs", "customers", "segmentation", "segmenter"]
MODULES = [path.read_text() for floor in FLOORS for path in (CHECKOUT / floor).rglob("*.py")]
# The base templates of all pages, which every app may use.
FRAMES = {"base.html", "notice.html"}
# URLs of the site that the base template links to as well.
EVERYWHERE = {"home", "glossary"}
# Rendered by Django itself or by django-allauth.
SHOWN_BY_LIBRARIES = {"400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html"}
ALLAUTH = Path(allauth.__file__).parent / "templates"
LIBRARIES = engines["django"].engine.libraries
MAX_LENGTH = 140

ADDRESS = re.compile(r"""{% url ["']([\w:-]+)["']""")
LOADED = re.compile(r"{% load (?:[\w ]+ from )?([\w ]+?) %}")
TEMPLATE = re.compile(r"""{% (?:include|extends) ["']([\w/.-]+)["']""")
PERMISSION = re.compile(r"\bperms\.(\w+)")
SLOT = re.compile(r"""{% page_slot ["']([^"']+)["']""")


def floor_of(name: str) -> str:
    """The app of a template; error and account pages belong to the site."""
    folder = name.partition("/")[0]
    return folder if folder in FLOORS else "segmenter"


def addresses(resolver: Any = None, namespace: str = "") -> Iterator[tuple[str, str]]:
    """The name of every URL, and the app or library of its view."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from addresses(pattern, namespace + inner)
        else:
            yield f"{namespace}{pattern.name}", pattern.callback.__module__.partition(".")[0]


ADDRESSES = dict(addresses())


def named_floors(source: str) -> Iterator[tuple[str, str]]:
    """The names a template uses, and the app or library each belongs to."""
    for name in set(ADDRESS.findall(source)) - EVERYWHERE:
        yield name, ADDRESSES[name]
    for library in " ".join(LOADED.findall(source)).split():
        yield library, LIBRARIES[library].partition(".")[0]
    for name in set(TEMPLATE.findall(source)) - FRAMES:
        yield name, floor_of(name)
    for label in PERMISSION.findall(source):
        yield f"perms.{label}", apps.get_app_config(label).name.partition(".")[0]


def names_from_above(name: str, source: str) -> list[str]:
    above = FLOORS[FLOORS.index(floor_of(name)) + 1 :]
    return sorted(named for named, floor in named_floors(source) if floor in above)


def is_used(name: str) -> bool:
    """Whether a view, another template or a setting uses it, or it overrides a library's template."""
    wanted = (f'"{name}"', f"'{name}'")
    texts = [*MODULES, *(source for other, source in TEMPLATES.items() if other != name)]
    return (
        name in SHOWN_BY_LIBRARIES
        or (ALLAUTH / name).exists()
        or any(each in text for text in texts for each in wanted)
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_uses_nothing_from_higher_apps(name):
    assert not names_from_above(name, TEMPLATES[name])


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("customers/_a.html", "<a href=\"{% url 'segmentation:run-list' %}\">"),
        ("jobs/_a.html", '{% url "customers:dataset-list" as datasets %}'),
        ("audit/_a.html", "{% url 'people:person-list' %}"),
        ("common/_a.html", "{% load i18n jobs %}"),
        ("customers/_a.html", "{% load chart from segments %}"),
        ("customers/_a.html", '{% include "segmentation/_chart.html" with name="elbow" %}'),
        ("segmentation/_a.html", '{% extends "segmenter/home.html" %}'),
        ("customers/_a.html", "{% if perms.segmenter.export_segment %}"),
        ("common/_a.html", "{% if not perms.audit.view_auditevent %}"),
    ],
)
def test_uses_of_higher_apps_are_detected(name, source):
    assert names_from_above(name, source)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("common/_a.html", '{% extends "base.html" %}{% load common numbers %}'),
        ("segmentation/_a.html", "{% url 'customers:dataset-list' %}{% url 'glossary' %}"),
        ("segmentation/_a.html", '{% load cells jobs i18n %}{% include "jobs/_state.html" %}'),
        ("segmentation/_a.html", "{% if perms.segmenter.export_segment and perms.jobs.change_job %}"),
        ("404.html", "{% url 'people:person-list' %}{% load segments %}"),
    ],
)
def test_lower_apps_may_be_used(name, source):
    assert not names_from_above(name, source)


def test_every_slot_is_filled_and_every_filling_has_a_slot():
    slots = {slot for source in TEMPLATES.values() for slot in SLOT.findall(source)}
    assert slots
    assert slots == set(settings.PAGE_SLOTS)


def test_slots_are_filled_with_templates_that_there_are():
    fillings = {name for names in settings.PAGE_SLOTS.values() for name in names}
    assert fillings
    assert not fillings - set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_is_too_long(name):
    lines = enumerate(TEMPLATES[name].splitlines(), start=1)
    assert not [number for number, line in lines if len(line) > MAX_LENGTH]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_used(name):
    assert is_used(name)


def test_a_template_that_nobody_uses_is_noticed():
    assert not is_used("customers/_nobody_uses_it.html")


@pytest.mark.parametrize("name", [name for name in TEMPLATES if Path(name).name.startswith("_")])
def test_a_partial_says_what_it_receives(name):
    assert re.search(r"\{# (Receives|The) ", "".join(TEMPLATES[name].splitlines()[:3]))
