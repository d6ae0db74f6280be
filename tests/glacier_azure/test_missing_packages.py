"""What is said where Azure's packages are not installed."""

import pytest

from tests.stores.missing_package_cases import MissingPackages


class TestMissingPackages(MissingPackages):
    cloud = "azure"
    config = 'AzureConfig(resource_group="rg", storage_account="lakes")'
    uri = "abfs://lake@lakes.dfs.core.windows.net/rows.parquet"
    files = ("adlfs", "aiohttp")
    store = "Blob Storage"

    @pytest.fixture(params=["azure.identity", "azure.storage.blob", "azure msal adlfs"])
    def missing_of_sdk(self, request: pytest.FixtureRequest) -> frozenset[str]:
        return frozenset(request.param.split())

    def test_buckets_need_no_manager_to_be_named(self) -> None:
        assert self.said(["azure.mgmt"], "print(bucket.get_uri())") == f"{self.uri}\n"
