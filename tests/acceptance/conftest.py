"""What the acceptance tests share."""

from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.config import LocalConfig
from tests.rigs.spark import spark_config


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    """A provider of this machine, with nothing in it."""
    return Provider(config=LocalConfig(base_path=tmp_path / "data"))


@pytest.fixture(params=["process", "spark"])
def anywhere(provider: Provider, request: pytest.FixtureRequest) -> Executor:
    """An executor: another process, then a Spark of this machine."""
    if request.param == "process":
        return provider.executor("process")
    request.getfixturevalue("java")
    return provider.executor("spark", config=spark_config("local[2]"))


@pytest.fixture
def spark(provider: Provider, java: None) -> Executor:
    """An executor: a Spark of this machine."""
    return provider.executor("spark", config=spark_config("local[2]"))
