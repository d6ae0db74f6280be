"""Example 1 of the seed: a basic pipeline.

Addition: the bucket and the input, which the seed takes for granted, are made first.

Changes, on this machine:

- `LocalConfig` stands for `AwsConfig`;
- `S3Config` stands in a list, since a lone config of another platform is an error.
"""

from pathlib import Path

import polars as pl
import pytest

from glacier import Provider
from glacier.config import LocalConfig
from tests.rigs.aws.server import AwsServer
from tests.seed.seed import changed, code, run

CHANGES = [
    ("import AwsConfig, S3Config", "import LocalConfig, S3Config"),
    ('AwsConfig(region="us-east-1")', 'LocalConfig(base_path="data")'),
    ("config=S3Config(versioning=True)", "config=[S3Config(versioning=True)]"),
]
SALES = pl.DataFrame({"amount": [3, -1, 4, 0]})


def test_example_1_runs_as_written(aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)
    lake = Provider(config=aws_server.config()).bucket("my-data-lake")
    lake.deploy()
    (lake / "raw/sales.parquet").write(SALES)

    run(code("Example 1"))

    assert (lake / "processed/sales.parquet").read()["amount"].to_list() == [3, 4]


def test_example_1_runs_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Provider(config=LocalConfig(base_path="data")).bucket("my-data-lake")
    (lake / "raw/sales.parquet").write(SALES)

    run(changed(code("Example 1"), *CHANGES))

    assert (lake / "processed/sales.parquet").read()["amount"].to_list() == [3, 4]
