"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.projects import Project

pytest.register_assert_rewrite("tests.executors", "tests.functions", "tests.stores")

if TYPE_CHECKING:
    from tests.rigs.aws.server import AwsServer
    from tests.rigs.azure.azurite import Azurite
    from tests.rigs.azure.server import AzureServer
    from tests.rigs.browser import Browser
    from tests.rigs.databricks.server import DatabricksServer
    from tests.rigs.gcp.server import GcpServer
    from tests.rigs.spark import SparkCluster
    from tests.rigs.terraform import Terraform

# The prefixes of the variables that decide a platform, an identity or an endpoint.
PLATFORM_VARIABLES = (
    *("AWS_", "AZURE_", "CLOUDSDK_", "DATABRICKS_", "GCP_", "GLACIER_", "GOOGLE_"),
    *("GCE_METADATA_", "IDENTITY_", "MSI_", "NO_GCE_CHECK", "STORAGE_EMULATOR_HOST"),
)
KEPT_VARIABLES = ("AWS_CA_BUNDLE", "GLACIER_TERRAFORM_MIRROR")

# The developer's own cloud is hidden from every test.
for name in list(os.environ):
    if name.startswith(PLATFORM_VARIABLES) and name not in KEPT_VARIABLES:
        del os.environ[name]

# Every test sets these, so they are there from the start. Polars reads variables in the background,
# some time after a query has failed; and glibc, but for its newest versions, frees the table of
# them as one grows that was smaller by four, under the hands of whoever reads it.
os.environ["GLACIER_CACHE"] = str(Path(__file__).resolve().parents[1] / ".cache")
os.environ["GLACIER_STATE"] = os.environ["TOY_HOME"] = ""

# Polars reads these once in a process, with the first store that it opens. Its pauses between the
# tries of a request are most of the time of a test of what goes wrong.
os.environ["POLARS_CLOUD_RETRY_INIT_BACKOFF_MS"] = "10"
os.environ["POLARS_CLOUD_RETRY_MAX_BACKOFF_MS"] = "50"


MOST_PROCESSES = 6
"""Each has servers of its own, and the longest file takes its time however many there are."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Have one process more than there are cores, since tests often wait."""
    return min((os.cpu_count() or 1) + 1, MOST_PROCESSES)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A user's project, whose modules can be imported."""
    monkeypatch.syspath_prepend(tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture(autouse=True)
def toy_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the store of the toy platform, which jobs share, out of the system's directories."""
    monkeypatch.setenv("TOY_HOME", str(tmp_path_factory.getbasetemp() / "toy"))


@pytest.fixture(autouse=True)
def state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for the records of runs, another one for every test."""
    monkeypatch.setenv("GLACIER_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def java() -> None:
    """Skip a test for want of Java; where `CI` is set it fails."""
    from tests.rigs.spark import missing_java

    _skip_for(missing_java())


@pytest.fixture(scope="session")
def spark_cluster(java: None, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkCluster]":
    """A standalone Spark of one master and two workers, started for the first test that asks."""
    from tests.rigs.spark import SparkCluster

    with SparkCluster(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def older_spark(java: None) -> Path:
    """The directory of a Spark 3.5, which most platforms have."""
    from tests.rigs.older_spark import HOME, is_too_new, missing_older_spark

    if is_too_new():
        pytest.skip("PySpark 3.5 can't be imported by this Python")
    _skip_for(missing_older_spark())
    return HOME


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[AwsServer]":
    """An AWS on a free port of this machine, started for the first test that asks."""
    from tests.rigs.aws.server import AwsServer

    with AwsServer(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Azurite]":
    """A storage account of Azure on a free port, started for the first test that asks."""
    from tests.rigs.azure.azurite import Azurite, missing_azurite

    _skip_for(missing_azurite())
    with Azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture(scope="session")
def azure_server(
    azurite: "Azurite", tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[AzureServer]":
    """Azure's control planes beside the storage account, started for the first test that asks."""
    from tests.rigs.azure.server import AzureServer

    with AzureServer(tmp_path_factory.mktemp("azure"), azurite) as server:
        yield server


@pytest.fixture(scope="session")
def gcp_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[GcpServer]":
    """A Google Cloud on a free port of this machine, started for the first test that asks."""
    from tests.rigs.gcp.server import GcpServer

    with GcpServer(tmp_path_factory.mktemp("gcp")) as server:
        yield server


@pytest.fixture(scope="session")
def databricks_server(
    aws_server: "AwsServer", tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[DatabricksServer]":
    """Databricks on AWS on a free port, started for the first test that asks."""
    from tests.rigs.databricks.server import DatabricksServer

    place = tmp_path_factory.mktemp("databricks")
    with DatabricksServer(place, "aws", aws_server.environment) as server:
        yield server


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> "Terraform":
    """Terraform on this machine; where it is missing the test is skipped, or with `CI` fails."""
    from tests.rigs.terraform import Terraform, missing_terraform

    _skip_for(missing_terraform())
    return Terraform(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def terraform_aws(terraform: "Terraform") -> "Terraform":
    """Terraform with the provider of AWS, from a mirror of this machine or from the registry."""
    from glacier_aws.terraform.blocks import SOURCE, VERSIONS

    _skip_for(terraform.missing_provider(SOURCE, VERSIONS))
    return terraform


@pytest.fixture(scope="session")
def terraform_azurerm(terraform: "Terraform") -> "Terraform":
    """Terraform with the provider of Azure, which a test goes without; see `_optional`."""
    from glacier_azure.terraform.blocks import SOURCE, VERSIONS

    return _optional(terraform, SOURCE, VERSIONS)


@pytest.fixture(scope="session")
def terraform_google(terraform: "Terraform") -> "Terraform":
    """Terraform with the provider of Google Cloud, which a test goes without; see `_optional`."""
    from glacier_gcp.terraform.blocks import SOURCE, VERSIONS

    return _optional(terraform, SOURCE, VERSIONS)


def _optional(terraform: "Terraform", source: str, versions: str) -> "Terraform":
    """Return Terraform with a provider; where it is missing the test is skipped, even with `CI`.

    Such providers are the one optional part: mirrors need not have them, and what they would say
    of arguments, `tests.rigs.terraform_schema` says of the same documents.
    """
    if reason := terraform.missing_provider(source, versions):
        pytest.skip(reason)
    return terraform


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Browser]":
    """A browser without a window, started for the first test that asks."""
    from tests.rigs.browser import Browser, missing_browser

    _skip_for(missing_browser())
    with Browser(tmp_path_factory.mktemp("browser")) as one:
        yield one


def _skip_for(reason: str | None) -> None:
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
