"""What is said where AWS' packages are not installed."""

import pytest

from tests.stores.missing_package_cases import MissingPackages


class TestMissingPackages(MissingPackages):
    cloud = "aws"
    config = 'AwsConfig(region="us-east-1")'
    uri = "s3://lake/rows.parquet"
    files = ("s3fs", "aiobotocore")
    store = "S3"

    @pytest.fixture(params=["boto3", "botocore", "boto3 botocore aiobotocore s3fs"])
    def missing_of_sdk(self, request: pytest.FixtureRequest) -> frozenset[str]:
        return frozenset(request.param.split())
