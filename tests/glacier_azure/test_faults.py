"""Whatever goes wrong between here and Azure: success, or one clear error and the old data."""

from collections.abc import Iterator

import pytest

from glacier import Provider
from tests.glacier_azure.blobs import WORDS, Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.proxy import Proxy
from tests.stores.fault_cases import FaultsOnStores, FaultyStore

READ_TIMEOUT_SECONDS = 0.8


class TestFaults(FaultsOnStores):
    words = WORDS

    @pytest.fixture
    def store(self, azurite: Azurite) -> Iterator[FaultyStore]:
        with Proxy(azurite.endpoint) as proxy:

            def through(**fields: object) -> Provider:
                return Provider(config=azurite.config(endpoint=proxy.endpoint, **fields))

            yield FaultyStore(
                Blobs(azurite),
                proxy,
                past=Provider(config=azurite.config()),
                through=through(read_timeout_seconds=READ_TIMEOUT_SECONDS, max_retries=2),
                hurried=lambda: through(read_timeout_seconds=READ_TIMEOUT_SECONDS, max_retries=1),
                patient=through(),
            )
