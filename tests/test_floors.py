"""The size of modules and functions, and the late loading of heavy libraries. Imports: `lint-imports`."""

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
MOST_MODULES, MOST_LINES, MOST_LINES_OF_FUNCTION = 12, 400, 45


def modules_of(floor: str) -> list[Path]:
    return sorted((CHECKOUT / floor).rglob("*.py"))


def loaded_by(statement: str) -> set[str]:
    """The top-level packages loaded in a fresh interpreter after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return set(found.stdout.split())


def written_here() -> list[Path]:
    """All our Python modules except migrations, which are generated."""
    rooms = [folder for folder in CHECKOUT.glob("[a-z]*/") if folder.name != "var"]
    modules = [module for room in rooms for module in modules_of(room.name)]
    return [module for module in modules if module.parent.name != "migrations"]


def relative(module: Path) -> str:
    return str(module.relative_to(CHECKOUT))


def test_a_folder_has_few_modules_of_its_own():
    folders = Counter(
        relative(module.parent)
        for module in written_here()
        if module.name != "__init__.py" and module.parent.name != "commands"
    )
    assert folders

    assert not {folder: count for folder, count in folders.items() if count > MOST_MODULES}


def test_a_file_is_short():
    lengths = {relative(module): len(module.read_text().splitlines()) for module in written_here()}
    assert lengths

    assert not {name: length for name, length in lengths.items() if length > MOST_LINES}


def test_a_function_fits_on_a_screen():
    lengths = {
        f"{relative(module)}: {node.name}": node.end_lineno - node.lineno + 1
        for module in written_here()
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert lengths

    assert not {name: length for name, length in lengths.items() if length > MOST_LINES_OF_FUNCTION}


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("segmentation.analysis", {"django", "celery", "psycopg", "matplotlib"}),
        ("segmentation.charts", {"django", "celery", "sklearn"}),
    ],
)
def test_pure_packages_load_nothing_they_have_no_use_for(package, forbidden):
    modules = [module for module in modules_of(package.replace(".", "/")) if module.stem != "__init__"]
    names = [".".join(module.relative_to(CHECKOUT).with_suffix("").parts) for module in modules]
    assert names

    assert not loaded_by(f"import {package}, {', '.join(names)}") & forbidden


def test_results_need_numpy_at_most():
    assert not loaded_by("import segmentation.analysis.results") & {
        "sklearn",
        "scipy",
        "pandas",
        "matplotlib",
    }


def test_charts_never_use_the_global_state_of_pyplot():
    modules = modules_of("segmentation/charts")
    assert modules

    assert not [module.name for module in modules if "pyplot" in module.read_text()]


def test_web_process_never_loads_scikit_learn():
    tasks = [f"{file.parent.name}.tasks" for file in CHECKOUT.glob("[a-z]*/tasks.py")]
    assert {"segmenter.tasks", "segmentation.tasks"} <= {*tasks}

    assert not loaded_by(f"import segmenter.wsgi, segmenter.urls, {', '.join(tasks)}") & {"sklearn", "scipy"}


def test_embedded_servers_need_neither_django_nor_celery():
    assert not loaded_by("import segmenter.embedded.keeper") & {"django", "celery", "psycopg", "numpy"}


@pytest.mark.parametrize("command", ["check", "help"])
def test_commands_that_need_no_database_start_no_server(command, data_folder):
    addresses = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in addresses}
    found = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=CHECKOUT,
        env={**environment, "DATA_DIR": str(data_folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stderr
    assert not (data_folder / "keeper.lock").exists()
