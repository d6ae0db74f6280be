"""What the tests of core share."""

from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.config import LocalConfig


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    """The directory that holds the buckets."""
    return tmp_path / "data"


@pytest.fixture
def provider(base_path: Path) -> Provider:
    """A provider of this machine, with nothing in it."""
    return Provider(config=LocalConfig(base_path=base_path))


@pytest.fixture
def far(provider: Provider) -> Executor:
    """An executor that runs every job in a process of its own."""
    return provider.executor("far")
