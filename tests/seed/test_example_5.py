"""Example 5 of the seed: settings of S3 alone, as written.

Addition: both buckets are deployed, and data is written to both of their paths.
"""

import boto3
import polars as pl
import pytest

from tests.rigs.aws.server import REGION, AwsServer
from tests.seed.seed import code, run


def test_example_5_runs_as_written(aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)

    example = run(code("Example 5"))

    for bucket in (example.high_perf_bucket, example.cold_storage):
        bucket.deploy()
        bucket.write(pl.DataFrame({"n": [1]}))
        assert bucket.read()["n"].to_list() == [1]
    s3 = boto3.client("s3", region_name=REGION)
    found = s3.get_bucket_lifecycle_configuration(Bucket="analytics-data")["Rules"]
    assert {rule["ID"]: (rule["Filter"], rule["Transitions"]) for rule in found} == {
        "archive-old-data": (
            {"Prefix": "hot-data/"},
            [{"Days": 30, "StorageClass": "GLACIER"}],
        ),
        "immediate-archive": (
            {"Prefix": "archive/"},
            [{"Days": 0, "StorageClass": "DEEP_ARCHIVE"}],
        ),
    }
    encryption = s3.get_bucket_encryption(Bucket="analytics-data")
    (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert "Status" not in s3.get_bucket_versioning(Bucket="analytics-data")
