"""docs/architecture.md names every module, and every path named in a document exists.

docs/operating.md has every setting that people can make; README, CONTRIBUTING and the rest name no file in vain.
"""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "architecture.md"
PACKAGES = ("common", "audit", "jobs", "customers", "segmentation", "segmenter", "bench")
DOCUMENTS = sorted(
    path.relative_to(CHECKOUT).as_posix()
    for path in [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md"), CHECKOUT / "NOTICE"]
)
# The changelog also tells what files were once called.
OF_TODAY = [name for name in DOCUMENTS if name != "CHANGELOG.md"]
# A heading names the folders of its table; the first column of a row names a module of the first of them,
# or a path from the checkout on.
HEADING = re.compile(r"^### (?:`([\w/]+/)`)?")
MODULE = re.compile(r"^\| `([\w./]+\.py)` \|")
# What stands in backticks or behind a link and looks like a file or a folder of ours.
PATH = re.compile(r"(?:`|\]\()((?:[\w.-]+/)*[\w.-]*)(?:`|\))")
FOLDERS = (*PACKAGES, "templates", "tests", "docs", ".ci", ".github", "locale")
VARIABLE = re.compile(r"`([A-Z][A-Z0-9_]+)`")
READ = re.compile(r"""(?:env\.\w+\(|environ\.get\()\s*"([A-Z_]+)\"""")
# Read from the environment, and not for people who run a site: for tests, and by libraries of Docker's image.
NOT_FOR_PEOPLE = {"EMBEDDED_DATA_IS_DISPOSABLE", "PROMETHEUS_MULTIPROC_DIR"}


def modules() -> set[str]:
    """Every module that holds code; migrations tell nobody where anything is."""
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
    return found


def paths_in(document: str) -> set[str]:
    """Paths from the checkout on that a document names."""
    named = set(PATH.findall((CHECKOUT / document).read_text()))
    return {path for path in named if path.startswith(tuple(f"{folder}/" for folder in FOLDERS))}


def test_every_module_has_one_row_on_the_page_and_every_row_a_module():
    there, named = modules(), [name for name in modules_on_the_page() if not name.startswith("tests/")]
    assert len(there) > 150
    assert there - set(named) == set()
    assert set(named) - there - {"manage.py"} == set()
    assert len(named) == len(set(named))


@pytest.mark.parametrize("document", OF_TODAY)
def test_every_path_that_a_document_names_is_there(document):
    assert {path for path in paths_in(document) if not (CHECKOUT / path).exists()} == set()


def test_the_page_leads_to_many_paths():
    assert len(paths_in("docs/architecture.md")) > 100


def test_every_setting_that_people_can_make_is_explained():
    sources = [CHECKOUT / "segmenter" / name for name in ("settings.py", "gunicorn.py", "security/production.py")]
    read = {name for source in sources for name in READ.findall(source.read_text())} - NOT_FOR_PEOPLE
    explained = set(VARIABLE.findall((CHECKOUT / "docs" / "operating.md").read_text()))
    assert len(read) > 30
    assert read - explained == set()


def test_every_setting_that_is_explained_is_read():
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (CHECKOUT / "docs" / "operating.md").read_text(), re.MULTILINE)
    told = {name for row in rows for name in VARIABLE.findall(row)}
    assert len(told) > 30
    source = (CHECKOUT / "segmenter" / "settings.py").read_text() + (
        CHECKOUT / "segmenter" / "gunicorn.py"
    ).read_text()
    assert {name for name in told if f'"{name}"' not in source} == set()
