"""Dotted paths in strings exist: nothing else would notice a wrong one until it is used."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from segmenter.celery import app

CHECKOUT = Path(__file__).resolve().parent.parent
FLOORS = ("common", "audit", "jobs", "customers", "segmentation", "segmenter")
# Of ours, with what gunicorn and Celery write before it; in the settings of others, too.
OURS = re.compile(rf"(?:python:|django\.conf:)?((?:{'|'.join(FLOORS)})(?:\.[A-Za-z_]\w*)+)")
PATH = re.compile(r"((?:[a-z]\w*\.)+[A-Za-z_]\w*)")
# As command lines say it.
SAID = re.compile(rf"(?:python:|-m\W+)((?:{'|'.join(FLOORS)})(?:\.[a-z_]\w*)+)")
NO_PATHS = {"customers.csv", "valkey.sock", "files.E001", "models.W045"}


def paths_in(module: Path) -> set[str]:
    """The dotted paths in a module's strings."""
    pattern = PATH if module.name == "settings.py" else OURS
    strings = [
        node.value
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {match[1] for match in map(pattern.fullmatch, strings) if match} - NO_PATHS


def paths_of_code() -> dict[str, str]:
    """Every dotted path in the code, and where it is; migrations are left out, as they never change."""
    modules = [module for floor in FLOORS for module in sorted((CHECKOUT / floor).rglob("*.py"))]
    return {
        path: str(module.relative_to(CHECKOUT))
        for module in modules
        if "migrations" not in module.parts
        for path in paths_in(module)
    }


def permissions() -> set[str]:
    return {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename in [
            *(f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions),
            *(codename for codename, _ in model._meta.permissions),
        ]
    }


def find(path: str) -> object:
    """The module a path names, or something in one."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not path.startswith(error.name):
            raise
        return import_string(path)


CODE = paths_of_code()


def test_some_dotted_paths_are_found():
    places = {"segmenter/settings.py", "segmenter/gunicorn.py", "segmenter/embedded/servers.py"}
    assert len(CODE) > 90
    assert places <= set(CODE.values())
    assert sum(".draw_" in path for path in CODE) == 6


@pytest.mark.parametrize("path", sorted(CODE))
def test_dotted_paths_exist(path):
    app.loader.import_default_modules()
    if ".tasks." in path:
        assert path in app.tasks, CODE[path]
    elif path not in permissions():
        assert find(path), CODE[path]


def test_every_kind_of_job_and_every_beat_has_its_task():
    app.loader.import_default_modules()
    named = [kind["task"] for kind in settings.JOB_KINDS.values()]
    named += [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    assert len(named) > 8
    assert set(named) <= set(app.tasks)


def test_every_kind_of_job_has_its_holder():
    holders = [kind["holder"] for kind in settings.JOB_KINDS.values()]
    related = {field.name for field in apps.get_model("jobs", "Job")._meta.related_objects}
    assert holders
    assert set(holders) <= related


def test_the_database_s_engine_has_what_django_asks_of_it():
    assert find(f"{settings.DATABASES['default']['ENGINE']}.base.DatabaseWrapper")


def test_modules_on_command_lines_exist():
    files = [CHECKOUT / name for name in ("Dockerfile", "docker-compose.yml", "Makefile")]
    files += [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")]
    said = {path for file in files for path in SAID.findall(file.read_text())}
    assert {"segmenter.gunicorn", "segmenter.healthcheck"} <= said
    assert all(find(path) for path in said)


def test_the_image_contains_every_app():
    let_in = (CHECKOUT / ".dockerignore").read_text().split()
    assert {f"!{floor}" for floor in FLOORS} <= set(let_in)
