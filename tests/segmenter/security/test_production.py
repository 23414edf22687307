"""Production refuses to start with missing or unsafe settings, and names each."""

import pytest

from segmenter.security.production import find_problems

GOOD = {
    "SECRET_KEY": "b9Zt-wNq4xVd7LrKcYp2hSgJmUeTfAoX81vQ5iGzWnR0DyHsEu3",
    "ALLOWED_HOSTS": "segments.example",
    "DATABASE_URL": "postgres://u:p@db/n",
    "CELERY_BROKER_URL": "redis://:p@broker/0",
}


def test_good_settings_have_no_problem():
    assert find_problems(GOOD) == []


@pytest.mark.parametrize("name", GOOD)
def test_each_missing_setting_is_named(name):
    assert f"to be set: {name}." in find_problems({**GOOD, name: ""})[0]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "1", "unset DEBUG"),
        ("SECRET_KEY", "short", "too easy to guess"),
        ("SECRET_KEY", "a" * 60, "too easy to guess"),
        ("SECRET_KEY", "django-insecure-b9Zt-wNq4xVd7LrKcYp2hSgJmUeTfAoX81vQ5iGz", "too easy to guess"),
        ("ALLOWED_HOSTS", "segments.example, *", "accepts any name"),
        ("CELERY_BROKER_URL", "redis://broker/0", "CELERY_BROKER_URL has no password"),
        ("CACHE_URL", "redis://broker/1", "CACHE_URL has no password"),
        ("CSRF_TRUSTED_ORIGINS", "http://segments.example", "unencrypted"),
    ],
)
def test_each_unsafe_setting_is_named(name, value, sentence):
    problems = find_problems({**GOOD, name: value})
    assert len(problems) == 1
    assert sentence in problems[0]


def test_all_problems_are_reported_at_once():
    assert len(find_problems({**GOOD, "DEBUG": "1", "ALLOWED_HOSTS": "*", "SECRET_KEY": "x"})) == 3
