"""docs/security.md names the tests for each attack: none is missing, and all of them exist."""

import re
from pathlib import Path

from django.conf import settings

ROW = re.compile(r"^\| (\d+) \|.*\| (.+) \|$", re.MULTILINE)


def named_tests() -> dict[int, list[str]]:
    """The tests named in the document, by number of the attack."""
    text = (Path(settings.BASE_DIR) / "docs" / "security.md").read_text()
    return {int(number): re.findall(r"`(\w+)`", tests) for number, tests in ROW.findall(text)}


def every_test() -> set[str]:
    files = (Path(settings.BASE_DIR) / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}


def test_every_attack_has_a_row_and_every_row_a_test():
    named = named_tests()
    assert list(named) == list(range(1, len(named) + 1))
    assert [number for number, tests in named.items() if not tests] == []


def test_every_test_named_in_the_table_exists():
    named, there = named_tests(), every_test()
    assert len(there) > 500
    assert {number: set(tests) - there for number, tests in named.items() if set(tests) - there} == {}
