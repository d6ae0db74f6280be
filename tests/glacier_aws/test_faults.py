"""Whatever goes wrong between here and S3: success, or one clear error and the old data."""

import itertools
from collections.abc import Iterator

import polars as pl
import pytest

from glacier import Provider, pipeline
from glacier.errors import StorageError
from glacier.storage import WriteMode
from tests.glacier_aws.objects import WORDS, Objects
from tests.rigs.aws.server import AwsServer
from tests.rigs.proxy import Proxy, delay
from tests.stores.fault_cases import FaultsOnStores, FaultyStore
from tests.stores.faults import OLD, Watch, big, load, save, sorted_rows, tripled

READ_TIMEOUT_SECONDS = 0.5
SINKS = 18
"""More than there are threads that upload, and with more bytes than may be under way at once."""


class TestFaults(FaultsOnStores):
    words = WORDS

    @pytest.fixture
    def store(
        self, aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[FaultyStore]:
        # Fewer tries than usual: there is less to wait for. A busy machine may fail one of its
        # own accord, since the timeout is short.
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
        with Proxy(aws_server.endpoint) as proxy:
            faulty = aws_server.config(
                endpoint_url=proxy.endpoint, read_timeout_seconds=READ_TIMEOUT_SECONDS
            )

            def hurried() -> Provider:
                monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
                return Provider(config=faulty)

            yield FaultyStore(
                Objects(aws_server),
                proxy,
                past=Provider(config=aws_server.config()),
                through=Provider(config=faulty),
                hurried=hurried,
                patient=Provider(config=aws_server.config(endpoint_url=proxy.endpoint)),
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

    def test_keys_that_expire_during_a_write_are_one_clear_error(
        self, store: FaultyStore, watch: Watch
    ) -> None:
        store.sound("f.parquet").write(OLD)
        old = store.objects.bodies()
        store.proxy.on(self.fault("expired"), skip=2)  # an upload is begun, one part is sent

        with pytest.raises(StorageError, match=store.uri("f.parquet")) as caught:
            store.faulty("f.parquet").write(pl.concat([big()] * 3))

        assert "expired" in str(caught.value).lower()
        assert store.objects.bodies() == old
        watch.seen.append(("expired keys", store.objects, old))

    def test_many_sinks_of_one_query_do_not_wait_for_one_another(self, store: FaultyStore) -> None:
        rows = big()
        store.sound("source.parquet").write(rows)
        store.proxy.on(delay(0.3), **self.words.requests["part"])
        source = store.slow("source.parquet")
        buckets = [store.slow(f"out/{number}.parquet") for number in range(SINKS)]

        @pipeline(max_joint_sinks=SINKS)
        def spread() -> None:
            frame = tripled(load(source))
            for bucket in buckets:
                save(frame, bucket)

        spread.run()

        expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
        for bucket in itertools.islice(buckets, 0, SINKS, 8):
            assert sorted_rows(store.sound(bucket.path)).equals(expected)
        assert len(store.objects.keys()) == SINKS + 1
