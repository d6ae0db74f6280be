"""What is said where Google's packages are not installed."""

import pytest

from tests.stores.missing_package_cases import MissingPackages

SDK = "google.auth google.api_core google.cloud gcsfs"


class TestMissingPackages(MissingPackages):
    cloud = "gcp"
    config = 'GcpConfig(project="p", endpoint="http://127.0.0.1:9")'
    uri = "gs://lake/rows.parquet"
    files = ("gcsfs", "aiohttp")
    store = "Cloud Storage"

    @pytest.fixture(params=["google.auth", "google.api_core", SDK])
    def missing_of_sdk(self, request: pytest.FixtureRequest) -> frozenset[str]:
        return frozenset(request.param.split())

    def test_buckets_need_no_other_service_to_be_named(self) -> None:
        assert self.said(["google.cloud"], "print(bucket.get_uri())") == f"{self.uri}\n"

    def test_configs_need_no_sdk(self) -> None:
        work = "print(configs.GcsConfig(versioning=True).versioning)"

        assert self.said(SDK.split(), work).endswith("True\n")

    def test_missing_client_of_one_service_is_named(self) -> None:
        work = "provider.serverless('f', 'json:loads').deploy()"

        text = self.said(["google.cloud.functions_v2"], work)

        assert "Serverless on GcpConfig needs google.cloud.functions_v2, which is not inst" in text
