"""Uploads: nothing is visible before its commit, and what is visible is whole."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from typing import Any, cast

import pytest
from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, PreconditionFailed

from glacier import Provider
from glacier.errors import AccessDeniedError, StorageError
from glacier.uploads.stage import Uploads
from glacier.uploads.threads import THREADS
from glacier_gcp.answers import chain_of
from glacier_gcp.session import session_of
from glacier_gcp.storage.exclusive import ExclusiveGcsObject, UploadLostError
from glacier_gcp.storage.upload import GcsObject
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Exchange, Fault, Proxy, delay, drop, error, reset_request

MIB = 1024 * 1024
PART = 5 * MIB
TOKEN = "0123456789abcdef"
PATIENCE_SECONDS = 1
SESSION = {"method": "PUT", "query": "upload_id"}

Make = Callable[..., Uploads]


@pytest.fixture
def objects(gcp_server: GcpServer) -> Objects:
    return Objects(gcp_server)


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    with Proxy(gcp_server.endpoint) as made:
        yield made


@pytest.fixture
def make(gcp_server: GcpServer, proxy: Proxy, objects: Objects) -> Make:
    """Makes the uploads of a stage, through the proxy."""
    config = gcp_server.config(endpoint=proxy.endpoint, retry_timeout_seconds=PATIENCE_SECONDS)
    session = session_of(config)

    def uploads(
        root: str, *, is_exclusive: bool = False, token: str = TOKEN, **settings: Any
    ) -> Uploads:
        kind = ExclusiveGcsObject if is_exclusive else GcsObject
        return Uploads(
            root,
            lambda key: kind(session, objects.name, key, token),
            translate=Provider(config).bucket(objects.name, "ds/").adapter.translate,
            **{"part_bytes": PART, **settings},
        )

    return uploads


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def fill(uploads: Uploads, path: str, body: bytes, chunk: int = MIB) -> None:
    file = uploads.open(path)
    for start in range(0, len(body), chunk):
        file.write(body[start : start + chunk])


def ended(uploads: Uploads) -> bool:
    """Wait until all parts of the one file have ended; return whether they did."""
    return not wait(cast("Any", uploads._all()[0])._parts, timeout=20).not_done


def target_of(uploads: Uploads) -> Any:
    return cast("Any", uploads._all()[0])._target


both = pytest.mark.parametrize("is_exclusive", [False, True])


def test_small_file_is_one_request_at_its_commit(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    uploads = make("f.bin")
    fill(uploads, "", b"rows")
    before = len(proxy.requests)

    uploads.complete()

    assert before == 0
    assert [one.method for one in proxy.requests if objects.name in one.path] == ["PUT"]
    assert objects.bodies() == {"f.bin": b"rows"}


@both
def test_large_file_is_not_visible_before_its_commit(
    make: Make, objects: Objects, is_exclusive: bool
) -> None:
    body = content(2 * PART + 12345)
    uploads = make("f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", body)
    assert ended(uploads)
    before = objects.keys()

    uploads.complete()

    assert before == []
    assert objects.bodies() == {"f.bin": body}
    assert objects.uploads() == []


def test_large_file_replaces_what_was_there_at_its_commit(make: Make, objects: Objects) -> None:
    objects.put("f.bin", b"old")
    body = content(PART + 1)
    uploads = make("f.bin")
    fill(uploads, "", body)
    assert ended(uploads)
    before = objects.bodies()

    uploads.complete()

    assert before == {"f.bin": b"old"}
    assert objects.bodies() == {"f.bin": body}


@both
@pytest.mark.parametrize("part_bytes", [PART, PART + 1000])
@pytest.mark.parametrize("chunk", [1000 * 1000, PART, 3 * PART + 7])
def test_parts_are_whole_whatever_the_writes(
    make: Make, objects: Objects, is_exclusive: bool, part_bytes: int, chunk: int
) -> None:
    body = content(3 * PART)
    uploads = make("f.bin", is_exclusive=is_exclusive, part_bytes=part_bytes)

    fill(uploads, "", body, chunk)
    uploads.complete()

    assert objects.bodies() == {"f.bin": body}


@both
def test_file_without_bytes_is_an_empty_object(
    make: Make, objects: Objects, is_exclusive: bool
) -> None:
    uploads = make("f.bin", is_exclusive=is_exclusive)
    uploads.open("")

    uploads.complete()

    assert objects.bodies() == {"f.bin": b""}


@both
@pytest.mark.parametrize("size", [100, PART + 1])
def test_object_is_marked_by_its_stage(
    make: Make, objects: Objects, is_exclusive: bool, size: int
) -> None:
    uploads = make("f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", content(size))

    uploads.complete()

    blob = objects.client.bucket(objects.name).get_blob("f.bin")
    assert blob.metadata == {"glacier-stage": TOKEN}
    assert blob.content_type == "application/octet-stream"
    assert target_of(uploads).is_ours()


def test_other_objects_are_not_ours(make: Make, objects: Objects) -> None:
    uploads = make("f.bin")
    uploads.open("")
    missing = target_of(uploads).is_ours()

    objects.put("f.bin", b"of somebody else")

    assert not missing
    assert not target_of(uploads).is_ours()


def test_many_files_of_a_stage_share_its_memory(make: Make, objects: Objects) -> None:
    bodies = {f"{number}.bin": content(40_000, number) for number in range(100)}
    uploads = make("ds/", memory_bytes=MIB)
    files = {name: uploads.open(name) for name in bodies}

    for start in range(0, 40_000, 10_000):
        for name, file in files.items():
            file.write(bodies[name][start : start + 10_000])
    uploads.complete()

    assert objects.bodies() == {f"ds/{name}": body for name, body in bodies.items()}
    assert uploads.buffers.disk_bytes > 0


@both
def test_aborted_upload_leaves_nothing_and_takes_nothing(
    make: Make, objects: Objects, is_exclusive: bool
) -> None:
    uploads = make("f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", content(2 * PART + 1))

    uploads.abort()

    with pytest.raises(StorageError, match="given up"):
        uploads._all()[0].write(b"more")
    with pytest.raises(StorageError, match="given up"):
        uploads.open("other")
    with pytest.raises(StorageError, match="given up"):
        uploads.complete()
    assert ended(uploads)
    assert (objects.keys(), objects.uploads()) == ([], [])


@both
def test_abort_does_not_wait_for_parts_under_way_and_leaves_none(
    make: Make, proxy: Proxy, objects: Objects, is_exclusive: bool
) -> None:
    late = proxy.on(delay(1), method="PUT")
    uploads = make("f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", content(3 * PART))
    while late.played < (1 if is_exclusive else 3):
        time.sleep(0.01)

    started = time.monotonic()
    uploads.abort()
    seconds = time.monotonic() - started

    assert seconds < 0.9
    assert ended(uploads)
    assert (objects.keys(), objects.uploads()) == ([], [])
    assert "DELETE" in [one.method for one in proxy.requests]


@both
def test_abort_reaches_an_upload_that_is_just_being_begun(
    make: Make, proxy: Proxy, objects: Objects, is_exclusive: bool
) -> None:
    late = proxy.on(delay(1), method="POST", query="^uploads|resumable")
    uploads = make("f.bin", is_exclusive=is_exclusive)
    errors: list[BaseException] = []

    def write() -> None:
        try:
            fill(uploads, "", content(2 * PART))
        except StorageError as raised:
            errors.append(raised)

    writer = threading.Thread(target=write)
    writer.start()
    while not late.played:
        time.sleep(0.01)

    uploads.abort()
    writer.join(20)

    assert [str(one) for one in errors] == ["This write was given up."]
    assert (objects.keys(), objects.uploads()) == ([], [])
    assert [one.method for one in proxy.requests][-1] == "DELETE"


@both
def test_failed_part_ends_the_write_with_what_the_store_said(
    make: Make, proxy: Proxy, objects: Objects, is_exclusive: bool
) -> None:
    proxy.on(error(403, "AccessDenied"), method="PUT")
    uploads = make("f.bin", is_exclusive=is_exclusive)
    file = uploads.open("")

    file.write(bytes(PART))
    while uploads.error is None:
        time.sleep(0.01)  # the answer is on its way
    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        file.write(b"more")

    with pytest.raises(AccessDeniedError, match="AccessDenied"):
        uploads.complete()
    uploads.abort()
    assert (objects.keys(), objects.uploads()) == ([], [])


def test_part_that_fails_lets_those_end_that_wait_for_their_turn(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    proxy.on(delay(0.3), **SESSION, times=1)
    proxy.on(error(403, "AccessDenied"), **SESSION)
    uploads = make("f.bin", is_exclusive=True)

    fill(uploads, "", content(8 * PART), 8 * PART)
    while uploads.error is None:
        time.sleep(0.01)  # the answer is on its way

    assert ended(uploads)
    assert isinstance(uploads.error, AccessDeniedError)
    uploads.abort()
    assert objects.keys() == []


def test_more_streams_than_threads_come_to_their_ends(make: Make, objects: Objects) -> None:
    """Each part waits for the one before it, and all share few threads."""
    unit, count = 256 * 1024, THREADS + 4
    bodies = {f"{number}.bin": content(3 * unit + 7, number) for number in range(count)}
    uploads = {
        name: make(name, is_exclusive=True, part_bytes=unit, token=f"{number:016x}")
        for number, name in enumerate(bodies)
    }
    files = {name: one.open("") for name, one in uploads.items()}

    for start in range(0, 4 * unit, unit):
        for name, file in files.items():
            file.write(bodies[name][start : start + unit])
    for one in uploads.values():
        one.complete()

    assert objects.bodies() == bodies


@both
@pytest.mark.parametrize("size", [100, PART + 1])
@pytest.mark.parametrize("lost", [1, 2, None])
def test_commit_whose_answers_are_lost_is_a_success(
    make: Make, proxy: Proxy, objects: Objects, size: int, is_exclusive: bool, lost: int | None
) -> None:
    body = content(size)
    uploads = make("f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", body)
    assert size < PART or ended(uploads)
    if size > PART and not is_exclusive:
        rule = proxy.on(drop, method="POST", query="^uploadId", times=lost)
    else:
        rule = proxy.on(drop, method="PUT", times=lost)

    uploads.complete()

    assert rule.played >= 1
    assert objects.bodies() == {"f.bin": body}
    uploads.abort()
    assert objects.bodies() == {"f.bin": body}


@both
def test_parts_whose_answers_are_lost_are_sent_again(
    make: Make, proxy: Proxy, objects: Objects, is_exclusive: bool
) -> None:
    body = content(3 * PART + 5)
    uploads = make("f.bin", is_exclusive=is_exclusive)
    rule = proxy.on(drop, method="PUT", times=2)

    fill(uploads, "", body)
    uploads.complete()

    assert rule.played == 2
    assert objects.bodies() == {"f.bin": body}


@both
def test_lost_commit_is_not_taken_for_that_of_somebody_else(
    make: Make, proxy: Proxy, objects: Objects, is_exclusive: bool
) -> None:
    objects.put("f.bin", b"of somebody else")
    uploads = make("f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", b"rows")
    proxy.on(error(503, "SlowDown"), method="PUT")

    with pytest.raises(GoogleAPICallError, match="The rig says so"):
        uploads.complete()

    assert objects.bodies() == {"f.bin": b"of somebody else"}


@pytest.mark.parametrize("size", [100, PART + 1])
def test_exclusive_commit_leaves_what_somebody_else_wrote(
    make: Make, objects: Objects, size: int
) -> None:
    uploads = make("f.bin", is_exclusive=True)
    fill(uploads, "", content(size))
    objects.put("f.bin", b"of somebody else")

    with pytest.raises(PreconditionFailed):
        uploads.complete()

    uploads.abort()
    assert objects.bodies() == {"f.bin": b"of somebody else"}


def test_exclusive_upload_of_what_is_there_already_is_refused_at_its_commit(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    """Not before, since only then it is known what the mode of the write makes of it."""
    objects.put("f.bin", b"of somebody else")
    uploads = make("f.bin", is_exclusive=True)

    fill(uploads, "", content(2 * PART))
    assert ended(uploads)
    with pytest.raises(PreconditionFailed):
        uploads.complete()

    uploads.abort()
    assert [one.method for one in proxy.requests].count("PUT") == 0
    assert objects.bodies() == {"f.bin": b"of somebody else"}


def test_racing_exclusive_writers_leave_one_of_their_files_whole(
    make: Make, objects: Objects
) -> None:
    bodies = [content(PART + 1, seed) for seed in range(4)]
    racing = [make("f.bin", is_exclusive=True, token=f"{seed:016x}") for seed in range(4)]
    for uploads, body in zip(racing, bodies, strict=True):
        fill(uploads, "", body)
    outcomes: list[BaseException | None] = [None] * len(racing)

    def complete(number: int) -> None:
        try:
            racing[number].complete()
        except PreconditionFailed as refused:
            outcomes[number] = refused

    threads = [threading.Thread(target=complete, args=(number,)) for number in range(len(racing))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won = [body for body, outcome in zip(bodies, outcomes, strict=True) if outcome is None]
    assert [objects.bodies()["f.bin"]] == won


def test_upload_that_somebody_aborted_is_an_error(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    objects.put("f.bin", b"old")
    uploads = make("f.bin")
    fill(uploads, "", content(PART + 1))
    assert ended(uploads)
    target_of(uploads).abort()

    with pytest.raises(NotFound, match="requested upload was not found"):
        uploads.complete()

    uploads.abort()
    assert objects.bodies() == {"f.bin": b"old"}


@pytest.mark.parametrize("status", [404, 410, 499])
def test_resumable_upload_that_google_has_dropped_is_an_error(
    make: Make, proxy: Proxy, objects: Objects, status: int
) -> None:
    uploads = make("f.bin", is_exclusive=True)
    fill(uploads, "", content(PART))
    assert ended(uploads)
    proxy.on(error(status, "Gone"), **SESSION)

    with pytest.raises(UploadLostError, match=f"has dropped the upload.*{status}.*Write it again"):
        uploads.complete()

    assert objects.keys() == []


def keep_half(exchange: Exchange) -> None:
    """Have the server take half of a stream's first bytes, as Google may."""
    body = exchange.read()[: PART // 2]
    headers = exchange._handler.headers
    del headers["Content-Length"], headers["Content-Range"]
    headers["Content-Length"] = str(len(body))
    headers["Content-Range"] = f"bytes 0-{len(body) - 1}/*"
    exchange.send(exchange._handler.ask_server(body))


def test_bytes_that_google_has_not_taken_are_sent_again(
    make: Make, gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    body = content(2 * PART + 77)
    uploads = make("f.bin", is_exclusive=True)
    proxy.on(keep_half, **SESSION, times=1)
    gcp_server.requests(forget=True)

    fill(uploads, "", body)
    uploads.complete()

    asked = gcp_server.requests()
    ranges = [one["content_range"] for one in asked if "upload_id" in one["query"]]
    half = PART // 2
    assert ranges[:2] == [f"bytes 0-{half - 1}/*", f"bytes {half}-{PART - 1}/*"]
    assert objects.bodies() == {"f.bin": body}


def test_stream_goes_on_from_what_google_has_where_an_answer_is_lost(
    make: Make, gcp_server: GcpServer, proxy: Proxy, objects: Objects
) -> None:
    body = content(2 * PART)
    uploads = make("f.bin", is_exclusive=True)
    proxy.on(drop, **SESSION, times=1)
    gcp_server.requests(forget=True)

    fill(uploads, "", body)
    uploads.complete()

    asked = gcp_server.requests()
    ranges = [one["content_range"] for one in asked if "upload_id" in one["query"]]
    assert ranges == [
        f"bytes 0-{PART - 1}/*",
        "bytes */*",
        f"bytes {PART}-{2 * PART - 1}/*",
        f"bytes */{2 * PART}",
    ]
    assert objects.bodies() == {"f.bin": body}


def damage(exchange: Exchange) -> None:
    """Pass a request on with one byte of it changed."""
    body = bytearray(exchange.read())
    body[-1] ^= 1
    exchange.send(exchange._handler.ask_server(bytes(body)))


@pytest.mark.parametrize("size", [100, PART + 1])
@both
def test_bytes_that_arrive_damaged_are_sent_again_or_refused(
    make: Make, proxy: Proxy, objects: Objects, size: int, is_exclusive: bool
) -> None:
    body = content(size)
    uploads = make("f.bin", is_exclusive=is_exclusive)
    rule = proxy.on(damage, method="PUT", times=1)

    fill(uploads, "", body)
    if is_exclusive and size > PART:  # what a stream has taken can't be taken back
        with pytest.raises(GoogleAPICallError, match="CRC32C"):
            uploads.complete()
        uploads.abort()
    else:
        uploads.complete()

    assert rule.played == 1
    assert objects.bodies() == ({} if is_exclusive and size > PART else {"f.bin": body})


@pytest.mark.parametrize(
    "fault", [reset_request, error(503, "SlowDown"), error(410, "Gone"), error(403, "No")]
)
def test_address_of_a_resumable_upload_is_in_no_error(
    make: Make, proxy: Proxy, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    uploads = make("f.bin", is_exclusive=True)
    fill(uploads, "", content(PART))
    assert ended(uploads)
    address = target_of(uploads)._address.partition("upload_id=")[2]
    proxy.on(fault, **SESSION)

    with pytest.raises(ExclusiveGcsObject.failures) as caught:
        uploads.complete()

    errors = list(chain_of(caught.value))
    assert len(address) > 20
    assert address not in " ".join(f"{one} {one!r}" for one in errors)


def test_file_that_fails_at_its_commit_keeps_the_others_from_beginning(
    make: Make, proxy: Proxy, objects: Objects
) -> None:
    proxy.on(error(403, "AccessDenied"), method="PUT", path=r"/000\.bin")
    uploads = make("ds/")
    for number in range(200):
        fill(uploads, f"{number:03}.bin", b"rows")

    with pytest.raises(Forbidden):
        uploads.complete()

    uploads.abort()
    assert len(objects.keys()) < 150
