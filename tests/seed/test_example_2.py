"""Example 2 of the seed: the platform is chosen by config.

Additions:

- the imports of `LocalConfig`, of Polars and of Glacier's decorators;
- a pipeline in the place of `# ... define pipeline ...`, which doubles what it reads;
- the inputs, which the seed takes for granted, with their buckets;
- what the seed's configs leave to the environment: for AWS the profile, for Azure the storage
  account and its key, for Google Cloud the file with a key, and for all the endpoint of the test
  server.
"""

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from glacier import Pipeline, Provider
from glacier.config import LocalConfig
from glacier.errors import RunError
from tests.rigs.aws.server import ACCESS_KEY, SECRET_KEY, AwsServer
from tests.rigs.azure.azurite import Azurite
from tests.rigs.gcp.server import GcpServer
from tests.seed.seed import changed, code, run

IMPORTS = "import glacier\nimport polars as pl\nfrom glacier.config import LocalConfig\n"

# `glacier.pipeline`, since the seed's function calls its pipeline `pipeline`.
DEFINED = """
    @glacier.task
    def double():
        output.write(data.scan().with_columns(pl.col("n") * 2))

    @glacier.pipeline(name="doubling")
    def pipeline():
        double()
"""


ROWS = pl.DataFrame({"n": [1, 2]})
PROFILES = f"[staging]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example, run without any account in the environment."""
    monkeypatch.chdir(tmp_path)
    return run(IMPORTS + changed(code("Example 2"), ("    # ... define pipeline ...\n", DEFINED)))


def test_example_2_runs_on_this_machine(example: ModuleType) -> None:
    lake = Provider(config=LocalConfig(base_path="./data")).bucket("data-lake")
    (lake / "input.parquet").write(ROWS)

    assert isinstance(example.dev_pipeline, Pipeline)
    example.dev_pipeline.run()

    assert (lake / "output.parquet").read()["n"].to_list() == [2, 4]


def test_example_2_runs_on_aws(
    example: ModuleType, aws_server: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").write_text(PROFILES)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_server.endpoint)
    lake = Provider(config=aws_server.config(region="us-west-2")).bucket("data-lake")
    lake.deploy()
    (lake / "input.parquet").write(ROWS)

    example.staging_pipeline.run()

    assert (lake / "output.parquet").read()["n"].to_list() == [2, 4]


def test_example_2_runs_on_azure(
    example: ModuleType, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_ENDPOINT"):
        monkeypatch.setenv(name, azurite.environment[name])
    lake = Provider(config=azurite.config()).bucket("data-lake")
    lake.deploy()
    (lake / "input.parquet").write(ROWS)

    example.prod_pipeline.run()

    assert (lake / "output.parquet").read()["n"].to_list() == [2, 4]


def test_example_2_on_azure_says_that_it_needs_a_storage_account(example: ModuleType) -> None:
    with pytest.raises(RunError, match=r"names no storage account.*AZURE_STORAGE_ACCOUNT"):
        example.prod_pipeline.run()


def test_example_2_runs_on_google_cloud(
    example: ModuleType, gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"):
        monkeypatch.setenv(name, gcp_server.environment[name])
    lake = Provider(config=gcp_server.config()).bucket("data-lake")
    lake.deploy()
    (lake / "input.parquet").write(ROWS)

    example.create_pipeline(example.gcp_provider).run()

    assert (lake / "output.parquet").read()["n"].to_list() == [2, 4]
