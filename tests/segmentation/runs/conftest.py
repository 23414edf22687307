import pytest


@pytest.fixture
def frozen_sweeps() -> None:
    """Here k-means is what is tested: every run sweeps its customers itself."""
