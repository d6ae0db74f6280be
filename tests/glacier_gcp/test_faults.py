"""Whatever goes wrong between here and Google: success, or one clear error and the old data."""

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

from glacier import Provider
from glacier.errors import StorageError, WriteError
from glacier.storage import WriteMode
from tests.glacier_gcp.objects import WORDS, Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Fault, Proxy, error
from tests.stores.fault_cases import FaultsOnStores, FaultyStore
from tests.stores.faults import OLD, Watch, big

READ_TIMEOUT_SECONDS = 0.8
PATIENCE_SECONDS = 10
HURRY_SECONDS = 0.001


class TestFaults(FaultsOnStores):
    words = WORDS

    @pytest.fixture
    def store(self, gcp_server: GcpServer) -> Iterator[FaultyStore]:
        with Proxy(gcp_server.endpoint) as proxy:

            def through(**fields: object) -> Provider:
                return Provider(config=gcp_server.config(endpoint=proxy.endpoint, **fields))

            def impatient(seconds: float) -> Provider:
                return through(
                    read_timeout_seconds=READ_TIMEOUT_SECONDS, retry_timeout_seconds=seconds
                )

            yield FaultyStore(
                Objects(gcp_server),
                proxy,
                past=Provider(config=gcp_server.config()),
                through=impatient(PATIENCE_SECONDS),
                hurried=lambda: impatient(HURRY_SECONDS),
                patient=through(),
            )

    @pytest.mark.parametrize("mode", ["overwrite", "append"])
    def test_upload_that_can_not_be_begun_leaves_a_dataset_as_it_was(
        self, store: FaultyStore, watch: Watch, mode: WriteMode
    ) -> None:
        store.sound("ds/").write(OLD, partition_by="k")
        old = store.objects.bodies()
        store.proxy.on(self.fault("503"), method="POST", query="^uploads")

        with pytest.raises(StorageError, match=f"{store.uri('ds/')}.*SlowDown"):
            store.impatient("ds/").write(big(), mode=mode, partition_by="k")

        assert store.objects.bodies() == old
        assert store.objects.left_behind() == []
        watch.seen.append((f"begin {mode}", store.objects, old))


LOST: dict[str, tuple[WriteMode, Callable[[], pl.DataFrame], Fault, dict[str, Any]]] = {
    "part": ("overwrite", big, error(404, "NoSuchUpload"), {"query": "partNumber"}),
    "complete": ("overwrite", big, error(404, "NoSuchUpload"), {"query": "^uploadId"}),
    "stream": ("error", big, error(410, "Gone"), {"method": "PUT", "query": "upload_id"}),
    "damaged": ("overwrite", lambda: OLD, error(400, "BadDigest"), {"method": "PUT"}),
}


@pytest.mark.parametrize("lost", LOST)
def test_upload_that_google_does_not_take_is_told_as_a_failed_write(
    lost: str, gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    mode, rows, fault, request_ = LOST[lost]
    config = gcp_server.config(endpoint=proxy.endpoint, retry_timeout_seconds=0.1)
    bucket = Provider(config).bucket(objects.name, "f.parquet")
    rule = proxy.on(fault, **request_)

    with pytest.raises(
        WriteError, match=f"Writing {bucket.get_uri()} failed and left it as it was: "
    ):
        bucket.write(rows(), mode=mode)

    assert rule.played >= 1
    assert objects.keys() == []
