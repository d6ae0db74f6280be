"""Which requests Blob Storage gets: those of plain Polars, and the commit's."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from glacier import Provider
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.proxy import Proxy, Request
from tests.stores.request_cases import Asked, Costs, RequestsOfStores


class TestRequests(RequestsOfStores):
    costs = Costs(
        first={},
        read={"HEAD object": 1, "GET object": 2},
        scan={"GET ?comp=list": 1},
        write={"PUT object": 1},
        parts={"PUT object?comp=block": 3, "PUT object?comp=blocklist": 1},
        look={"HEAD object": 1},
        list={"GET ?comp=list": 1},
        delete={"DELETE object": 1},
        delete_several={"POST ?comp=batch": 1},
        delete_many={"POST ?comp=batch": 2},
    )

    @pytest.fixture
    def proxy(self, azurite: Azurite) -> Iterator[Proxy]:
        with Proxy(azurite.endpoint) as made:
            yield made

    @pytest.fixture
    def provider(self, azurite: Azurite, proxy: Proxy) -> Provider:
        return Provider(config=azurite.config(endpoint=proxy.endpoint))

    @pytest.fixture
    def objects(self, azurite: Azurite) -> Blobs:
        return Blobs(azurite)

    @pytest.fixture
    def options(self, proxy: Proxy) -> dict[str, str]:
        return {
            "azure_storage_account_name": DEVELOPMENT_ACCOUNT,
            "azure_storage_account_key": DEVELOPMENT_KEY,
            "azure_storage_endpoint": proxy.endpoint,
            "azure_allow_http": "true",
        }

    @pytest.fixture
    def asked(self, proxy: Proxy) -> Asked:
        def count(work: Callable[[], object]) -> Counter[str]:
            proxy.clear()
            work()
            return Counter(_told(one) for one in proxy.requests)

        return count


def _told(request: Request) -> str:
    what = "object" if request.path.count("/") > 2 else ""
    operation = re.search("comp=[a-z]+", request.query)
    query = f"?{operation[0]}" if operation else ""
    return " ".join(filter(None, [request.method, f"{what}{query}", request.range]))
