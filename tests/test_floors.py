"""The floors: segmenter > segmentation > customers > jobs > audit > common. Heavy libraries load late."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
ABOVE = {
    "common": {"audit", "jobs", "customers", "segmentation", "segmenter"},
    "audit": {"jobs", "customers", "segmentation", "segmenter"},
    "jobs": {"customers", "segmentation", "segmenter"},
    "customers": {"segmentation", "segmenter"},
    "segmentation": {"segmenter"},
}


def modules_of(floor: str) -> list[Path]:
    return sorted((CHECKOUT / floor).rglob("*.py"))


def imported_packages(module: Path) -> set[str]:
    """First names of everything a module imports, at its top or inside its functions."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def loaded_by(statement: str) -> set[str]:
    """First names of all modules that are loaded in a fresh interpreter after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return set(found.stdout.split())


@pytest.mark.parametrize("floor", sorted(ABOVE))
def test_a_floor_imports_nothing_from_above(floor):
    modules = modules_of(floor)
    assert modules

    upward = {str(module): imported_packages(module) & ABOVE[floor] for module in modules}
    assert not {module: names for module, names in upward.items() if names}


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("segmentation.analysis", {"django", "celery", "psycopg", "matplotlib"}),
        ("segmentation.charts", {"django", "celery", "sklearn", "seaborn"}),
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
