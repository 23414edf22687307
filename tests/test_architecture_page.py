"""docs/architecture.md lists every module, and every path and link in the documents leads somewhere.

docs/operating.md explains every setting that people can change, and no others.
"""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "architecture.md"
SETTINGS = CHECKOUT / "docs" / "operating.md"
READERS = [CHECKOUT / "segmenter" / name for name in ("settings.py", "accounts/settings.py", "gunicorn.py")]
PACKAGES = ("common", "audit", "jobs", "customers", "segmentation", "segmenter", "bench")
FOLDERS = (*PACKAGES, "templates", "tests", "docs", ".ci", ".github", "locale")
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")])

# A heading names the folder of its table; the first column of a row names a module in it, or a whole path.
HEADING = re.compile(r"^### (?:`([\w/]+/)`)?")
MODULE = re.compile(r"^\| `([\w./]+\.py)` \|")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
VARIABLE = re.compile(r"`([A-Z][A-Z0-9_]+)`")
READ = re.compile(r'(?:env\.\w+\(|environ\.get\()\s*"([A-Z_]+)"')
# Set by docker-compose.yml, where the processes of the web add up their metrics.
NOT_FOR_PEOPLE = {"PROMETHEUS_MULTIPROC_DIR"}


def modules() -> set[str]:
    """Every module except `__init__.py` and migrations."""
    files = (file for package in PACKAGES for file in (CHECKOUT / package).rglob("*.py"))
    return {
        file.relative_to(CHECKOUT).as_posix()
        for file in files
        if file.name != "__init__.py" and "migrations" not in file.parts
    }


def modules_on_the_page() -> list[str]:
    folder, found = "", []
    for line in PAGE.read_text().splitlines():
        if heading := HEADING.match(line):
            folder = heading[1] or ""
        elif row := MODULE.match(line):
            found.append(row[1] if "/" in row[1] else f"{folder}{row[1]}")
    return [name for name in found if name.startswith(tuple(f"{package}/" for package in PACKAGES))]


def paths_in(document: Path) -> set[str]:
    """Paths in backticks, relative to the repository."""
    named = set(PATH.findall(document.read_text()))
    return {path for path in named if path.startswith(tuple(f"{folder}/" for folder in FOLDERS))}


def test_every_module_has_one_row_on_the_page_and_every_row_a_module():
    there, named = modules(), modules_on_the_page()
    assert len(there) > 150
    assert there - set(named) == set()
    assert set(named) - there == set()
    assert len(named) == len(set(named))


# The changelog also tells what files were once called.
@pytest.mark.parametrize("name", [each.name for each in DOCUMENTS if each.name != "CHANGELOG.md"])
def test_every_path_that_a_document_names_is_there(name):
    document = next(each for each in DOCUMENTS if each.name == name)
    assert {path for path in paths_in(document) if not (CHECKOUT / path).exists()} == set()


def test_the_page_leads_to_many_paths():
    assert len(paths_in(PAGE)) > 100


def test_every_link_leads_to_a_file():
    links = [(each, target) for each in DOCUMENTS for target in LINK.findall(each.read_text())]
    assert len(links) > 20
    assert [f"{each.name}: {target}" for each, target in links if not (each.parent / target).exists()] == []


def test_every_setting_that_people_can_make_is_explained():
    read = {name for source in READERS for name in READ.findall(source.read_text())} - NOT_FOR_PEOPLE
    assert len(read) > 30
    assert read - set(VARIABLE.findall(SETTINGS.read_text())) == set()


def test_every_setting_that_is_explained_is_read():
    rows = re.findall(r"^\| (`[A-Z].*?) \|", SETTINGS.read_text(), re.MULTILINE)
    told = {name for row in rows for name in VARIABLE.findall(row)}
    read = {name for source in READERS for name in READ.findall(source.read_text())}
    assert len(told) > 30
    assert told - read == set()
