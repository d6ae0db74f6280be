"""Which requests Cloud Storage gets: those of plain Polars, and the commit's."""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.stores.request_cases import Asked, Costs, RequestsOfStores

TOLD = ("uploads", "partNumber", "uploadId", "list-type", "fields")


class TestRequests(RequestsOfStores):
    costs = Costs(
        first={"GET ?uploads": 1},
        read={"GET object": 2},
        scan={"GET ?list-type": 1},
        write={"PUT object": 1},
        parts={
            "POST object?uploads": 1,
            "PUT object?partNumber&uploadId": 3,
            "POST object?uploadId": 1,
        },
        look={"GET object?fields": 1},
        list={"GET ?fields": 1},
        delete={"DELETE object": 1},
        delete_several={"DELETE object": 3},
        delete_many={"DELETE object": 300},
    )

    @pytest.fixture
    def objects(self, gcp_server: GcpServer) -> Objects:
        return Objects(gcp_server)

    @pytest.fixture
    def provider(self, gcp_server: GcpServer) -> Provider:
        return Provider(config=gcp_server.config())

    @pytest.fixture
    def options(self, gcp_server: GcpServer) -> dict[str, str]:
        return {
            "google_service_account_key": gcp_server.key(),
            "google_base_url": gcp_server.endpoint,
            "allow_http": "true",
        }

    @pytest.fixture
    def asked(self, gcp_server: GcpServer) -> Asked:
        def count(work: Callable[[], object]) -> Counter[str]:
            gcp_server.requests(forget=True)
            work()
            return Counter(_told(one) for one in gcp_server.requests(forget=True))

        return count


def _told(request: dict[str, str]) -> str:
    """Return a request of either API: both have buckets and objects, by other paths."""
    path, names = request["path"], [one.partition("=")[0] for one in request["query"].split("&")]
    is_object = bool(re.fullmatch(r"/storage/v1/b/[^/]+/o/.+|/(?!storage/)[^/]+/.+", path))
    told = "&".join(name for name in names if name in TOLD)
    what = ("object" if is_object else "") + (f"?{told}" if told else "")
    return " ".join(filter(None, [request["method"], what, request["range"]]))
