"""Whatever goes wrong between here and Azure: success, or one clear error and the old data."""

import time
from collections.abc import Iterator

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import RunError, StorageError, TaskTimeoutError
from glacier.storage import WriteMode
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
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
from tests.stores.faults import OLD, SMALL, TEXTS, Watch, big, first_time, fused, sorted_rows

SECONDS_OF_WATCH = 2
READ_TIMEOUT_SECONDS = 0.8

TRANSIENT: dict[str, Fault] = {
    "500": error(500, "InternalError"),
    "503": error(503, "ServerBusy"),
    "reset request": reset_request,
    "reset response": reset_response,
    "truncated": truncate,
    "dropped": drop,
    "stalled": stall(30),
    "silent": hang(30),
}
LASTING: dict[str, Fault] = {
    "500": error(500, "InternalError"),
    "503": error(503, "ServerBusy"),
    "denied": error(403, "AuthorizationPermissionMismatch"),
    "expired": error(403, "AuthenticationFailed"),
    "reset request": reset_request,
    "silent": hang(30),
}


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    """Whatever failed in the tests of this module is looked at again when all have ended."""
    made = Watch()
    yield made
    time.sleep(SECONDS_OF_WATCH)
    assert made.changed() == []


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter pauses of Polars than usual: there is less to wait for."""
    monkeypatch.setenv("POLARS_CLOUD_MAX_RETRIES", "3")
    monkeypatch.setenv("POLARS_CLOUD_RETRY_INIT_BACKOFF_MS", "10")
    monkeypatch.setenv("POLARS_CLOUD_RETRY_MAX_BACKOFF_MS", "50")


@pytest.fixture
def blobs(azurite: Azurite) -> Blobs:
    return Blobs(azurite)


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[Proxy]:
    with Proxy(azurite.endpoint) as made:
        yield made


@pytest.fixture
def faulty(azurite: Azurite, proxy: Proxy) -> Provider:
    """A provider behind the proxy."""
    return Provider(
        config=azurite.config(
            endpoint=proxy.endpoint, read_timeout_seconds=READ_TIMEOUT_SECONDS, max_retries=2
        )
    )


@pytest.fixture
def impatient(azurite: Azurite, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """One that tries once more only, for what fails for good."""
    monkeypatch.setenv("POLARS_CLOUD_MAX_RETRIES", "1")
    return Provider(
        config=azurite.config(
            endpoint=proxy.endpoint, read_timeout_seconds=READ_TIMEOUT_SECONDS, max_retries=1
        )
    )


@pytest.fixture
def sound(azurite: Azurite) -> Provider:
    """A provider that goes to the server itself."""
    return Provider(config=azurite.config())


@pytest.mark.parametrize(
    ("size", "fault"),
    [
        *(("one request", fault) for fault in TRANSIENT),
        *(("blocks", fault) for fault in ("503", "reset request", "dropped")),
    ],
)
def test_file_is_written_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, size: str, fault: str
) -> None:
    """The runs below write blocks under every fault."""
    rows = SMALL if size == "one request" else big()
    sound.bucket(blobs.name, "f.parquet").write(OLD)
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    faulty.bucket(blobs.name, "f.parquet").write(rows)

    assert rule.played >= 1
    assert sound.bucket(blobs.name, "f.parquet").read().equals(rows)


@pytest.mark.parametrize("fault", ["503", "dropped"])
def test_rows_are_appended_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, fault: str
) -> None:
    sound.bucket(blobs.name, "ds/").write(OLD, partition_by="k")
    rows = big()
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    faulty.bucket(blobs.name, "ds/").write(rows, mode="append", partition_by="k")

    assert rule.played >= 4
    expected = pl.concat([rows, OLD]).sort("k", "n")
    assert sorted_rows(sound.bucket(blobs.name, "ds/")).equals(expected)


@pytest.mark.parametrize("fault", ["503", "reset request", "truncated", "dropped"])
def test_run_succeeds_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, fault: str
) -> None:
    rows = big()
    sound.bucket(blobs.name, "source.parquet").write(rows)
    sound.bucket(blobs.name, "f.parquet").write(OLD)
    sound.bucket(blobs.name, "ds/").write(OLD, partition_by="k")
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    fused.run(
        source=faulty.bucket(blobs.name, "source.parquet"),
        file=faulty.bucket(blobs.name, "f.parquet"),
        dataset=faulty.bucket(blobs.name, "ds/"),
    )

    expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
    assert rule.played >= 8
    assert sorted_rows(sound.bucket(blobs.name, "f.parquet")).equals(expected)
    assert sorted_rows(sound.bucket(blobs.name, "ds/")).equals(expected)


@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING)
@pytest.mark.parametrize("size", ["one request", "blocks"])
def test_file_that_can_not_be_written_stays_as_it_was(
    impatient: Provider,
    sound: Provider,
    proxy: Proxy,
    blobs: Blobs,
    watch: Watch,
    fault: Fault,
    size: str,
) -> None:
    rows = SMALL if size == "one request" else big()
    sound.bucket(blobs.name, "f.parquet").write(OLD)
    old = blobs.bodies()
    proxy.on(fault, method="PUT")

    with pytest.raises(StorageError, match=blobs.uri("f.parquet")) as caught:
        impatient.bucket(blobs.name, "f.parquet").write(rows)

    assert "out of specification" not in str(caught.value)
    assert blobs.bodies() == old
    watch.seen.append((f"{size} {fault}", blobs, old))


@pytest.mark.parametrize(
    ("mode", "request_"),
    [
        *(("overwrite", name) for name in ("block", "commit", "put", "list")),
        *(("append", name) for name in ("block", "commit", "put")),
    ],
)
def test_dataset_that_can_not_be_written_stays_as_it_was(
    impatient: Provider,
    sound: Provider,
    proxy: Proxy,
    blobs: Blobs,
    watch: Watch,
    mode: WriteMode,
    request_: str,
) -> None:
    sound.bucket(blobs.name, "ds/").write(OLD, partition_by="k")
    old = blobs.bodies()
    conditions = {
        "block": {"method": "PUT", "query": "comp=block&"},
        "commit": {"method": "PUT", "query": "comp=blocklist"},
        "put": {"method": "PUT", "query": "^$"},
        "list": {"method": "GET", "query": "comp=list"},
    }
    proxy.on(error(503, "ServerBusy"), **conditions[request_])
    rows = SMALL if request_ == "put" else big().with_columns(k=0)

    with pytest.raises(StorageError, match=f"{blobs.uri('ds/')}.*ServerBusy"):
        impatient.bucket(blobs.name, "ds/").write(rows, mode=mode, partition_by="k")

    assert blobs.bodies() == old
    watch.seen.append((f"{request_} {mode}", blobs, old))


@pytest.mark.parametrize(
    "fault",
    [error(403, "AuthorizationPermissionMismatch"), error(503, "ServerBusy"), reset_request],
    ids=["denied", "503", "reset request"],
)
def test_old_files_that_can_not_be_removed_are_left_to_the_next_write(
    impatient: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, fault: Fault
) -> None:
    sound.bucket(blobs.name, "ds/").write(OLD, partition_by="k")
    old = blobs.keys()
    refused = proxy.on(fault, method="POST", query="comp=batch")
    with pytest.raises(StorageError, match=blobs.uri("ds/")):
        impatient.bucket(blobs.name, "ds/").write(SMALL)
    after = blobs.keys()
    refused.times = 0

    impatient.bucket(blobs.name, "ds/").write(SMALL)

    assert set(old) < set(after)
    assert sorted_rows(sound.bucket(blobs.name, "ds/")).equals(SMALL)


@pytest.mark.parametrize("fault", ["503", "reset response", "truncated", "dropped", "silent"])
def test_dataset_is_looked_at_and_deleted_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, fault: str
) -> None:
    sound.bucket(blobs.name, "ds/").write(SMALL, partition_by="k")
    keys = blobs.keys()
    dataset, file = faulty.bucket(blobs.name, "ds/"), faulty.bucket(blobs.name, keys[0])
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    seen = file.exists(), dataset.list()
    dataset.delete()

    assert seen == (True, keys)
    assert rule.played == 3
    assert blobs.keys() == []


@pytest.mark.parametrize("mode", ["error", "ignore"])
def test_write_that_may_replace_nothing_deletes_nothing_that_comes_late(
    proxy: Proxy, faulty: Provider, sound: Provider, blobs: Blobs, mode: WriteMode
) -> None:
    def after_the_look(exchange: Exchange) -> None:
        answer = exchange.forward()
        sound.bucket(blobs.name, "ds/", "parquet").write(OLD, mode="append")
        exchange.send(answer)

    rule = proxy.on(after_the_look, method="GET", query="comp=list", skip=1, times=1)

    faulty.bucket(blobs.name, "ds/", "parquet").write(SMALL, mode=mode)

    assert rule.played == 1
    found = sorted_rows(sound.bucket(blobs.name, "ds/", "parquet"))
    assert found.equals(pl.concat([SMALL, OLD]).sort("k", "n"))


def test_failed_write_of_a_joint_query_keeps_its_sibling(
    impatient: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, watch: Watch
) -> None:
    rows = big()
    sound.bucket(blobs.name, "source.parquet").write(rows)
    sound.bucket(blobs.name, "f.parquet").write(OLD)
    old = blobs.bodies()
    proxy.on(error(403, "AuthorizationPermissionMismatch"), method="PUT", path="f.parquet")

    with pytest.raises(RunError, match=blobs.uri("f.parquet")) as caught:
        fused.run(
            source=impatient.bucket(blobs.name, "source.parquet"),
            file=impatient.bucket(blobs.name, "f.parquet"),
            dataset=impatient.bucket(blobs.name, "ds/"),
        )

    assert list(caught.value.run.errors) == ["save"]
    expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
    assert sorted_rows(sound.bucket(blobs.name, "ds/")).equals(expected)
    now = blobs.bodies()
    assert {key: now[key] for key in old} == old
    watch.seen.append(("joint", blobs, now))


def test_write_that_takes_too_long_stays_undone(
    azurite: Azurite, sound: Provider, proxy: Proxy, blobs: Blobs, watch: Watch
) -> None:
    sound.bucket(blobs.name, "f.parquet").write(OLD)
    old = blobs.bodies()
    proxy.on(delay(0.9), query="comp=block&")  # every block, and the query goes on meanwhile
    provider = Provider(config=azurite.config(endpoint=proxy.endpoint))

    @task(timeout_seconds=0.5)
    def slow(bucket: Bucket) -> None:
        bucket.write(pl.concat([big()] * 20))

    @pipeline
    def run() -> None:
        slow(provider.bucket(blobs.name, "f.parquet"))

    with pytest.raises(RunError, match=r"timeout_seconds=0\.5") as caught:
        run.run()

    assert isinstance(caught.value.run.errors["slow"], TaskTimeoutError)
    assert blobs.bodies() == old
    watch.seen.append(("too long", blobs, old))


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *(("f.parquet", fault) for fault in TRANSIENT),
        *(("ds/", fault) for fault in ("503", "truncated", "dropped")),
        *((path, fault) for path in TEXTS for fault in ("reset response", "truncated")),
    ],
)
def test_rows_are_read_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, path: str, fault: str
) -> None:
    rows = big()
    sound.bucket(blobs.name, path).write(rows)
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    found = faulty.bucket(blobs.name, path).read()

    assert rule.played >= 1
    assert found.equals(rows)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *(("f.parquet", fault) for fault in ("500", "expired", "stalled", "reset response")),
        *((path, "truncated") for path in ("f.parquet", *TEXTS)),
    ],
)
def test_rows_that_can_not_be_read_are_an_error_and_never_fewer(
    impatient: Provider, sound: Provider, proxy: Proxy, blobs: Blobs, path: str, fault: str
) -> None:
    sound.bucket(blobs.name, path).write(big())
    proxy.on({**TRANSIENT, **LASTING}[fault], method="GET", path=path)

    with pytest.raises(StorageError, match=blobs.uri(path)):
        impatient.bucket(blobs.name, path).read()


@pytest.mark.parametrize(
    ("fault", "skip"), [(reset_response, 1), (truncate, 2)], ids=["reset", "truncated"]
)
def test_source_that_breaks_off_leaves_the_target_as_it_was(
    impatient: Provider,
    sound: Provider,
    proxy: Proxy,
    blobs: Blobs,
    watch: Watch,
    fault: Fault,
    skip: int,
) -> None:
    sound.bucket(blobs.name, "source.parquet").write(big())
    sound.bucket(blobs.name, "f.parquet").write(OLD)
    old = blobs.bodies()
    proxy.on(fault, method="GET", path="source", skip=skip)

    with pytest.raises(RunError, match=blobs.uri("")):
        fused.run(
            source=impatient.bucket(blobs.name, "source.parquet"),
            file=impatient.bucket(blobs.name, "f.parquet"),
            dataset=impatient.bucket(blobs.name, "ds/"),
        )

    assert blobs.bodies() == old
    watch.seen.append((f"source {skip}", blobs, old))


def test_file_is_opened_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, blobs: Blobs
) -> None:
    blobs.put("f.bin", b"a few bytes")
    rule = proxy.on(TRANSIENT["503"], when=first_time())

    with faulty.bucket(blobs.name, "f.bin", "csv").open("rb") as file:
        found = file.read()

    assert rule.played >= 1
    assert found == b"a few bytes"
