"""Which requests S3 gets: those of plain Polars, and the commit's.

`docs/aws.md` has these numbers.
"""

from collections import Counter
from collections.abc import Callable

import polars as pl
import pytest

from glacier import Provider
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer
from tests.stores.request_cases import SMALL, Asked, Costs, RequestsOfStores


class TestRequests(RequestsOfStores):
    costs = Costs(
        first={"GET ?uploads": 1},
        read={"GET object": 2},
        scan={"GET ?list-type": 1},
        write={"PUT object": 1},
        parts={
            "POST object?uploads": 1,
            "PUT object?uploadId&partNumber": 3,
            "POST object?uploadId": 1,
        },
        look={"HEAD object": 1},
        list={"GET ?list-type": 1},
        delete={"POST ?delete": 1},
        delete_several={"POST ?delete": 1},
        delete_many={"POST ?delete": 1},
    )

    @pytest.fixture
    def objects(self, aws_server: AwsServer) -> Objects:
        return Objects(aws_server)

    @pytest.fixture
    def options(self, aws_server: AwsServer) -> dict[str, str]:
        return {
            "aws_access_key_id": ACCESS_KEY,
            "aws_secret_access_key": SECRET_KEY,
            "aws_region": REGION,
            "aws_endpoint_url": aws_server.endpoint,
        }

    @pytest.fixture
    def asked(self, aws_server: AwsServer) -> Asked:
        def count(work: Callable[[], object]) -> Counter[str]:
            aws_server.requests(forget=True)
            work()
            return Counter(_told(one) for one in aws_server.requests(forget=True))

        return count

    def test_footer_of_a_file_is_one_request_for_its_end(
        self, provider: Provider, objects: Objects, asked: Asked
    ) -> None:
        bucket = provider.bucket(objects.name, "f.parquet")
        bucket.write(SMALL)

        found = asked(lambda: bucket.scan().select(pl.col("n").sum()).collect())

        assert found["GET object bytes=-262144"] == 1


def _told(request: dict[str, str]) -> str:
    names = "&".join(part.partition("=")[0] for part in request["query"].split("&"))
    what = "object" if request["path"].count("/") > 1 else ""
    query = f"?{names.replace('&prefix', '').replace('&encoding-type', '')}" if names else ""
    return " ".join(filter(None, [request["method"], f"{what}{query}", request["range"]]))
