"""What the acceptance tests share."""

from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.config import LocalConfig
from tests.acceptance.any_store import LAKE
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


def local_store(request: pytest.FixtureRequest) -> Provider:
    """Return a directory of this machine."""
    made: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return Provider(config=LocalConfig(base_path=made.mktemp("lake")))


def s3_store(request: pytest.FixtureRequest) -> Provider:
    """Return S3, played by moto."""
    return Provider(config=request.getfixturevalue("aws_server").config())


def blob_store(request: pytest.FixtureRequest) -> Provider:
    """Return Blob Storage, played by Azurite."""
    return Provider(config=request.getfixturevalue("azurite").config())


def gcs_store(request: pytest.FixtureRequest) -> Provider:
    """Return Cloud Storage, played by the test server."""
    return Provider(config=request.getfixturevalue("gcp_server").config())


STORES = {"local": local_store, "s3": s3_store, "blob": blob_store, "gcs": gcs_store}


@pytest.fixture(scope="module", params=STORES)
def store_name(request: pytest.FixtureRequest) -> str:
    """The name of a store; a test that asks for it runs on each."""
    return str(request.param)


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, store_name: str) -> Provider:
    """A provider whose config is all that tells one store from another."""
    provider = STORES[store_name](request)
    provider.bucket(LAKE).deploy()
    return provider


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, bytes]]:
    """The results on the stores so far."""
    return {}
