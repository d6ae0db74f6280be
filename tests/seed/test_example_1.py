"""Example 1 of the seed: a basic pipeline.

Changes, until the adapters of AWS land:

- `LocalConfig` stands for `AwsConfig`;
- `S3Config` stands in a list, since a lone config of another platform is an error.

Addition: the input, which the seed takes for granted, is written first.
"""

from pathlib import Path

import polars as pl
import pytest

from glacier import Provider
from glacier.config import LocalConfig
from glacier.errors import NoAdapterError
from tests.seed.seed import changed, code, run

CHANGES = [
    ("import AwsConfig, S3Config", "import LocalConfig, S3Config"),
    ('AwsConfig(region="us-east-1")', 'LocalConfig(base_path="data")'),
    ("config=S3Config(versioning=True)", "config=[S3Config(versioning=True)]"),
]


def test_example_1_runs_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Provider(config=LocalConfig(base_path="data")).bucket("my-data-lake")
    (lake / "raw/sales.parquet").write(pl.DataFrame({"amount": [3, -1, 4, 0]}))

    run(changed(code("Example 1"), *CHANGES))

    assert (lake / "processed/sales.parquet").read()["amount"].to_list() == [3, 4]


def test_example_1_as_written_waits_for_the_adapters_of_aws() -> None:
    source = code("Example 1")

    with pytest.raises(NoAdapterError, match="No adapter for Bucket with AwsConfig"):
        run(source)
