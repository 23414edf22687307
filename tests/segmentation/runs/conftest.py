import pytest


@pytest.fixture
def frozen_sweeps() -> None:
    """These tests are about k-means, so every run does its own sweep."""
