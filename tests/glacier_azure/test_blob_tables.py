"""Tables on Blob Storage."""

import pytest

from glacier import Provider
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.stores.tables import TablesOnStores, rows


class TestTables(TablesOnStores):
    @pytest.fixture
    def provider(self, azurite: Azurite) -> Provider:
        return Provider(config=azurite.config())

    @pytest.fixture
    def lake(self, azurite: Azurite) -> str:
        return Blobs(azurite).name

    @pytest.fixture
    def secret(self) -> str:
        return DEVELOPMENT_KEY


def test_delta_table_is_reached_with_a_limit_of_tries(azurite: Azurite) -> None:
    """It is a number to Polars, and deltalake takes texts alone."""
    provider = Provider(config=azurite.config(max_retries=2))
    table = provider.bucket(Blobs(azurite).name, "rows", "delta")

    table.write(rows(1))

    assert table.read().equals(rows(1))
