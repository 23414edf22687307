import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from customers.importing.files.sniffing import FileLook, look_at
from customers.importing.options import ImportOptions
from customers.importing.pipeline import create_dataset, import_now
from customers.models import Customer, CustomerImport, Dataset


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of text or bytes and return its path."""

    def write_file(content: str | bytes, name: str = "customers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def look(write: Callable[..., Path]) -> Callable[..., FileLook]:
    """Write a file and inspect it."""

    def look_at_content(content: str | bytes, name: str = "customers.csv", **said: Any) -> FileLook:
        return look_at(write(content, name), name, **said)

    return look_at_content


@pytest.fixture
def upload_folder(tmp_path: Path) -> Path:
    """An upload folder for this test alone: the one in the settings is shared by the whole run."""
    return Path(settings.UPLOAD_DIR)


@pytest.fixture
def dataset(transactional_db: None) -> Dataset:
    return create_dataset("Shop")


@pytest.fixture
def import_file(dataset: Dataset) -> Callable[..., CustomerImport]:
    """Import text or bytes into the dataset, in this process."""

    def import_content(content: str | bytes, name: str = "customers.csv", **said: Any) -> CustomerImport:
        raw = content.encode() if isinstance(content, str) else content
        return import_now(dataset, io.BytesIO(raw), name, options=ImportOptions(**said))

    return import_content


@pytest.fixture
def counts() -> Callable[[CustomerImport], tuple[int, ...]]:
    """Read, created, updated, unchanged, rejected."""

    def read_counts(done: CustomerImport) -> tuple[int, ...]:
        assert done.job is not None
        assert done.job.state == "succeeded", done.job.error
        return (
            done.read_count,
            done.created_count,
            done.updated_count,
            done.unchanged_count,
            done.rejected_count,
        )

    return read_counts


@pytest.fixture
def customers(dataset: Dataset) -> Callable[[], dict[str, list[Any]]]:
    """The dataset's current customers: values by customer id, in the order of the attributes."""

    def read_customers() -> dict[str, list[Any]]:
        dataset.refresh_from_db()
        attributes = list(dataset.attributes.all())
        found = Customer.objects.of(dataset).order_by("id")
        return {customer.customer_id: customer.values(attributes) for customer in found}

    return read_customers


@pytest.fixture
def reasons() -> Callable[[CustomerImport], list[tuple[int, str, str, str]]]:
    def read_reasons(done: CustomerImport) -> list[tuple[int, str, str, str]]:
        return list(done.rejected_rows.values_list("line", "column", "value", "reason"))

    return read_reasons


@pytest.fixture
def command() -> Callable[..., str]:
    """Call a command and return what it prints."""

    def call(*arguments: str) -> str:
        output = io.StringIO()
        call_command(*arguments, stdout=output)
        return output.getvalue()

    return call
