"""Uploads: nothing is visible before its commit, and what is visible is whole."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from glacier import Provider
from glacier.errors import StorageError, WriteError
from glacier.uploads.stage import Uploads
from glacier_azure.session import session_of
from glacier_azure.storage.upload import STAGE_METADATA, BlockBlob
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.proxy import Proxy, delay, drop, error

MIB = 1024 * 1024
PART = MIB
TOKEN = "0123456789abcdef"
OTHER_TOKEN = "fedcba9876543210"
REFUSED = (HttpResponseError, StorageError)
"""What Azure says, in the SDK's words or in Glacier's."""


@pytest.fixture
def blobs(azurite: Azurite) -> Blobs:
    return Blobs(azurite)


@pytest.fixture
def proxy(azurite: Azurite) -> Iterator[Proxy]:
    with Proxy(azurite.endpoint) as made:
        yield made


@pytest.fixture
def make(azurite: Azurite, proxy: Proxy, blobs: Blobs) -> Callable[..., Uploads]:
    """Makes the uploads of a stage, through the proxy."""
    config = azurite.config(endpoint=proxy.endpoint, max_retries=1)
    container = session_of(config).blobs.get_container_client(blobs.name)

    def uploads(token: str = TOKEN, *, is_exclusive: bool = False, **settings: Any) -> Uploads:
        def begin(key: str) -> BlockBlob:
            client, uri = container.get_blob_client(key), blobs.uri(key)
            return BlockBlob(client, uri, token, None, is_exclusive=is_exclusive)

        return Uploads(
            begin=begin,
            translate=Provider(config).bucket(blobs.name, "ds/").adapter.translate,
            **{"part_bytes": PART, **settings},
        )

    return uploads


Make = Callable[..., Uploads]


def content(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def fill(uploads: Uploads, path: str, body: bytes, chunk: int = MIB) -> None:
    file = uploads.open(path)
    for start in range(0, len(body), chunk):
        file.write(body[start : start + chunk])


def asked(proxy: Proxy) -> list[tuple[str, str]]:
    """Return method and operation of all requests."""
    return [(one.method, one.query.partition("&")[0]) for one in proxy.requests]


def ended(uploads: Uploads) -> bool:
    """Wait until all blocks have ended; return whether they did."""
    (upload,) = uploads._all()
    return not wait(upload._parts, timeout=20).not_done


def test_small_file_is_one_request_at_its_commit(make: Make, proxy: Proxy, blobs: Blobs) -> None:
    uploads = make(root="f.bin")
    fill(uploads, "", b"rows")
    before = asked(proxy)

    uploads.complete()

    assert before == []
    assert asked(proxy) == [("PUT", "")]
    assert blobs.bodies() == {"f.bin": b"rows"}


def test_large_file_is_not_visible_before_its_commit(make: Make, blobs: Blobs) -> None:
    blobs.put("f.bin", b"old")
    body = content(2 * PART + 12345)
    uploads = make(root="f.bin")
    fill(uploads, "", body)
    ended(uploads)
    before, sent = blobs.bodies(), blobs.blocks("f.bin")

    uploads.complete()

    assert before == {"f.bin": b"old"}
    assert [size for _, size in sent] == [PART, PART]
    assert blobs.bodies() == {"f.bin": body}
    assert blobs.blocks("f.bin") == []


def test_new_file_is_not_there_before_its_commit(make: Make, blobs: Blobs) -> None:
    uploads = make(root="f.bin")
    fill(uploads, "", content(2 * PART))
    ended(uploads)

    before = blobs.keys()
    uploads.complete()

    assert before == []
    assert blobs.keys() == ["f.bin"]


def test_blocks_are_in_order_whatever_the_order_of_their_arrival(
    make: Make, proxy: Proxy, blobs: Blobs
) -> None:
    late = proxy.on(delay(0.3), query="comp=block&", times=1)
    body = content(5 * PART + 1)
    uploads = make(root="f.bin")
    fill(uploads, "", body)

    uploads.complete()

    assert late.played == 1
    assert blobs.bodies() == {"f.bin": body}


@pytest.mark.parametrize("chunk", [100_000, PART, 3 * PART + 7])
def test_blocks_are_whole_whatever_the_writes(
    make: Make, proxy: Proxy, blobs: Blobs, chunk: int
) -> None:
    body = content(3 * PART)
    uploads = make(root="f.bin")

    fill(uploads, "", body, chunk)
    uploads.complete()

    assert blobs.bodies() == {"f.bin": body}
    assert asked(proxy) == [("PUT", "comp=block")] * 3 + [("PUT", "comp=blocklist")]


def test_file_without_bytes_is_an_empty_blob(make: Make, blobs: Blobs) -> None:
    uploads = make(root="f.bin")
    uploads.open("")

    uploads.complete()

    assert blobs.bodies() == {"f.bin": b""}


def test_blob_is_marked_by_its_stage(make: Make, blobs: Blobs) -> None:
    uploads = make(root="ds/")
    fill(uploads, "small.bin", b"rows")
    fill(uploads, "large.bin", content(PART + 1))

    uploads.complete()

    found = {blob.name: blob.metadata for blob in blobs.client.list_blobs(include="metadata")}
    mark = {STAGE_METADATA: TOKEN}
    assert found == {"ds/small.bin": mark, "ds/large.bin": mark}


def test_aborted_upload_shows_nothing_and_takes_nothing(make: Make, blobs: Blobs) -> None:
    blobs.put("f.bin", b"old")
    uploads = make(root="f.bin")
    fill(uploads, "", content(2 * PART + 1))

    uploads.abort()

    with pytest.raises(StorageError, match="given up"):
        uploads._all()[0].write(b"more")
    with pytest.raises(StorageError, match="given up"):
        uploads.open("other")
    with pytest.raises(StorageError, match="given up"):
        uploads.complete()
    assert ended(uploads)
    assert blobs.bodies() == {"f.bin": b"old"}


def test_abort_does_not_wait_for_blocks_under_way(make: Make, proxy: Proxy, blobs: Blobs) -> None:
    late = proxy.on(delay(1), query="comp=block&")
    uploads = make(root="f.bin")
    fill(uploads, "", content(3 * PART))
    while late.played < 3:
        time.sleep(0.01)

    started = time.monotonic()
    uploads.abort()
    seconds = time.monotonic() - started

    assert seconds < 0.9
    assert ended(uploads)
    assert blobs.keys() == []


def test_writer_in_the_background_ends_with_the_abort(make: Make, blobs: Blobs) -> None:
    uploads = make(root="f.bin")
    file, errors, began = uploads.open(""), [], threading.Event()

    def write() -> None:
        try:
            while True:
                file.write(bytes(PART))
                began.set()
        except StorageError as raised:
            errors.append(str(raised))

    writer = threading.Thread(target=write)
    writer.start()
    began.wait(20)

    uploads.abort()
    writer.join(20)

    assert errors == ["This write was given up."]
    assert blobs.keys() == []


def test_write_after_an_aborted_one_is_whole(make: Make, blobs: Blobs) -> None:
    given_up = make(root="f.bin")
    fill(given_up, "", content(2 * PART, seed=1))
    given_up.abort()
    ended(given_up)
    body = content(3 * PART, seed=2)

    uploads = make(root="f.bin", token=OTHER_TOKEN)
    fill(uploads, "", body)
    uploads.complete()

    assert blobs.bodies() == {"f.bin": body}
    assert blobs.blocks("f.bin") == []


def test_failed_block_ends_the_write_with_what_the_store_said(
    make: Make, proxy: Proxy, blobs: Blobs
) -> None:
    proxy.on(error(403, "AuthorizationFailure"), query="comp=block&")
    uploads = make(root="f.bin")
    file = uploads.open("")

    file.write(bytes(PART))
    while uploads.error is None:
        time.sleep(0.01)  # the answer is on its way
    with pytest.raises(REFUSED, match="AuthorizationFailure"):
        file.write(b"more")

    with pytest.raises(REFUSED, match="AuthorizationFailure"):
        uploads.complete()
    uploads.abort()
    assert ended(uploads)
    assert blobs.keys() == []


@pytest.mark.parametrize("is_exclusive", [False, True])
@pytest.mark.parametrize("size", [100, PART + 1])
@pytest.mark.parametrize("lost", [1, None])
def test_commit_whose_answers_are_lost_is_a_success(
    make: Make, proxy: Proxy, blobs: Blobs, size: int, is_exclusive: bool, lost: int | None
) -> None:
    body = content(size)
    uploads = make(root="f.bin", is_exclusive=is_exclusive)
    fill(uploads, "", body)
    rule = proxy.on(drop, method="PUT", query="comp=blocklist|^$", times=lost)

    uploads.complete()

    assert rule.played >= 1
    assert blobs.bodies() == {"f.bin": body}
    uploads.abort()
    assert blobs.bodies() == {"f.bin": body}


def test_blocks_whose_answers_are_lost_are_sent_again(
    make: Make, proxy: Proxy, blobs: Blobs
) -> None:
    body = content(2 * PART + 1)
    rule = proxy.on(drop, query="comp=block&", times=2)
    uploads = make(root="f.bin")

    fill(uploads, "", body)
    uploads.complete()

    assert rule.played == 2
    assert blobs.bodies() == {"f.bin": body}


@pytest.mark.parametrize("size", [100, PART + 1])
def test_lost_commit_is_not_taken_for_that_of_somebody_else(
    make: Make, proxy: Proxy, blobs: Blobs, size: int
) -> None:
    blobs.put("f.bin", b"of somebody else")
    uploads = make(root="f.bin")
    fill(uploads, "", content(size))
    proxy.on(error(503, "ServerBusy"), method="PUT")

    with pytest.raises(REFUSED, match="ServerBusy"):
        uploads.complete()

    assert blobs.bodies() == {"f.bin": b"of somebody else"}


@pytest.mark.parametrize("size", [100, PART + 1])
def test_exclusive_commit_leaves_what_somebody_else_wrote(
    make: Make, blobs: Blobs, size: int
) -> None:
    uploads = make(root="f.bin", is_exclusive=True)
    fill(uploads, "", content(size))
    blobs.put("f.bin", b"of somebody else")

    with pytest.raises(ResourceExistsError, match="BlobAlreadyExists"):
        uploads.complete()

    uploads.abort()
    assert blobs.bodies() == {"f.bin": b"of somebody else"}


@pytest.mark.parametrize(
    "left",
    [b"12345678", b"\xff" * 9, b"k" * 16, b"\x00\xff" * 24, b"YWJj" * 16],
    ids=["8 of text", "9", "16 of text", "48", "64 of base64"],
)
def test_blocks_that_another_tool_has_left_are_in_nobodys_way(
    make: Make, blobs: Blobs, left: bytes
) -> None:
    """Azure wants ids of one length from all uncommitted blocks of a blob."""
    blobs.stage("f.bin", left, b"left")
    body = content(5 * PART + 1)
    uploads = make(root="f.bin")

    fill(uploads, "", body)
    uploads.complete()

    assert blobs.bodies() == {"f.bin": body}
    assert blobs.blocks("f.bin") == []


def test_blocks_with_ids_too_short_to_be_told_apart_are_an_error(make: Make, blobs: Blobs) -> None:
    blobs.stage("f.bin", b"01", b"left")
    uploads = make(root="f.bin")

    fill(uploads, "", content(PART))

    with pytest.raises(StorageError, match=r"f\.bin.*blocks.*ids of 2 bytes"):
        uploads.complete()
    uploads.abort()
    assert blobs.keys() == []


def test_small_write_minds_no_blocks_of_others(make: Make, blobs: Blobs) -> None:
    blobs.stage("f.bin", b"01", b"left")
    uploads = make(root="f.bin")
    fill(uploads, "", b"rows")

    uploads.complete()

    assert blobs.bodies() == {"f.bin": b"rows"}


def test_writer_that_comes_second_is_refused_since_its_blocks_are_gone(
    make: Make, blobs: Blobs
) -> None:
    """The first commit drops all blocks of the others."""
    first, second = make(root="f.bin"), make(root="f.bin", token=OTHER_TOKEN)
    fill(second, "", content(PART + 1, seed=2))
    ended(second)
    body = content(PART + 1, seed=1)
    fill(first, "", body)
    first.complete()

    with pytest.raises(WriteError, match="somebody else has written it meanwhile"):
        second.complete()

    second.abort()
    assert blobs.bodies() == {"f.bin": body}


def test_racing_writers_leave_one_of_their_files_whole(make: Make, blobs: Blobs) -> None:
    bodies = {f"{number:016x}": content(3 * PART + number, number) for number in range(6)}
    stages = {token: make(root="f.bin", token=token) for token in bodies}
    together = threading.Barrier(len(stages))
    refused: dict[str, str] = {}

    def write(token: str) -> None:
        together.wait(20)
        fill(stages[token], "", bodies[token])
        try:
            stages[token].complete()
        except WriteError as raised:
            refused[token] = str(raised)

    threads = [threading.Thread(target=partial(write, token)) for token in stages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    won = set(bodies) - set(refused)
    assert won
    assert all("somebody else has written it meanwhile" in text for text in refused.values())
    assert blobs.bodies()["f.bin"] in {bodies[token] for token in won}


def test_large_blob_of_another_type_is_left(make: Make, blobs: Blobs) -> None:
    blobs.client.upload_blob("f.bin", b"log", blob_type="AppendBlob")
    uploads = make(root="f.bin")
    fill(uploads, "", content(PART + 1))

    with pytest.raises(REFUSED, match="InvalidBlobType"):
        uploads.complete()

    assert blobs.bodies() == {"f.bin": b"log"}


def test_file_that_fails_at_its_commit_keeps_the_others_from_beginning(
    make: Make, proxy: Proxy, blobs: Blobs
) -> None:
    proxy.on(error(403, "AuthorizationFailure"), method="PUT", path="/000.bin")
    uploads = make(root="ds/")
    for number in range(200):
        fill(uploads, f"{number:03}.bin", b"rows")

    with pytest.raises(REFUSED, match="AuthorizationFailure"):
        uploads.complete()

    uploads.abort()
    assert len(blobs.keys()) < 150
