from pathlib import Path

import pytest

FILES = Path(__file__).with_name("files")


@pytest.fixture
def import_case(import_file):
    """Import one of the files beside this one."""

    def import_named(name, **said):
        return import_file((FILES / name).read_bytes(), name, **said)

    return import_named
