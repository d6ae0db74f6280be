"""Example 2 of the seed: the platform is chosen by config.

Additions:

- the imports of `LocalConfig`, of Polars and of Glacier's decorators;
- a pipeline in the place of `# ... define pipeline ...`, which doubles what it reads;
- the inputs, which the seed takes for granted, and for AWS the profile and the bucket.

Change, until the adapters of the other clouds land: the example stops before the first pipeline of
one, and making each of those is tested by itself.
"""

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from glacier import Pipeline, Provider
from glacier.config import LocalConfig
from glacier.errors import NoAdapterError
from tests.rigs.aws.server import ACCESS_KEY, SECRET_KEY, AwsServer
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
    """The example, up to its first cloud without an adapter."""
    monkeypatch.chdir(tmp_path)
    source = changed(code("Example 2"), ("    # ... define pipeline ...\n", DEFINED))
    served, cloud, _ = source.partition("prod_pipeline = ")
    assert cloud
    return run(IMPORTS + served)


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


@pytest.mark.parametrize(
    ("provider", "config"),
    [
        ("prod_provider", "AzureConfig"),
        ("gcp_provider", "GcpConfig"),
    ],
)
def test_example_2_says_what_a_cloud_lacks(provider: str, config: str, example: ModuleType) -> None:
    cloud = getattr(example, provider)

    with pytest.raises(NoAdapterError, match=f"No adapter for Bucket with {config}"):
        example.create_pipeline(cloud)
