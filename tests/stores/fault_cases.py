"""Whatever goes wrong between here and a store: success, or one clear error and the old data."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import AccessDeniedError, RunError, StorageError, TaskTimeoutError
from glacier.storage import WriteMode
from tests.rigs.proxy import (
    Exchange,
    Fault,
    Proxy,
    delay,
    drop,
    error,
    hang,
    reset_request,
    reset_response,
    stall,
    truncate,
)
from tests.stores.buckets import Objects, Words
from tests.stores.faults import OLD, SMALL, TEXTS, Watch, big, first_time, fused, sorted_rows

SECONDS_OF_WATCH = 2
SECONDS_OF_REQUESTS = 20

BROKEN: dict[str, Fault] = {
    "500": error(500, "InternalError"),
    "reset request": reset_request,
    "reset response": reset_response,
    "truncated": truncate,
    "dropped": drop,
    "stalled": stall(30),
    "silent": hang(30),
}
"""What no store has words for."""

TRANSIENT = ("503", *BROKEN)
LASTING = ("500", "503", "denied", "expired", "reset request", "silent")


@dataclass(frozen=True)
class FaultyStore:
    """A store and the ways to it.

    Attributes:
        objects: A bucket there.
        proxy: What stands before the store, and fails as it is told.
        past: A provider that goes past the proxy.
        through: One that goes through it, does not wait for long, and tries again a few times.
        hurried: Makes one like that which tries once more at the most, for what fails for good.
        patient: One that goes through it and waits for as long as usual.
    """

    objects: Objects
    proxy: Proxy
    past: Provider
    through: Provider
    hurried: Callable[[], Provider]
    patient: Provider

    def uri(self, path: str) -> str:
        """Return the URI of a path in the bucket."""
        return self.objects.uri(path)

    def sound(self, path: str, format: str | None = None) -> Bucket:
        """Return a path in it, past the proxy."""
        return self.past.bucket(self.objects.name, path, format)

    def faulty(self, path: str, format: str | None = None) -> Bucket:
        """Return a path in it, through the proxy."""
        return self.through.bucket(self.objects.name, path, format)

    def impatient(self, path: str) -> Bucket:
        """Return a path in it, through the proxy, for what fails for good."""
        return self._hurried.bucket(self.objects.name, path)

    def slow(self, path: str) -> Bucket:
        """Return a path in it, through the proxy, without hurry."""
        return self.patient.bucket(self.objects.name, path)

    @cached_property
    def _hurried(self) -> Provider:
        return self.hurried()


class FaultsOnStores:
    """What holds on every store; a subclass binds `store`, and how that talks."""

    words: ClassVar[Words]

    @pytest.fixture(scope="class")
    @classmethod
    def watch(cls) -> Iterator[Watch]:
        """Whatever failed in these tests is looked at again when all have ended."""
        made = Watch()
        yield made
        time.sleep(SECONDS_OF_WATCH)
        assert made.changed() == []

    def fault(self, name: str) -> Fault:
        """Return what goes wrong."""
        return {**BROKEN, **self.words.refusals}[name]

    @pytest.mark.parametrize("fault", TRANSIENT)
    @pytest.mark.parametrize("size", ["one request", "parts"])
    def test_file_is_written_though_every_request_fails_once(
        self, store: FaultyStore, size: str, fault: str
    ) -> None:
        rows = SMALL if size == "one request" else big()
        store.sound("f.parquet").write(OLD)
        rule = store.proxy.on(self.fault(fault), when=first_time())

        store.faulty("f.parquet").write(rows)

        assert rule.played >= 1
        assert store.sound("f.parquet").read().equals(rows)

    @pytest.mark.parametrize("fault", ["503", "reset request", "dropped"])
    @pytest.mark.parametrize("mode", ["overwrite", "append"])
    def test_dataset_is_written_though_every_request_fails_once(
        self, store: FaultyStore, mode: WriteMode, fault: str
    ) -> None:
        store.sound("ds/").write(OLD, partition_by="k")
        rows = big()
        rule = store.proxy.on(self.fault(fault), when=first_time())

        store.faulty("ds/").write(rows, mode=mode, partition_by="k")

        expected = rows if mode == "overwrite" else pl.concat([rows, OLD])
        assert rule.played >= 4
        assert sorted_rows(store.sound("ds/")).equals(expected.sort("k", "n"))

    @pytest.mark.parametrize("fault", ["503", "reset request", "truncated", "dropped"])
    def test_run_succeeds_though_every_request_fails_once(
        self, store: FaultyStore, fault: str
    ) -> None:
        rows = big()
        store.sound("source.parquet").write(rows)
        store.sound("f.parquet").write(OLD)
        store.sound("ds/").write(OLD, partition_by="k")
        rule = store.proxy.on(self.fault(fault), when=first_time())

        fused.run(
            source=store.faulty("source.parquet"),
            file=store.faulty("f.parquet"),
            dataset=store.faulty("ds/"),
        )

        expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
        assert rule.played >= 8
        assert sorted_rows(store.sound("f.parquet")).equals(expected)
        assert sorted_rows(store.sound("ds/")).equals(expected)

    @pytest.mark.parametrize("fault", LASTING)
    @pytest.mark.parametrize("size", ["one request", "parts"])
    def test_file_that_can_not_be_written_stays_as_it_was(
        self, store: FaultyStore, watch: Watch, fault: str, size: str
    ) -> None:
        rows = SMALL if size == "one request" else big()
        store.sound("f.parquet").write(OLD)
        old = store.objects.bodies()
        store.proxy.on(self.fault(fault), **self.words.requests["write"])

        with pytest.raises(StorageError, match=store.uri("f.parquet")) as caught:
            store.impatient("f.parquet").write(rows)

        assert "out of specification" not in str(caught.value)
        assert store.objects.bodies() == old
        assert store.objects.left_behind() == []
        watch.seen.append((f"{size} {fault}", store.objects, old))

    @pytest.mark.parametrize(
        ("mode", "request_"),
        [
            *(("overwrite", name) for name in ("part", "complete", "put", "list")),
            *(("append", name) for name in ("part", "complete", "put")),
        ],
    )
    def test_dataset_that_can_not_be_written_stays_as_it_was(
        self, store: FaultyStore, watch: Watch, mode: WriteMode, request_: str
    ) -> None:
        store.sound("ds/").write(OLD, partition_by="k")
        old = store.objects.bodies()
        sent = 1 if request_ == "part" else 0
        store.proxy.on(self.fault("503"), **self.words.requests[request_], skip=sent)
        rows = SMALL if request_ == "put" else big().with_columns(k=0)

        with pytest.raises(StorageError, match=f"{store.uri('ds/')}.*{self.words.busy}"):
            store.impatient("ds/").write(rows, mode=mode, partition_by="k")

        assert store.objects.bodies() == old
        assert store.objects.left_behind() == []
        watch.seen.append((f"{request_} {mode}", store.objects, old))

    @pytest.mark.parametrize(
        ("fault", "raised"),
        [
            ("denied", AccessDeniedError),
            ("503", StorageError),
            ("reset request", StorageError),
        ],
    )
    def test_old_files_that_can_not_be_removed_are_left_to_the_next_write(
        self, store: FaultyStore, fault: str, raised: type[StorageError]
    ) -> None:
        store.sound("ds/").write(OLD, partition_by="k")
        old = store.objects.keys()
        refused = store.proxy.on(self.fault(fault), **self.words.requests["delete"])
        with pytest.raises(raised, match=store.uri("ds/")):
            store.impatient("ds/").write(SMALL)
        after = store.objects.keys()
        refused.times = 0

        store.impatient("ds/").write(SMALL)

        assert set(old) < set(after)
        assert sorted_rows(store.sound("ds/")).equals(SMALL)

    @pytest.mark.parametrize("fault", ["503", "reset response", "truncated", "dropped", "silent"])
    def test_dataset_is_looked_at_and_deleted_though_every_request_fails_once(
        self, store: FaultyStore, fault: str
    ) -> None:
        store.sound("ds/").write(SMALL, partition_by="k")
        keys = store.objects.keys()
        dataset, file = store.faulty("ds/"), store.faulty(keys[0])
        rule = store.proxy.on(self.fault(fault), when=first_time())

        seen = file.exists(), dataset.list()
        dataset.delete()

        assert seen == (True, keys)
        assert rule.played >= 3
        assert store.objects.keys() == []

    @pytest.mark.parametrize("mode", ["error", "ignore"])
    def test_write_that_may_replace_nothing_deletes_nothing_that_comes_late(
        self, store: FaultyStore, mode: WriteMode
    ) -> None:
        def after_the_look(exchange: Exchange) -> None:
            answer = exchange.forward()
            store.sound("ds/", "parquet").write(OLD, mode="append")
            exchange.send(answer)

        rule = store.proxy.on(after_the_look, **self.words.requests["list"], skip=1, times=1)

        store.faulty("ds/", "parquet").write(SMALL, mode=mode)

        assert rule.played == 1
        found = sorted_rows(store.sound("ds/", "parquet"))
        assert found.equals(pl.concat([SMALL, OLD]).sort("k", "n"))

    def test_failed_write_of_a_joint_query_keeps_its_sibling(
        self, store: FaultyStore, watch: Watch
    ) -> None:
        rows = big()
        store.sound("source.parquet").write(rows)
        store.sound("f.parquet").write(OLD)
        old = store.objects.bodies()
        store.proxy.on(self.fault("denied"), **self.words.requests["write"], path="f.parquet")

        with pytest.raises(RunError, match=f"{store.uri('f.parquet')} is denied") as caught:
            fused.run(
                source=store.impatient("source.parquet"),
                file=store.impatient("f.parquet"),
                dataset=store.impatient("ds/"),
            )

        assert list(caught.value.run.errors) == ["save"]
        expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
        assert sorted_rows(store.sound("ds/")).equals(expected)
        now = store.objects.bodies()
        assert {key: now[key] for key in old} == old
        assert store.objects.left_behind() == []
        watch.seen.append(("joint", store.objects, now))

    def test_write_that_takes_too_long_stays_undone(self, store: FaultyStore, watch: Watch) -> None:
        store.sound("f.parquet").write(OLD)
        old = store.objects.bodies()
        store.proxy.on(delay(0.9), **self.words.requests["part"])  # while the query goes on

        @task(timeout_seconds=0.5)
        def slow(bucket: Bucket) -> None:
            bucket.write(pl.concat([big()] * 20))

        @pipeline
        def run() -> None:
            slow(store.slow("f.parquet"))

        with pytest.raises(RunError, match=r"timeout_seconds=0\.5") as caught:
            run.run()

        assert isinstance(caught.value.run.errors["slow"], TaskTimeoutError)
        assert store.objects.bodies() == old
        assert left_behind_later(store.objects) == []
        watch.seen.append(("too long", store.objects, old))

    @pytest.mark.parametrize(
        ("path", "fault"),
        [
            *((path, fault) for path in ("f.parquet", "ds/") for fault in TRANSIENT),
            *(
                (path, fault)
                for path in TEXTS
                for fault in ("reset response", "truncated", "stalled")
            ),
        ],
    )
    def test_rows_are_read_though_every_request_fails_once(
        self, store: FaultyStore, path: str, fault: str
    ) -> None:
        rows = big()
        store.sound(path).write(rows)
        rule = store.proxy.on(self.fault(fault), when=first_time())

        found = store.faulty(path).read()

        assert rule.played >= 1
        assert found.equals(rows)

    @pytest.mark.parametrize(
        ("path", "fault"),
        [
            *(("f.parquet", fault) for fault in ("500", "expired", "stalled")),
            *(
                (path, fault)
                for path in ("f.parquet", *TEXTS)
                for fault in ("reset response", "truncated")
            ),
        ],
    )
    def test_rows_that_can_not_be_read_are_an_error_and_never_fewer(
        self, store: FaultyStore, path: str, fault: str
    ) -> None:
        store.sound(path).write(big())
        store.proxy.on(self.fault(fault), method="GET", path=path)

        with pytest.raises(StorageError, match=store.uri(path)):
            store.impatient(path).read()

    @pytest.mark.parametrize("fault", ["reset response", "truncated"])
    @pytest.mark.parametrize("skip", [1, 2])
    def test_source_that_breaks_off_leaves_the_target_as_it_was(
        self, store: FaultyStore, watch: Watch, fault: str, skip: int
    ) -> None:
        store.sound("source.parquet").write(big())
        store.sound("f.parquet").write(OLD)
        old = store.objects.bodies()
        store.proxy.on(self.fault(fault), method="GET", path="source", skip=skip)

        with pytest.raises(RunError, match=store.uri("")):
            fused.run(
                source=store.impatient("source.parquet"),
                file=store.impatient("f.parquet"),
                dataset=store.impatient("ds/"),
            )

        assert store.objects.bodies() == old
        assert store.objects.left_behind() == []
        watch.seen.append((f"source {skip}", store.objects, old))

    def test_file_is_opened_though_every_request_fails_once(self, store: FaultyStore) -> None:
        store.objects.put("f.bin", b"a few bytes")
        rule = store.proxy.on(self.fault("503"), when=first_time())

        with store.faulty("f.bin", "csv").open("rb") as file:
            found = file.read()

        assert rule.played >= 1
        assert found == b"a few bytes"


def left_behind_later(objects: Objects) -> list[str]:
    """Return what is left when the requests that are still under way have ended."""
    deadline = time.monotonic() + SECONDS_OF_REQUESTS
    while (left := objects.left_behind()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
