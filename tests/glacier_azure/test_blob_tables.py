"""Tables on Blob Storage."""

import pytest

from glacier import Provider
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.stores.tables import TablesOnStores


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
