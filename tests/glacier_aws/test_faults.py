"""Whatever goes wrong between here and S3: success, or one clear error and the old data."""

import itertools
import time
from collections.abc import Iterator

import polars as pl
import pytest

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import AccessDeniedError, RunError, StorageError, TaskTimeoutError
from glacier.storage import WriteMode
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import AwsServer
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
from tests.stores.faults import (
    OLD,
    SMALL,
    TEXTS,
    Watch,
    big,
    first_time,
    fused,
    load,
    save,
    sorted_rows,
    tripled,
)

SECONDS_OF_WATCH = 2
READ_TIMEOUT_SECONDS = 0.5
SINKS = 18
"""More than there are threads that upload, and with more bytes than may be under way at once."""

TRANSIENT: dict[str, Fault] = {
    "500": error(500, "InternalError"),
    "503": error(503, "SlowDown"),
    "reset request": reset_request,
    "reset response": reset_response,
    "truncated": truncate,
    "dropped": drop,
    "stalled": stall(30),
    "silent": hang(30),
}
LASTING: dict[str, Fault] = {
    "500": error(500, "InternalError"),
    "503": error(503, "SlowDown"),
    "denied": error(403, "AccessDenied"),
    "expired": error(400, "ExpiredToken"),
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
    """Fewer tries than usual: there is less to wait for.

    A busy machine may fail a try of its own accord, since `READ_TIMEOUT_SECONDS` is short.
    """
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")


@pytest.fixture
def impatience(patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more try, where all of them fail."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")


@pytest.fixture
def objects(aws_server: AwsServer) -> Objects:
    return Objects(aws_server)


@pytest.fixture
def proxy(aws_server: AwsServer) -> Iterator[Proxy]:
    with Proxy(aws_server.endpoint) as made:
        yield made


@pytest.fixture
def faulty(aws_server: AwsServer, proxy: Proxy) -> Provider:
    """A provider behind the proxy."""
    return Provider(
        config=aws_server.config(
            endpoint_url=proxy.endpoint, read_timeout_seconds=READ_TIMEOUT_SECONDS
        )
    )


@pytest.fixture
def sound(aws_server: AwsServer) -> Provider:
    """A provider that goes to the server itself."""
    return Provider(config=aws_server.config())


@pytest.mark.parametrize(
    ("size", "fault"),
    [
        *(("one request", fault) for fault in TRANSIENT),
        *(("parts", fault) for fault in ("503", "reset request", "dropped")),
    ],
)
def test_file_is_written_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, size: str, fault: str
) -> None:
    """The runs below write parts under every fault."""
    rows = SMALL if size == "one request" else big()
    sound.bucket(objects.name, "f.parquet").write(OLD)
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    faulty.bucket(objects.name, "f.parquet").write(rows)

    assert rule.played >= 1
    assert sound.bucket(objects.name, "f.parquet").read().equals(rows)


@pytest.mark.parametrize("fault", ["503", "reset request", "dropped"])
@pytest.mark.parametrize("mode", ["overwrite", "append"])
def test_dataset_is_written_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, mode: WriteMode, fault: str
) -> None:
    sound.bucket(objects.name, "ds/").write(OLD, partition_by="k")
    rows = big()
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    faulty.bucket(objects.name, "ds/").write(rows, mode=mode, partition_by="k")

    expected = rows if mode == "overwrite" else pl.concat([rows, OLD])
    assert rule.played >= 4
    assert sorted_rows(sound.bucket(objects.name, "ds/")).equals(expected.sort("k", "n"))


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_run_succeeds_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, fault: Fault
) -> None:
    rows = big()
    sound.bucket(objects.name, "source.parquet").write(rows)
    sound.bucket(objects.name, "f.parquet").write(OLD)
    sound.bucket(objects.name, "ds/").write(OLD, partition_by="k")
    rule = proxy.on(fault, when=first_time())

    fused.run(
        source=faulty.bucket(objects.name, "source.parquet"),
        file=faulty.bucket(objects.name, "f.parquet"),
        dataset=faulty.bucket(objects.name, "ds/"),
    )

    expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
    assert rule.played >= 8
    assert sorted_rows(sound.bucket(objects.name, "f.parquet")).equals(expected)
    assert sorted_rows(sound.bucket(objects.name, "ds/")).equals(expected)


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING)
@pytest.mark.parametrize("size", ["one request", "parts"])
def test_file_that_can_not_be_written_stays_as_it_was(
    faulty: Provider,
    sound: Provider,
    proxy: Proxy,
    objects: Objects,
    watch: Watch,
    fault: Fault,
    size: str,
) -> None:
    rows = SMALL if size == "one request" else big()
    sound.bucket(objects.name, "f.parquet").write(OLD)
    old = objects.bodies()
    proxy.on(fault, method="PUT")

    with pytest.raises(StorageError, match=f"s3://{objects.name}/f.parquet") as caught:
        faulty.bucket(objects.name, "f.parquet").write(rows)

    assert "out of specification" not in str(caught.value)
    assert objects.bodies() == old
    assert objects.uploads() == []
    watch.seen.append((f"{size} {fault}", objects, old))


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize(
    ("mode", "request_"),
    [
        *(("overwrite", name) for name in ("begin", "part", "complete", "list")),
        *(("append", name) for name in ("begin", "part", "complete")),
    ],
)
def test_dataset_that_can_not_be_written_stays_as_it_was(
    faulty: Provider,
    sound: Provider,
    proxy: Proxy,
    objects: Objects,
    watch: Watch,
    mode: WriteMode,
    request_: str,
) -> None:
    sound.bucket(objects.name, "ds/").write(OLD, partition_by="k")
    old = objects.bodies()
    conditions = {
        "begin": {"method": "POST", "query": "^uploads"},
        "part": {"method": "PUT", "query": "partNumber=2"},
        "complete": {"method": "POST", "query": "^uploadId"},
        "list": {"method": "GET", "query": "list-type=2"},
    }
    proxy.on(error(503, "SlowDown"), **conditions[request_])

    with pytest.raises(StorageError, match=f"s3://{objects.name}/ds/.*SlowDown"):
        faulty.bucket(objects.name, "ds/").write(big(), mode=mode, partition_by="k")

    assert objects.bodies() == old
    assert objects.uploads() == []
    watch.seen.append((f"{request_} {mode}", objects, old))


def test_old_files_that_can_not_be_removed_are_left_to_the_next_write(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects
) -> None:
    sound.bucket(objects.name, "ds/").write(OLD)
    old = objects.keys()
    denied = proxy.on(error(403, "AccessDenied"), method="POST", query="^delete")
    with pytest.raises(AccessDeniedError):
        faulty.bucket(objects.name, "ds/").write(SMALL)
    after = objects.keys()
    denied.times = 0

    faulty.bucket(objects.name, "ds/").write(SMALL)

    assert set(old) < set(after)
    assert sorted_rows(sound.bucket(objects.name, "ds/")).equals(SMALL)


@pytest.mark.parametrize("mode", ["error", "ignore"])
def test_write_that_may_replace_nothing_deletes_nothing_that_comes_late(
    proxy: Proxy, faulty: Provider, sound: Provider, objects: Objects, mode: WriteMode
) -> None:
    def after_the_look(exchange: Exchange) -> None:
        answer = exchange.forward()
        sound.bucket(objects.name, "ds/", "parquet").write(OLD, mode="append")
        exchange.send(answer)

    rule = proxy.on(after_the_look, method="GET", query="list-type", skip=1, times=1)

    faulty.bucket(objects.name, "ds/", "parquet").write(SMALL, mode=mode)

    assert rule.played == 1
    found = sorted_rows(sound.bucket(objects.name, "ds/", "parquet"))
    assert found.equals(pl.concat([SMALL, OLD]).sort("k", "n"))


def test_failed_write_of_a_joint_query_keeps_its_sibling(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, watch: Watch
) -> None:
    rows = big()
    sound.bucket(objects.name, "source.parquet").write(rows)
    sound.bucket(objects.name, "f.parquet").write(OLD)
    old = objects.bodies()
    proxy.on(error(403, "AccessDenied"), method="PUT", path="f.parquet")

    with pytest.raises(RunError, match=f"s3://{objects.name}/f.parquet is denied") as caught:
        fused.run(
            source=faulty.bucket(objects.name, "source.parquet"),
            file=faulty.bucket(objects.name, "f.parquet"),
            dataset=faulty.bucket(objects.name, "ds/"),
        )

    assert list(caught.value.run.errors) == ["save"]
    expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
    assert sorted_rows(sound.bucket(objects.name, "ds/")).equals(expected)
    now = objects.bodies()
    assert {key: now[key] for key in old} == old
    assert objects.uploads() == []
    watch.seen.append(("joint", objects, now))


def test_write_that_takes_too_long_stays_undone(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, watch: Watch
) -> None:
    sound.bucket(objects.name, "f.parquet").write(OLD)
    old = objects.bodies()
    proxy.on(delay(0.9), query="partNumber")  # every part, and the query goes on meanwhile

    @task(timeout_seconds=0.5)
    def slow(bucket: Bucket) -> None:
        bucket.write(pl.concat([big()] * 20))

    @pipeline
    def run() -> None:
        slow(faulty.bucket(objects.name, "f.parquet"))

    with pytest.raises(RunError, match=r"timeout_seconds=0\.5") as caught:
        run.run()

    assert isinstance(caught.value.run.errors["slow"], TaskTimeoutError)
    assert objects.bodies() == old
    deadline = time.monotonic() + 20
    while objects.uploads() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert objects.uploads() == []
    watch.seen.append(("too long", objects, old))


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *((path, fault) for path in ("f.parquet", "ds/") for fault in TRANSIENT),
        *((path, fault) for path in TEXTS for fault in ("reset response", "truncated", "stalled")),
    ],
)
def test_rows_are_read_though_every_request_fails_once(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, path: str, fault: str
) -> None:
    rows = big()
    sound.bucket(objects.name, path).write(rows)
    rule = proxy.on(TRANSIENT[fault], when=first_time())

    found = faulty.bucket(objects.name, path).read()

    assert rule.played >= 1
    assert found.equals(rows)


@pytest.mark.usefixtures("impatience")
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
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, path: str, fault: str
) -> None:
    sound.bucket(objects.name, path).write(big())
    proxy.on({**TRANSIENT, **LASTING}[fault], method="GET", path=path)

    with pytest.raises(StorageError, match=f"s3://{objects.name}/{path}"):
        faulty.bucket(objects.name, path).read()


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("fault", [reset_response, truncate], ids=["reset", "truncated"])
@pytest.mark.parametrize("skip", [1, 2])
def test_source_that_breaks_off_leaves_the_target_as_it_was(
    faulty: Provider,
    sound: Provider,
    proxy: Proxy,
    objects: Objects,
    watch: Watch,
    fault: Fault,
    skip: int,
) -> None:
    sound.bucket(objects.name, "source.parquet").write(big())
    sound.bucket(objects.name, "f.parquet").write(OLD)
    old = objects.bodies()
    proxy.on(fault, method="GET", path="source", skip=skip)

    with pytest.raises(RunError, match=f"s3://{objects.name}/"):
        fused.run(
            source=faulty.bucket(objects.name, "source.parquet"),
            file=faulty.bucket(objects.name, "f.parquet"),
            dataset=faulty.bucket(objects.name, "ds/"),
        )

    assert objects.bodies() == old
    assert objects.uploads() == []
    watch.seen.append((f"source {skip}", objects, old))


def test_keys_that_expire_during_a_write_are_one_clear_error(
    faulty: Provider, sound: Provider, proxy: Proxy, objects: Objects, watch: Watch
) -> None:
    sound.bucket(objects.name, "f.parquet").write(OLD)
    old = objects.bodies()
    proxy.on(error(400, "ExpiredToken"), skip=2)  # an upload is begun, one part is sent

    with pytest.raises(StorageError, match=rf"s3://{objects.name}/f\.parquet") as caught:
        faulty.bucket(objects.name, "f.parquet").write(pl.concat([big()] * 3))

    assert "expired" in str(caught.value).lower()
    assert objects.bodies() == old
    watch.seen.append(("expired keys", objects, old))


def test_many_sinks_of_one_query_do_not_wait_for_one_another(
    aws_server: AwsServer, sound: Provider, proxy: Proxy, objects: Objects
) -> None:
    rows = big()
    sound.bucket(objects.name, "source.parquet").write(rows)
    proxy.on(delay(0.3), query="partNumber")
    slow = Provider(config=aws_server.config(endpoint_url=proxy.endpoint))
    source = slow.bucket(objects.name, "source.parquet")
    buckets = [slow.bucket(objects.name, f"out/{number}.parquet") for number in range(SINKS)]

    @pipeline(max_joint_sinks=SINKS)
    def spread() -> None:
        frame = tripled(load(source))
        for bucket in buckets:
            save(frame, bucket)

    spread.run()

    expected = rows.with_columns(pl.col("n") * 3).sort("k", "n")
    for bucket in itertools.islice(buckets, 0, SINKS, 8):
        assert sorted_rows(sound.bucket(objects.name, bucket.path)).equals(expected)
    assert len(objects.keys()) == SINKS + 1
